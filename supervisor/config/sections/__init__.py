"""The sections of the settings, each in a file of its own.

A new setting is a new line in one of them: its documentation, its place in config.json,
its environment variable and its error messages follow from the declaration.
"""
