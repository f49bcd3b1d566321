"""OpenAI's names of models and voices, mapped to engines and their voices.

A model is an engine; OpenAI's own names stand for whichever has the voice, first of all the default
one. OpenAI's voices stand for the engine's voice of that name if it has one (Kokoro's `af_alloy`),
and for its default voice otherwise: programs send `alloy` without being asked, and are to speak.
Where a language is asked for that others read better, it stands for one of these. Any other name
must be a voice of the engine, or a mix of its voices; the supervisor checks that.

Names are taken as people write them: in capitals, with the date of a snapshot
(`tts-1-1106`), or as a model is called in a repository (`hexgrad/Kokoro-82M`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import msgspec

from supervisor.gateway.errors import ApiError
from supervisor.wire import languages
from supervisor.wire.client import Welcome
from supervisor.wire.voices import MixError, parse_mix

OPENAI_MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""Names for the default engine, or the one that has the voice."""

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

_SNAPSHOT: Final = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{4})\Z")
"""The date of a model, as OpenAI appends it."""


def engine_of(model: str | None, engines: Iterable[str]) -> str | None:
    """Engine of a model's name; None is the default one. What nobody knows stays as it is."""
    known = set(engines)
    if not model or model in known:
        return model or None
    name = model.rpartition("/")[2].lower()
    if _SNAPSHOT.sub("", name) in OPENAI_MODELS:
        return None
    fits = (engine for engine in known if f"{name}-".startswith(f"{engine.lower()}-"))
    return max(fits, key=len, default=model)


def voice_of(voice: str | None, language: str | None, engine: Mapping[str, Any]) -> str | None:
    """The engine's voice for a name, given its description; None is its default one, or one that
    reads the language.
    """
    known = list(engine.get("voices", ()))
    name = (voice or "").lower()
    spelt = (
        voice if voice in known else next((each for each in known if each.lower() == name), None)
    )
    if name not in OPENAI_VOICES:
        return spelt or voice or None
    meant = spelt or next((each for each in known if each.endswith(f"_{name}")), None)
    if meant is None or language is None:
        return meant
    fits = {name: languages.fitness(language, tags_of(name, engine)) for name in known}
    return meant if fits[meant] == max(fits.values()) else None


def tags_of(voice: str, engine: Mapping[str, Any]) -> list[str]:
    """The languages that an engine's voice reads, its own first."""
    tags: list[str] = engine.get("languages", {}).get(voice) or [engine["voices"][voice]]
    return tags


def engine_with(voice: str, welcome: Welcome) -> str | None:
    """The engine that is meant by a voice; OpenAI's names leave it to the default one."""
    return None if voice.lower() in OPENAI_VOICES else engine_having(voice, welcome)


def engine_having(voice: str, welcome: Welcome) -> str | None:
    """The engine that has this voice, or all voices of this mix, where the default one has not.

    None leaves it to the default one. One that is unavailable says what it lacks.
    """
    wanted = {name.lower() for name in _parts_of(voice)}

    def has(engine: str) -> bool:
        return wanted <= {name.lower() for name in welcome.engines[engine].get("voices", ())}

    default = welcome.default_engine
    order = sorted(
        welcome.engines,
        key=lambda name: (bool(welcome.engines[name].get("unavailable")), name),
    )
    if default in welcome.engines and has(default):
        return None
    return next(filter(has, order), None)


def _parts_of(voice: str) -> list[str]:
    """The voices of a mix; any other name as it is."""
    try:
        return [name for name, _share in parse_mix(voice).shares]
    except MixError:
        return [voice]


class Model(msgspec.Struct, frozen=True):
    """An engine, or one of OpenAI's names for the default one."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    name: str


class ModelList(msgspec.Struct, frozen=True):
    """Answer of `GET /v1/models`."""

    object: Literal["list"]
    data: list[Model]


class AudioModelList(ModelList, frozen=True):
    """Answer of `GET /v1/audio/models`: the same, and once more where Open WebUI looks for it."""

    models: list[Model]


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


def model(name: str) -> Model:
    """A model as OpenAI describes it."""
    return Model(name, "model", 0, "tts-supervisor", name)


def models(engines: Mapping[str, Any], default: str) -> list[Model]:
    """Every engine that is offered, the default one first, and OpenAI's names."""
    others = [name for name in _offered(engines, default) if name != default]
    return [model(name) for name in (default, *others, *OPENAI_MODELS)]


def listed(engines: Mapping[str, Any], default: str) -> list[Voice]:
    """Every voice of every engine that is offered, those of the default engine first."""
    order = sorted(_offered(engines, default), key=lambda name: (name != default, name))
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
        for voice, language in engines[name]["voices"].items()
    ]


def mix(name: str, welcome: Welcome) -> Voice:
    """A mix, or one voice, as what it is listed as. Raises ApiError."""
    try:
        parsed = parse_mix(name)
    except MixError as error:
        raise ApiError(400, str(error), code="bad_value", param="voice") from None
    names = [voice for voice, _share in parsed.shares]
    lacking = {
        engine: [voice for voice in names if voice not in described.get("voices", ())]
        for engine, described in welcome.engines.items()
    }
    default = welcome.default_engine
    engine = min(lacking, key=lambda each: (len(lacking[each]), each != default), default=default)
    described = welcome.engines.get(engine, {})
    if missing := lacking.get(engine, names):
        reason = f"no engine has all of these voices; {engine} lacks {', '.join(missing)}"
        raise ApiError(400, reason, code="unknown_voice", param="voice")
    if len(names) > 1 and not described.get("mixes"):
        raise ApiError(400, f"{engine} cannot mix voices", code="bad_value", param="voice")
    tags = tags_of(parsed.leading, described)
    return Voice(id=name, name=name, language=tags[0], languages=tags, model=engine, default=False)


def _offered(engines: Mapping[str, Any], default: str) -> list[str]:
    """Engines that can be used, without those for tests."""
    return [
        name
        for name, engine in engines.items()
        if not engine.get("unavailable") and (name == default or engine.get("offered", True))
    ]
