"""LitServe: FastAPI in front, N inference processes behind a queue.

`fast_queue` is its documentation's advice for many small requests; batching is off.
"""

from __future__ import annotations

import os
from typing import Any

import litserve
from fastapi import Response

from benchmarks.peers import speech


class Speaker(litserve.LitAPI):
    """One session for each inference process."""

    def setup(self, device: str) -> None:
        """Load the engine; there is no device to choose."""
        del device
        self._speech = speech.Speech()

    def decode_request(self, request: dict[str, Any]) -> str:
        """The text of a request."""
        return str(request["input"])

    def predict(self, x: str) -> bytes:
        """Speak."""
        return self._speech(x)

    def encode_response(self, output: bytes) -> Response:
        """The audio as it is."""
        return Response(content=output, media_type="audio/pcm")


# LitServe reads this annotation to choose how it parses requests, and cannot resolve the string
# that `from __future__ import annotations` makes of it; without one it takes the JSON document.
del Speaker.decode_request.__annotations__["request"]


if __name__ == "__main__":
    server = litserve.LitServer(
        Speaker(api_path=speech.ROUTE),
        accelerator="cpu",
        devices=1,
        workers_per_device=int(os.environ[speech.WORKERS]),
        fast_queue=True,
    )
    server.run(
        host="127.0.0.1",
        port=int(os.environ[speech.PORT]),
        log_level="warning",
        generate_client_file=False,
    )
