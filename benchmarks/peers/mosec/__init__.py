"""The peer mosec."""
