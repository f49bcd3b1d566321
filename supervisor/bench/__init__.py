"""Measuring this host with the pool's own worker processes; `supervisor bench host` shows it."""
