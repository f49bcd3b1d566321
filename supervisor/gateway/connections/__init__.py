"""Connections to the gateway: who has a slot, who makes room, and how one is refused."""
