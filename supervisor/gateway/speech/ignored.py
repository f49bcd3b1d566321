"""What a body asks for that nothing here can do: told, never swallowed; over HTTP in `X-Ignored`.

Fields of OpenAI's and Kokoro-FastAPI's that a client may rely on. Any other field that is not known
is left out without a word: clients send many that concern nobody.
"""

from __future__ import annotations

import functools
from typing import Final

import msgspec

IGNORED: Final = (
    "instructions",
    "normalization_options",
    "return_download_link",
    "download_format",
    "return_timing",
)
"""No engine here could follow `instructions`; docs/HTTP.md says what there is for the rest."""

_NOTHING: Final = frozenset({b"null", b"false", b'""', b"{}", b"[]"})
"""Values that ask for nothing."""


def ignored(body: bytes, names: tuple[str, ...] = IGNORED) -> list[str]:
    """Which of these fields a JSON object that was understood asks for something with."""
    given = msgspec.structs.asdict(msgspec.json.decode(body, type=_fields(names)))
    return [name for name, raw in given.items() if raw is not None and bytes(raw) not in _NOTHING]


def told(body: bytes) -> dict[str, str]:
    """The header for a body that was understood, if there is need of it."""
    asked = ignored(body)
    return {"X-Ignored": ", ".join(asked)} if asked else {}


@functools.cache
def _fields(names: tuple[str, ...]) -> type[msgspec.Struct]:
    return msgspec.defstruct("Fields", [(name, msgspec.Raw, None) for name in names])
