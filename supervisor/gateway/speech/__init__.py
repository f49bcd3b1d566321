"""Speech over HTTP: from OpenAI's request to a job, and its audio back in the wanted format."""
