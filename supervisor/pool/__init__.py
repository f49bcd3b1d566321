"""Worker processes: the template, spawning, affinity, signals, core leases."""
