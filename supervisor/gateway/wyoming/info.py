"""Voices as Home Assistant lists them, and the voice that a request means."""

from __future__ import annotations

from typing import NamedTuple

from wyoming.info import Attribution, Info, TtsProgram, TtsVoice

from supervisor import __version__
from supervisor.gateway.speech.voices import listed
from supervisor.gateway.wyoming.events import VoiceQuery
from supervisor.wire.client import Welcome
from supervisor.wire.voices import MixError, parse_mix

_SOURCE = Attribution("tts-supervisor", "https://pypi.org/project/tts-supervisor/")


class VoiceChoice(NamedTuple):
    """A voice and the engine that has it; None means the default one."""

    name: str | None
    engine: str | None


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
    """The first engine's voice of that name, or else of that language.

    A mix goes to the engine that has its first voice. A name that no engine has is left to
    the supervisor to refuse.
    """
    if wanted is None:
        return VoiceChoice(None, None)
    first = _first_of(wanted.name) if wanted.name is not None else None
    for voice in listed(welcome.engines, welcome.default_engine):
        if wanted.name is None:
            if _same_language(voice.language, wanted.language or ""):
                return VoiceChoice(voice.name, voice.model)
        elif voice.name in {wanted.name, first}:
            return VoiceChoice(wanted.name, voice.model)
    return VoiceChoice(wanted.name, None)


def _first_of(name: str) -> str:
    """The first voice of a mix; any other name as it is."""
    try:
        return parse_mix(name).shares[0][0]
    except MixError:
        return name


def _same_language(one: str, other: str) -> bool:
    """Whether both are variants of one language, such as en-US and en_GB."""
    return one.replace("_", "-").split("-")[0] == other.replace("_", "-").split("-")[0]
