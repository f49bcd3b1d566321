"""The peer Ray Serve."""
