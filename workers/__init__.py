"""Code of the template and worker processes."""
