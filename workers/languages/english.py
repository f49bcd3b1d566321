"""English words inside a text of another script: said as an American says them."""

from __future__ import annotations

from workers.engines.english import reader


def phonemes(text: str) -> str:
    """Phonemes of English words; the reader is loaded on the first call."""
    return reader(british=False).phonemes(text)
