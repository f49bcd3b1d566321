"""The job machine: which request becomes a job, which segment runs next, what a client is sent."""
