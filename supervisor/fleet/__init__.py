"""The agent process: takes durable jobs of the fleet for its host, and speaks live for others."""
