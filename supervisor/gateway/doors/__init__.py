"""Connections to the gateway: who has a place, who makes room, and how one is refused."""
