"""What a deployment asks for: health, readiness, diagnostics, metrics, out of the status."""
