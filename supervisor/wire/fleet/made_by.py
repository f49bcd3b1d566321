"""What a host's speech depends on, as a short name to compare.

Audio that was begun at one host goes on only where it would be the same: parts of one text, and
what is resumed after a loss, go to hosts whose engine has the same name here.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from supervisor.wire.client import Welcome


def made_by(engine: str, about: Any) -> str:  # noqa: ANN401 (as in WELCOME)
    """The name of what an engine speaks, by its description in WELCOME."""
    said = msgspec.json.encode([engine, about], order="sorted")
    return hashlib.blake2b(said, digest_size=8).hexdigest()


def made_at(welcome: Welcome, engine: str | None) -> str | None:
    """The same of a supervisor's engine, by default its default one; None where it has none."""
    name = engine or welcome.default_engine
    about = welcome.engines.get(name)
    return None if about is None else made_by(name, about)
