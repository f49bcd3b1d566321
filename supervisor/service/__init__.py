"""The supervisor process: startup, composition of its parts, changes of settings, drain."""
