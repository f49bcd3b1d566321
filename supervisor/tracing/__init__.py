"""Traces of jobs on their way to an OpenTelemetry collector. What they say is `core.trace`'s."""
