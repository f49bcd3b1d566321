"""Speech options: engine, voice, speed, volume and seed, carried whole from request to engine.

A client sends those it cares for (`PartialSpeech`); `broker.requests` checks them and fills in the
rest, and jobs, workers and engines have a `Speech`. An option with a default that changes nothing
stands in `_Manner`, for both; that puts it on the wire, in the journal, in reports and traces.
"""

from __future__ import annotations

import msgspec


class _Manner(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Options that are independent of the engine.

    `speed` is a factor, 1.0 the voice's own pace. `volume` is one, too, 1.0 as loud as the
    engine speaks; it is applied to the samples that an engine returns.
    """

    speed: float = 1.0
    volume: float = 1.0


class PartialSpeech(_Manner, frozen=True, kw_only=True):
    """Options that a client asks for.

    None means the configured default engine, that engine's default voice, and a seed
    that is drawn.
    """

    engine: str | None = None
    voice: str | None = None
    seed: int | None = None

    def complete(self, *, engine: str, voice: str, seed: int) -> Speech:
        """The same options, complete."""
        manner = {name: getattr(self, name) for name in _Manner.__struct_fields__}
        return Speech(engine=engine, voice=voice, seed=seed, **manner)


class Speech(_Manner, frozen=True, kw_only=True):
    """All options that decide the samples of a text, checked and complete.

    `voice` may be a mix of voices (`wire.voices`); `seed` fixes what the engine draws at random.
    """

    engine: str
    voice: str
    seed: int = 0
