"""The peer LitServe."""
