"""The way a text is to be spoken, listed once and carried whole from a request to the engine.

A client sends as much of it as it cares for (`PartialSpeech`); where its request is checked the
rest is filled in, and jobs, workers and engines have a `Speech`. A field that both have stands in
`_Manner`, with a default that changes nothing: then it is on the wire, in the journal, in reports
and traces. What it has to lie within is for `broker.requests` to check.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

End = Literal["phrase", "clause", "sentence", "item", "heading", "paragraph"]
"""What ends with a segment, from the weakest to the strongest; `phrase` is no end at all: the
sentence was too long for one segment."""

Ends = End | float
"""What ends with a segment; or the seconds of silence after it that the text itself asks for."""

SENTENCE_S: Final = 0.6
"""Silence after a sentence."""
CLAUSE_S: Final = 0.2
"""Silence between two clauses of one sentence, as a comma has it in a sentence spoken at once."""


class _Manner(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What has a value whatever the engine.

    `speed` is a factor, 1.0 the voice's own pace. `volume` is one, too, 1.0 as loud as the
    engine speaks; it is applied to what an engine returns.
    """

    speed: float = 1.0
    volume: float = 1.0


class PartialSpeech(_Manner, frozen=True, kw_only=True):
    """What a client asks for.

    None means the configured default engine, that engine's default voice, and a seed
    that is drawn.
    """

    engine: str | None = None
    voice: str | None = None
    seed: int | None = None

    def complete(self, *, engine: str, voice: str, seed: int) -> Speech:
        """The same with nothing left open."""
        manner = {name: getattr(self, name) for name in _Manner.__struct_fields__}
        return Speech(engine=engine, voice=voice, seed=seed, **manner)


class Speech(_Manner, frozen=True, kw_only=True):
    """Everything that decides what the samples of a text are, checked and complete.

    `voice` may be a mix of voices (`wire.voices`); `seed` fixes what the engine draws at random.
    """

    engine: str
    voice: str
    seed: int = 0


class Pauses(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Silence from the last sound of a segment to the first of the next, in seconds at speed 1."""

    sentence_s: float = SENTENCE_S
    heading_s: float = 0.8
    paragraph_s: float = 1.0

    def after(self, ends: Ends, speed: float) -> float:
        """Seconds of silence after a segment. Those that a text asks for are the same at any
        speed; a list's item pauses like a sentence.
        """
        match ends:
            case float():
                return ends
            case "phrase":
                return 0.0
            case "clause":
                return CLAUSE_S / speed
            case "heading":
                return self.heading_s / speed
            case "paragraph":
                return self.paragraph_s / speed
        return self.sentence_s / speed
