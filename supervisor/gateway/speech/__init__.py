"""Speech over HTTP: from OpenAI's request to a job, and its audio in the wanted format."""
