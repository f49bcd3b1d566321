"""Text to Kokoro's phonemes, in the language of its voice.

English is read by `workers.engines.english`, other languages by `workers.languages`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from workers.engines import english
from workers.engines.base import Reading
from workers.engines.kokoro import voices
from workers.languages import readers
from workers.languages.base import Said, as_written, line
from workers.word_times import Sounds, Stretch, stretches

_SCRIPTS: Final[Mapping[str, re.Pattern[str]]] = {
    "hi": re.compile("[\u0900-\u097f]"),
    "ja": re.compile("[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uff66-\uff9f]"),
    "zh": re.compile("[\u3005-\u3007\u3400-\u9fff]"),
}
"""Languages that are not written in Latin letters: a segment without their own is English."""

_LATIN = re.compile("[A-Za-z]")
_READABLE = re.compile(r"[^\W_]")


def sounds(text: str, voice: str, language: str | None = None, *, words: bool = False) -> Sounds:
    """Phonemes of one segment in a language (a BCP 47 tag) or in the voice's own, with its words
    if they are asked for; empty if nothing in it can be read. Raises ValueError for a language
    whose reader is not installed.
    """
    tag = _language(text, voice, language)
    if _is_english(tag):
        return english.reader(british=tag == "en-GB").sounds(text, words=words)
    said = readers.reader(tag).read(text)
    return Sounds(line(said), _words(said) if words else ())


def _words(said: Sequence[Said]) -> tuple[Stretch, ...]:
    """The words in the line of what is said."""
    heard = [part for part in said if part.phonemes]
    owners: list[int | None] = []
    for index, part in enumerate(heard):
        if index:
            owners.append(None)
        owners += [index] * len(part.phonemes)
    return stretches(owners, [(part.start, part.end) for part in heard])


def read(text: str, voice: str, language: str | None = None) -> Reading:
    """The words and the phonemes of one segment. Raises ValueError as `phonemes` does."""
    tag = _language(text, voice, language)
    if _is_english(tag):
        return english.reader(british=tag == "en-GB").read(text)
    said = readers.reader(tag).read(text)
    return Reading(
        spoken=as_written(said),
        phonemes=line(said),
        skipped=tuple(_skipped(text, said)),
    )


def _language(text: str, voice: str, language: str | None) -> str:
    """The language to read a segment in.

    A voice without a reader of its own language speaks English, but what is written in that
    language's script is asked of it even so, to be refused with the reason.
    """
    tag = language or voices.own_language(voice)
    script = _SCRIPTS.get(tag.partition("-")[0])
    if script is None or script.search(text):
        return tag
    if _LATIN.search(text) or not readers.can_read(tag):
        return voices.ENGLISH
    return tag


def _is_english(tag: str) -> bool:
    return tag.startswith("en") or tag == voices.UNKNOWN


def _skipped(text: str, said: Sequence[Said]) -> Iterator[str]:
    """What no words come from."""
    done = 0
    for part in said:
        yield from filter(_READABLE.search, text[done : part.start].split())
        if not part.phonemes:
            yield text[part.start : part.end]
        done = max(done, part.end)
    yield from filter(_READABLE.search, text[done:].split())
