"""Monitoring, out of the supervisor's status: health, readiness, diagnostics, metrics."""
