"""What of a job for the fleet is certainly wrong, told at once and not by the host that takes it.

The rest is for that host: what it cannot speak ends the job with the same errors.
"""

from __future__ import annotations

from typing import get_args

from supervisor.gateway.errors import ApiError
from supervisor.gateway.speech.asking import Order, SpeechRequest
from supervisor.speech import RequestClass
from supervisor.wire.client import Welcome


def check(wanted: SpeechRequest, order: Order, welcome: Welcome) -> None:
    """Raise ApiError for a text, a class or a voice that no host takes; voices are those of this
    host, where it has the engine.
    """
    if "\0" in wanted.input:
        at = wanted.input.index("\0")
        reason = f"the text has a NUL character at position {at}"
        raise ApiError(400, reason, code="bad_text", param="input")
    asked, known = order.terms.get("request_class"), get_args(RequestClass)
    if asked is not None and asked not in known:
        reason = f"class {asked[:64]!r} is none of {', '.join(known)}"
        raise ApiError(400, reason, code="out_of_range", param="class")
    engine = order.engine or welcome.default_engine
    described = welcome.engines.get(engine, {})
    voices = described.get("voices", {})
    unmixed = order.voice is not None and voices and not described.get("mixes")
    if unmixed and order.voice not in voices:
        reason = f"engine {engine} has no voice {str(order.voice)[:64]!r}"
        raise ApiError(400, reason, code="unknown_voice", param="voice")
