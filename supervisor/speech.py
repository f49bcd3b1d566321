"""The way a text is to be spoken, listed once and carried whole from a request to the engine.

A client sends as much of it as it cares for (`PartialSpeech`); where its request is checked the
rest is filled in, and jobs, workers and engines have a `Speech`. A field that both have stands in
`_Manner`, with a default that changes nothing: then it is on the wire, in the journal, in reports
and traces. What it has to lie within is for `broker.requests` to check.
"""

from __future__ import annotations

import msgspec


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
