"""Kokoro-82M: 54 voices (extra `[kokoro]`).

`weights` and `voices` know where the files are and that they are whole, `stock` and `npm`
fetch voices, `reading` turns text into phonemes, `pacing` says how fast each of them is said,
`engine` speaks. `derived` finds or makes the faster model it speaks with, `derive` holds the
rewrites, `quality` judges them.
"""

from __future__ import annotations

from workers.engines.kokoro.engine import Kokoro

__all__ = ["Kokoro"]
