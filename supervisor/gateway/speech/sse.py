"""Server-sent events, for `stream_format: "sse"`: OpenAI's two, and its error."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from supervisor.captions import documents
from supervisor.client import SupervisorError
from supervisor.gateway.errors import from_supervisor
from supervisor.speech import Word


async def events(
    pieces: AsyncIterator[bytes],
    characters: int,
    new_words: Callable[[], Sequence[Word]] | None = None,
) -> AsyncIterator[bytes]:
    """`speech.audio.delta` for each piece, `speech.audio.done` after the last. With `new_words`
    each has `words`, those that have come by then and were not told yet.

    There are no tokens here: `usage` counts the `characters` of the text as input and pieces
    as output. A failure after the first event is told in an `error` event before it is
    raised.
    """

    def told() -> dict[str, Any]:
        return {} if new_words is None else {"words": documents(new_words())}

    count = 0
    try:
        async for piece in pieces:
            if piece:
                count += 1
                audio = base64.b64encode(piece).decode("ascii")
                yield _event({"type": "speech.audio.delta", "audio": audio, **told()})
    except SupervisorError as error:
        if count:
            yield _event({"type": "error", **from_supervisor(error).document()})
        raise
    usage = {
        "input_tokens": characters,
        "output_tokens": count,
        "total_tokens": characters + count,
    }
    yield _event({"type": "speech.audio.done", "usage": usage, **told()})


def _event(document: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(document)}\n\n".encode()
