"""Measurements of this host with the pool's own worker processes, for `supervisor bench host`."""
