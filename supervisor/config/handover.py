"""Settings handed to a child process, gateway or agent, by the supervisor that starts it."""

from __future__ import annotations

from typing import Any

import msgspec

from supervisor.config import Settings
from supervisor.config.loading import Place

ANSWERS_GRACE_S = 10.0
"""Seconds that a stopping gateway has to finish responses that are still streaming."""


class Handover(msgspec.Struct, frozen=True):
    """The settings and their sources: None where the child may not change them."""

    settings: dict[str, Any]
    place: Place | None = None


def handover(settings: Settings, place: Place | None = None) -> bytes:
    """Encode them for the child's stdin."""
    return msgspec.json.encode(Handover(settings.model_dump(mode="json"), place))


def take_over(given: bytes) -> tuple[Settings, Place | None]:
    """Decode what `handover` made. Raises msgspec.MsgspecError, pydantic.ValidationError."""
    found = msgspec.json.decode(given, type=Handover)
    return Settings.model_validate_json(msgspec.json.encode(found.settings)), found.place
