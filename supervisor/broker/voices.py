"""Which engine, which of its voices, and which of that one's languages a SUBMIT asks for.

What of it is left open is filled in, what nobody has is refused with what comes nearest. The other
options of a request are checked in `requests`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from supervisor.broker.refused import Refused, nearest, shown
from supervisor.speech import PartialSpeech
from supervisor.wire import languages
from supervisor.wire.voices import MixError, is_mix, parse_mix
from supervisor.wire.worker import Catalogue, EngineState, VoiceState

_READERS_NAMED = 3
"""Voices that a refusal names for a language."""
_LANGUAGES_NAMED = 16
"""Languages that one for a language of nobody's names; some engines have a hundred."""
_NONE = "und"
"""The tag of a voice that has no language."""


class Choice(NamedTuple):
    """An engine; a voice of it, or a mix; the voice that decides how text is read, which is that
    voice or the mix's largest part; and the language to read in, None for that voice's own.
    """

    engine: EngineState
    voice: str
    leading: VoiceState
    language: str | None

    @property
    def read_in(self) -> str:
        """The tag of the language that the text is read in."""
        return self.leading.language if self.language is None else self.language


def choose(asked: PartialSpeech, default_engine: str, catalogue: Catalogue) -> Choice:
    """What speaks a request. Raises Refused.

    A language without a voice takes the engine's voice that reads it best, its default one first.
    Where no engine is named either, and the default one does not read it, another one does.
    """
    _check_tag(asked.language)
    engine = _engine(asked.engine or default_engine, catalogue)
    if asked.language is not None and not asked.voice:
        others = catalogue.engines if not asked.engine else ()
        for each in (engine, *others):
            found = None if each.unavailable else _reader(asked.language, each)
            if found is not None:
                return Choice(each, found.name, found, language_for(asked.language, found))
        raise _unread(asked.language, f"engine {engine.name}", engine.voices, engine, catalogue)
    voice, leading = find_voice(asked.voice or engine.default_voice, engine)
    language = language_for(asked.language, leading)
    if asked.language is not None and _meant(asked.language, leading) is None:
        who = f"voice {leading.name}"
        who = who if voice == leading.name else f"{who}, the largest part of the mix,"
        raise _unread(asked.language, who, (leading,), engine, catalogue)
    return Choice(engine, voice, leading, language)


def find_voice(name: str, engine: EngineState) -> tuple[str, VoiceState]:
    """The name to speak with, and its voice; that of a mix is its largest part. Raises Refused."""
    for voice in engine.voices:
        if voice.name == name:
            return name, voice
    voices = {voice.name: voice for voice in engine.voices}
    if is_mix(name) and engine.mixes:
        return _mixed(name, engine, voices)
    hint = nearest(name, list(voices))
    if is_mix(name):
        hint = ", and it cannot mix voices"
    raise _no_voice(name, engine, hint)


def language_for(asked: str | None, voice: VoiceState) -> str | None:
    """What a voice is to read in, None for its own language: also where it reads none like it."""
    tag = None if asked is None else _meant(asked, voice)
    return None if tag == voice.language else tag


def of_one_rate(voices: list[VoiceState]) -> None:
    """Raises Refused for voices that cannot speak in one job."""
    first, *others = voices
    for voice in others:
        if voice.sample_rate != first.sample_rate:
            message = (
                f"{shown(first.name)} speaks at {first.sample_rate} Hz and {shown(voice.name)} "
                f"at {voice.sample_rate} Hz: take voices of one sample rate"
            )
            raise Refused("out_of_range", message, field="voice")


def _engine(name: str, catalogue: Catalogue) -> EngineState:
    for engine in catalogue.engines:
        if engine.name != name:
            continue
        if engine.unavailable is not None:
            raise Refused("engine_unavailable", engine.unavailable, field="engine")
        return engine
    offered = [each.name for each in catalogue.engines if each.offered]
    known = offered or [each.name for each in catalogue.engines]
    message = f"no engine {shown(name)}{nearest(name, known)}"
    raise Refused("unknown_engine", message, field="engine")


def _no_voice(name: str, engine: EngineState, hint: str) -> Refused:
    message = f"engine {engine.name} has no voice {shown(name)}{hint}"
    return Refused("unknown_voice", message, field="voice")


def _mixed(name: str, engine: EngineState, voices: dict[str, VoiceState]) -> tuple[str, VoiceState]:
    """Check each part of a mix; a mix of one voice becomes that voice."""
    try:
        mix = parse_mix(name)
    except MixError as error:
        raise Refused("out_of_range", f"voice: {error}", field="voice") from None
    for voice, _share in mix.shares:
        if voice not in voices:
            raise _no_voice(voice, engine, nearest(voice, list(voices)))
    of_one_rate([voices[voice] for voice, _share in mix.shares])
    return mix.leading if len(mix.shares) == 1 else name, voices[mix.leading]


# -- languages ------------------------------------------------------------------------------------


def _check_tag(asked: str | None) -> None:
    if asked is not None and not languages.is_tag(asked):
        message = f"language {shown(asked)} is no language tag: write one such as en or pt-BR"
        raise Refused("out_of_range", message, field="language")


def _tags(voice: VoiceState) -> tuple[str, ...]:
    return voice.languages or (voice.language,)


def _meant(asked: str, voice: VoiceState) -> str | None:
    return languages.meant(asked, _tags(voice))


def _reader(asked: str, engine: EngineState) -> VoiceState | None:
    """The voice that reads a language best: the default one, or the first, of equals."""
    best = max(
        engine.voices,
        key=lambda v: (languages.fitness(asked, _tags(v)), v.name == engine.default_voice),
        default=None,
    )
    return None if best is None or _meant(asked, best) is None else best


def _unread(
    asked: str, who: str, voices: tuple[VoiceState, ...], engine: EngineState, catalogue: Catalogue
) -> Refused:
    """The refusal of a language that these voices do not read: who does, or what comes nearest."""
    own = ", ".join(_each(voices))
    readers = list(_readers(asked, engine, catalogue))
    if readers:
        hint = f"; {asked} is read by {', '.join(readers[:_READERS_NAMED])}"
    elif further := _further(asked, catalogue):
        hint = f"; no voice here reads {asked}; {further}"
    else:
        here = [
            voice for each in catalogue.engines if not each.unavailable for voice in each.voices
        ]
        there = sorted({*_each(here)} - {_NONE})
        near = difflib.get_close_matches(asked, there, _LANGUAGES_NAMED, cutoff=0.0)
        hint = f"; no voice reads {asked}; nearest: {', '.join(near)}"
    return Refused("unknown_language", f"{who} reads {own}{hint}", field="language")


def _further(asked: str, catalogue: Catalogue) -> str:
    """Which engine would read a language, and what to do for it; empty if none would."""
    for engine in catalogue.engines:
        tag = languages.meant(asked, tuple(engine.further_languages))
        if tag is not None:
            steps = engine.further_languages[tag]
            return f"for {engine.name} to read it: {steps}, then restart the supervisor"
    return ""


def _each(voices: Iterable[VoiceState]) -> list[str]:
    """The languages of voices, each once."""
    return list(dict.fromkeys(tag for voice in voices for tag in _tags(voice)))


def _readers(asked: str, engine: EngineState, catalogue: Catalogue) -> Iterator[str]:
    """The voices that read a language, best first, those of this engine before all others."""
    for each in (engine, *(other for other in catalogue.engines if other.name != engine.name)):
        found = [voice for voice in each.voices if _meant(asked, voice) is not None]
        if each.unavailable is None:
            where = "" if each.name == engine.name else f" of {each.name}"
            found.sort(key=lambda v: languages.fitness(asked, _tags(v)), reverse=True)
            yield from (f"{voice.name}{where}" for voice in found)
