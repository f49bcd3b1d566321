"""FastAPI under uvicorn with N worker processes, uvloop and httptools.

The endpoint is a plain function, as FastAPI's documentation has it for work that blocks:
it runs on a thread, so the event loop goes on accepting.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Response

from benchmarks.peers import speech

app = FastAPI()
speak = speech.Speech()


@app.post(speech.ROUTE)
def answer(request: dict[str, Any]) -> Response:
    """Speak the whole text, then answer."""
    return Response(speak(request["input"]), media_type="audio/pcm")
