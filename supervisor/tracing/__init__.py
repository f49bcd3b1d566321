"""Export of job traces to an OpenTelemetry collector; `core.jobs.spans` makes the spans."""
