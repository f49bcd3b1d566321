"""Voices as Home Assistant lists them, and the voice that a request means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from wyoming.info import Attribution, Info, TtsProgram, TtsVoice

from supervisor import __version__
from supervisor.gateway.speech.voices import Voice, engine_having, listed
from supervisor.gateway.wyoming.events import VoiceQuery
from supervisor.wire import languages
from supervisor.wire.client import Welcome

USUAL_RATE = 24_000
"""Hz, for audio that is begun and ended where nobody says which voices there are."""

_SOURCE = Attribution("tts-supervisor", "https://pypi.org/project/tts-supervisor/")


class VoiceChoice(NamedTuple):
    """A voice, the engine that has it, and the language to read in; None means the default one."""

    name: str | None
    engine: str | None
    language: str | None = None


def info(welcome: Welcome) -> Info:
    """Every voice of every usable engine, the default engine's first."""
    voices = [
        TtsVoice(
            name=voice.name,
            attribution=_SOURCE,
            installed=True,
            description=f"{voice.name} ({voice.model})",
            version=None,
            languages=[voice.language],
        )
        for voice in listed(welcome.engines, welcome.default_engine)
    ]
    program = TtsProgram(
        name="tts-supervisor",
        attribution=_SOURCE,
        installed=True,
        description="A pool of speech workers",
        version=__version__,
        voices=voices,
        supports_synthesize_streaming=True,
    )
    return Info(tts=[program])


def find_voice(welcome: Welcome, wanted: VoiceQuery | None) -> VoiceChoice:
    """The voice of that name, of the engine that has it or all of a mix, or else the one of any
    that reads that language best: of equals an engine's default one, of the default engine.

    A name that no engine has is left to the supervisor to refuse, and so is a language that the
    voice, or nobody, reads.
    """
    language = (wanted.language or None) if wanted is not None else None
    name = (wanted.name or None) if wanted is not None else None
    if name is not None:
        return VoiceChoice(name, engine_having(name, welcome), language)
    if language is None:
        return VoiceChoice(None, None)

    def suits(voice: Voice) -> tuple[tuple[int, bool], bool, bool]:
        default = voice.model == welcome.default_engine
        return languages.fitness(language, voice.languages), default, voice.default

    voices = listed(welcome.engines, welcome.default_engine)
    best = max(voices, key=suits, default=None)
    if best is None or languages.meant(language, best.languages) is None:
        return VoiceChoice(None, None, language)
    return VoiceChoice(best.name, best.model, language)


def sample_rate(welcome: Welcome, voice: VoiceChoice) -> int:
    """Samples a second of that voice's audio; the default engine's where nobody has it."""
    engine = welcome.engines.get(voice.engine or welcome.default_engine)
    if engine is None:
        return USUAL_RATE
    own: Mapping[str, int] = engine.get("sample_rates", {})
    rate: int = engine["sample_rate"]
    return own.get(voice.name or engine["default_voice"], rate)
