"""Connections to the gateway: their slots, how they are refused, and the client behind each."""
