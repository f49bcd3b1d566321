"""The supervisor process: it starts, composes, applies settings, and stops."""
