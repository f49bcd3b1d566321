"""What a body asks for that nothing here can do: told in the header `X-Ignored`, never swallowed.

Fields of OpenAI's and Kokoro-FastAPI's that a client may rely on. Any other field that is not known
is left out without a word: clients send many that concern nobody.
"""

from __future__ import annotations

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

_Fields = msgspec.defstruct("Fields", [(name, msgspec.Raw, None) for name in IGNORED])
_NOTHING: Final = frozenset({b"null", b"false", b'""', b"{}", b"[]"})
"""Values that ask for nothing."""


def told(body: bytes) -> dict[str, str]:
    """The header for a body that was understood, if there is need of it."""
    given = msgspec.structs.asdict(msgspec.json.decode(body, type=_Fields))
    asked = [name for name, raw in given.items() if raw is not None and bytes(raw) not in _NOTHING]
    return {"X-Ignored": ", ".join(asked)} if asked else {}
