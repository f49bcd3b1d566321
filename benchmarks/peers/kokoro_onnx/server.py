"""kokoro-onnx: one session with its default options, all cores, behind FastAPI and one uvicorn.

The phonemes come from this product's reader, so that every arm speaks the same; trimming
and added pauses are off for the same reason. Its session takes concurrent calls, which come
from FastAPI's threads.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response
from kokoro_onnx import Kokoro

from benchmarks.peers import speech
from workers.engines import kokoro
from workers.engines.kokoro import voices
from workers.engines.kokoro.reading import sounds

app = FastAPI()


def _open() -> tuple[Kokoro, str]:
    """The package's object over our weights and voices, and the name of the default voice."""
    engine = kokoro.Kokoro(speech.AS_PUBLISHED["kokoro"])
    voice = engine.describe().default_voice
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "voices.npz"
        path.write_bytes(voices.packed({voice: voices.style(engine.collections()[voice], voice)}))
        return Kokoro(os.fspath(engine.source()), os.fspath(path)), voice


model, name = _open()
speech.announce()


@app.post(speech.ROUTE)
def answer(request: dict[str, Any]) -> Response:
    """Speak the whole text, then answer."""
    spoken = sounds(request["input"], name).symbols
    samples, _rate = model.create(
        spoken, name, is_phonemes=True, trim=False, sentence_pause=0.0, clause_pause=0.0
    )
    return Response(speech.pcm16(samples), media_type="audio/pcm")
