"""Languages as clients ask for them, by BCP 47 tags, and which of a voice's languages one means.

A tag means the language that has the most of its leading subtags: `en-GB` British English, or else
whatever English there is; `pt` also Brazilian Portuguese. Of several the first, so a voice's own,
which comes first. The broker finds voices so, and the gateway for its clients.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, Final, NamedTuple

MAX_CHARS: Final = 35
"""Longest tag; RFC 5646 recommends room for so many characters."""

KOKORO_LETTERS: Final[Mapping[str, str]] = {
    "a": "en-US",
    "b": "en-GB",
    "e": "es",
    "f": "fr-FR",
    "h": "hi",
    "i": "it",
    "j": "ja",
    "p": "pt-BR",
    "z": "zh",
}
"""Letters that Kokoro's voices begin with, and that programs written for it send in place of a tag.
"""

_ANY: Final = "und"
"""The tag of a voice that has no language."""
_TAG: Final = re.compile(r"[a-z]{2,8}(?:[-_][a-z0-9]{1,8})*", re.IGNORECASE | re.ASCII)


def is_tag(text: str) -> bool:
    """Whether this has the form of a tag: `en`, `en-GB`, `en_us`, whoever may read it."""
    return len(text) <= MAX_CHARS and _TAG.fullmatch(text) is not None


def meant(asked: str, languages: Sequence[str]) -> str | None:
    """That of a voice's languages, its own first, which this tag means; None if it reads none."""
    best = max(languages, key=lambda tag: _common(asked, tag), default=None)
    return best if best is not None and _common(asked, best) else None


def fitness(asked: str, languages: Sequence[str]) -> tuple[int, bool]:
    """How well a voice of these languages reads what this tag asks for, to be compared: how many
    subtags it has in common, and whether it is the voice's own language. (0, False): not at all.
    """
    tag = meant(asked, languages)
    return (0, False) if tag is None else (_common(asked, tag), tag == languages[0])


def is_read(asked: str, engines: Mapping[str, Any]) -> bool:
    """Whether a voice of these engines, as WELCOME describes them, reads what this tag asks for."""
    return any(
        meant(asked, _tags(voice, engine)) is not None
        for engine in engines.values()
        if not engine.get("unavailable")
        for voice in engine.get("voices", {})
    )


class Reader(NamedTuple):
    """What to ask for so that a document is read in its language: `fits`, unless nobody reads it.
    None leaves it to the supervisor.
    """

    engine: str | None
    language: str | None
    fits: bool = True


def reader_of(
    tag: str | None, engine: str | None, default: str, engines: Mapping[str, Any]
) -> Reader:
    """Who is to read a document in this language where no voice is asked for, and perhaps this
    engine: its default voice, else another voice of it, else one of the other engines.
    """
    name = engine or default
    described = engines.get(name, {})
    tags = _tags(described.get("default_voice", ""), described)
    if tag is None or _ANY in tags or meant(tag, tags) is not None:
        return Reader(name, None)
    if is_read(tag, {name: described}):
        return Reader(name, tag)
    if engine is None and is_read(tag, engines):
        return Reader(None, tag)
    return Reader(name, None, fits=False)


def _tags(voice: str, engine: Mapping[str, Any]) -> list[str]:
    """The languages that an engine's voice reads, its own first."""
    tags: list[str] = engine.get("languages", {}).get(voice) or []
    return tags or [tag for name, tag in engine.get("voices", {}).items() if name == voice]


def _common(one: str, other: str) -> int:
    """How many subtags both tags begin with."""
    pairs = zip(_subtags(one), _subtags(other), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _subtags(tag: str) -> list[str]:
    return tag.lower().replace("_", "-").split("-")
