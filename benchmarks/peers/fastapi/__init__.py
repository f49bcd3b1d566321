"""The peer FastAPI under uvicorn."""
