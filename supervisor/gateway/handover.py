"""What the supervisor hands to its gateway on stdin, and what both count on."""

from __future__ import annotations

from typing import Any

import msgspec

from supervisor.config import Settings
from supervisor.config.loading import Place

ANSWERS_GRACE_S = 10.0
"""How long a gateway that is told to end goes on with the answers that are being sent."""


class Handover(msgspec.Struct, frozen=True):
    """The settings, and where they are from: None where the gateway may not change them."""

    settings: dict[str, Any]
    place: Place | None = None


def handover(settings: Settings, place: Place | None = None) -> bytes:
    """For the gateway's stdin."""
    return msgspec.json.encode(Handover(settings.model_dump(mode="json"), place))


def take_over(given: bytes) -> tuple[Settings, Place | None]:
    """What `handover` put in. Raises msgspec.MsgspecError, pydantic.ValidationError."""
    found = msgspec.json.decode(given, type=Handover)
    return Settings.model_validate_json(msgspec.json.encode(found.settings)), found.place
