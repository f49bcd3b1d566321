"""What a terminal or a pipe cannot show is written in characters that it can: ASCII at worst."""

from __future__ import annotations

import codecs
import sys
from typing import Final

_HANDLER: Final = "supervisor.plain"
_PLAIN: Final = str.maketrans(
    {
        "–": "-", "—": "-", "→": "->", "←": "<-", "…": "...", "·": "-", "×": "x", "÷": "/",
        "≤": "<=", "≥": ">=", "±": "+-", "µ": "u", "°": " deg ", "“": '"', "”": '"', "’": "'",
        "■": "#", "□": ".", "┤": "|", "╌": "-", "─": "-", "━": "-", "│": "|",
        **dict.fromkeys("▁▂▃▄▅▆▇█▌▐", "#"),
    }
)  # fmt: skip


def write_what_it_can() -> None:
    """Have standard output and error replace what their encoding lacks instead of failing."""
    codecs.register_error(_HANDLER, _replaced)
    for stream in (sys.stdout, sys.stderr):
        # A test or an embedding program may have put something else there.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=_HANDLER)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end].translate(_PLAIN)
    return "".join(each if each.isascii() else "?" for each in lacking), error.end
