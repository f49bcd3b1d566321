"""Cases to judge a model by: every voice with each of its held-out texts at every speed, and
one voice of each language with the longest that fits into a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workers.engines.kokoro import texts, voices
from workers.engines.kokoro.quality import Case

SPEEDS = (0.8, 1.0, 1.3)


def cases(names: Sequence[str], vocabulary: Mapping[str, int]) -> dict[str, list[Case]]:
    """Each voice's cases. Raises KeyError for a text that is not in the alphabet."""
    found: dict[str, list[Case]] = {}
    long_done: set[str] = set()
    for voice in names:
        language = voice[0] if voice[0] in texts.HELD_OUT else "a"
        own = texts.HELD_OUT[language]
        said = [(text, speed) for text in own for speed in SPEEDS]
        if language not in long_done:
            long_done.add(language)
            said.append((texts.longest(own, voices.ROWS), 1.0))
        found[voice] = [Case(voice, speed, texts.tokens(text, vocabulary)) for text, speed in said]
    return found


def sample(names: Sequence[str], size: int | None) -> list[str]:
    """So many of the voices, spread evenly over all of them; all without a size."""
    if size is None or size >= len(names):
        return list(names)
    return [names[index * len(names) // size] for index in range(size)]
