"""Names that follow from what they name: keys of chapters, and files of chapters."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final

_FORBIDDEN: Final = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_NAME_BYTES: Final = 120
_DIGEST_BYTES: Final = 12


def digest(*parts: object) -> str:
    """A name for these values, the same whenever they are: 24 hexadecimal digits."""
    told = "\0".join(map(repr, parts))
    return hashlib.blake2b(told.encode(), digest_size=_DIGEST_BYTES).hexdigest()


def file_names(titles: Sequence[str], suffix: str) -> list[str]:
    """File names for chapters, in order and safe on every system: `03 The Pool.mp3`."""
    width = max(2, len(str(len(titles))))
    return [
        f"{number:0{width}} {_safe(title)}".rstrip() + suffix
        for number, title in enumerate(titles, 1)
    ]


def _safe(title: str) -> str:
    cleaned = " ".join(_FORBIDDEN.sub(" ", title).split())
    short = cleaned.encode()[:_NAME_BYTES].decode(errors="ignore")
    return short.strip(" .")
