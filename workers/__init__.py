"""What runs inside the template and worker processes."""
