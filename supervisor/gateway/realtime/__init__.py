"""`GET /v1/realtime`: the part of OpenAI's Realtime API that speaks."""
