"""OpenAI's names of models and voices, mapped to engines and their voices.

A model is an engine; OpenAI's own names stand for the default one. OpenAI's voices stand for the
engine's voice of that name if it has one (Kokoro's `af_alloy`), and for its default voice
otherwise: programs send `alloy` without being asked, and are to speak. Where a language is asked
for that others read better, it stands for one of these. Any other name must be a voice of
the engine, or a mix of its voices; the supervisor checks that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from supervisor.wire import languages

OPENAI_MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""Names for the default engine."""

OPENAI_VOICES = (
    "alloy",
    "ash",
    "ballad",
    "cedar",
    "coral",
    "echo",
    "fable",
    "marin",
    "nova",
    "onyx",
    "sage",
    "shimmer",
    "verse",
)


KOKORO_LANGUAGES: Final[Mapping[str, str]] = {
    "a": "en-US",
    "b": "en-GB",
    "e": "es",
    "f": "fr-FR",
    "h": "hi",
    "i": "it",
    "j": "ja",
    "p": "pt-BR",
    "z": "zh",
}
"""Letters of languages as programs that were written for Kokoro send them."""


def engine_of(model: str | None) -> str | None:
    """Engine of a model's name; None is the default one."""
    return None if model is None or model in OPENAI_MODELS else model


def voice_of(voice: str | None, language: str | None, engine: Mapping[str, Any]) -> str | None:
    """The engine's voice for a name, given its description; None is its default one, or one that
    reads the language.
    """
    if voice not in OPENAI_VOICES:
        return voice
    known = list(engine.get("voices", ()))
    meant = next((name for name in known if name.endswith(f"_{voice}")), None)
    meant = voice if voice in known else meant
    if meant is None or language is None:
        return meant
    fits = {name: languages.fitness(language, tags_of(name, engine)) for name in known}
    return meant if fits[meant] == max(fits.values()) else None


def tags_of(voice: str, engine: Mapping[str, Any]) -> list[str]:
    """The languages that an engine's voice reads, its own first."""
    tags: list[str] = engine.get("languages", {}).get(voice) or [engine["voices"][voice]]
    return tags


class Model(msgspec.Struct, frozen=True):
    """An engine, or one of OpenAI's names for the default one."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(msgspec.Struct, frozen=True):
    """Answer of `GET /v1/models`."""

    object: Literal["list"]
    data: list[Model]


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """A voice; `model` is its engine, and `default` whether it is the engine's default voice.
    `languages` are all that it reads, `language`, its own, first.
    """

    id: str
    name: str
    language: str
    languages: list[str]
    model: str
    default: bool


class VoiceList(msgspec.Struct, frozen=True):
    """Answer of `GET /v1/audio/voices`; the default engine's voices come first."""

    voices: list[Voice]


def models(engines: Mapping[str, Any], default: str) -> ModelList:
    """Every usable engine and OpenAI's names."""
    usable = [name for name, engine in engines.items() if not engine.get("unavailable")]
    names = [default, *(name for name in usable if name != default), *OPENAI_MODELS]
    return ModelList("list", [Model(name, "model", 0, "tts-supervisor") for name in names])


def listed(engines: Mapping[str, Any], default: str) -> list[Voice]:
    """Every voice of every usable engine, those of the default engine first."""
    order = sorted(engines, key=lambda name: (name != default, name))
    return [
        Voice(
            id=voice,
            name=voice,
            language=language,
            languages=tags_of(voice, engines[name]),
            model=name,
            default=voice == engines[name]["default_voice"],
        )
        for name in order
        if not engines[name].get("unavailable")
        for voice, language in engines[name]["voices"].items()
    ]
