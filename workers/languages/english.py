"""English words inside a text of another script: said as an American says them."""

from __future__ import annotations

import functools

from workers.engines.english import reader


@functools.lru_cache(1024)
def phonemes(text: str) -> str:
    """Phonemes of English words; the reader is loaded on the first call. A lone A is a letter."""
    if text == "A":
        return "ˈA"
    return reader(british=False).phonemes(text)
