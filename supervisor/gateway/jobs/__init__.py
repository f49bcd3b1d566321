"""`/v1/audio/jobs`: durable jobs over HTTP, which outlive their client and the supervisor."""
