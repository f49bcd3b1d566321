"""Durable jobs on disk: the table of jobs, the audio beside it, and the thread that writes both."""
