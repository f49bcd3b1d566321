"""Server-sent events, for `stream_format: "sse"`: OpenAI's two, and its error."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

from supervisor.client import SupervisorError
from supervisor.gateway.errors import from_supervisor


async def events(pieces: AsyncIterator[bytes], characters: int) -> AsyncIterator[bytes]:
    """`speech.audio.delta` for each piece, `speech.audio.done` after the last.

    There are no tokens here: `usage` counts the `characters` of the text as input and pieces
    as output. A failure after the first event is told in an `error` event before it is
    raised.
    """
    count = 0
    try:
        async for piece in pieces:
            if piece:
                count += 1
                audio = base64.b64encode(piece).decode("ascii")
                yield _event({"type": "speech.audio.delta", "audio": audio})
    except SupervisorError as error:
        if count:
            yield _event({"type": "error", **from_supervisor(error).document()})
        raise
    usage = {
        "input_tokens": characters,
        "output_tokens": count,
        "total_tokens": characters + count,
    }
    yield _event({"type": "speech.audio.done", "usage": usage})


def _event(document: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(document)}\n\n".encode()
