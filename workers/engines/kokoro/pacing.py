"""How fast each symbol of a run is said.

Below speed 1 the silence around a sentence grows longer than any the model has learned, and it
fills that with a vowel: "a seven ships sailed", "here is the cat too". From 0.9 on it can be heard.
So what borders on a silence is never slower than at speed 1: the pad at either end, marks and
quotes before the first phoneme, the last phoneme (most of the silence behind is its own), and
spaces and quotes that lead from a pause to the next phoneme. The marks themselves, which are the
pauses inside, are as slow as the rest.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_LEARNED: Final = 1.0
"""The speed of the speech that the model has learned from."""

_MARKS: Final = frozenset(";:,.!?—…")
_SILENT: Final = _MARKS | frozenset(' "()“”')
"""The symbols of the vocabulary that are no part of a word."""


def speeds(spoken: str, speed: float) -> NDArray[np.float32]:
    """The speed of every symbol and of the pads around them, shape [symbols + 2]."""
    edge = max(speed, _LEARNED)
    of_symbols: list[float] = []
    last, after_pause = None, True
    for index, symbol in enumerate(spoken):
        if symbol not in _SILENT:
            last, after_pause = index, False
        is_pause = last is not None and symbol in _MARKS
        after_pause = after_pause or is_pause
        of_symbols.append(edge if after_pause and not is_pause else speed)
    if last is not None:
        of_symbols[last] = edge
    return np.asarray([edge, *of_symbols, edge], np.float32)
