"""The engines of one process and their sessions.

The template fills one and forks, so that workers start with engines loaded and
single-threaded sessions built. A worker replaces its sessions when its share of
cores changes: the new ones are built and warmed while the old ones still speak.

The single-threaded session of an engine is never dropped. A forked worker shares its memory with
the template, so keeping it is free and going back to it takes no time; and it speaks what has to be
the same to the sample, because sums are rounded differently when more threads share them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from msgspec.structs import replace

from supervisor.speech import Speech
from supervisor.wire.voices import is_mix, parse_mix
from supervisor.wire.worker import MAX_PACKET_BYTES, Catalogue, EngineState, VoiceState, encode
from workers import fingerprint
from workers.engines import registry
from workers.engines.base import Engine, EngineInfo, Session, opened

_WARM_UP_TEXT = "One."

_VOICES_REMEMBERED = 3
"""Of an engine: those that a wider session is opened for, so that none is made ready while
somebody waits. A voice may be a model of 60 MB."""

_FINGERPRINTS_REMEMBERED = 1_000


class EngineSet:
    """Engines by name, loaded on first use or ahead of it.

    `session_generation` counts the replacements of the sessions in this process.
    `session_build_s` is the time of the last replacement that built a session, or of the first
    loading; going back to kept sessions does not change it.
    """

    def __init__(self, settings: registry.Settings) -> None:
        self.threads = 1
        self.session_generation = 0
        self.session_build_s = 0.0
        self._settings = settings
        self._engines: dict[str, Engine] = {}
        self._infos: dict[str, EngineInfo] = {}
        self._sessions: dict[tuple[str, int], Session] = {}
        """By engine and number of threads."""
        self._rates: dict[str, dict[str, int]] = {}
        """By engine and voice, in Hz."""
        self._recent: dict[str, dict[str, None]] = {}
        """By engine: voices that were spoken with, the last one last."""
        self._fingerprints: dict[tuple[str, str], str] = {}
        """By engine, and by what its session tells of itself and a voice."""
        self._failed: dict[str, str] = {}
        self._building = threading.Lock()

    def load(self, names: Iterable[str]) -> None:
        """Load these engines and build their sessions; `catalogue` reports those that fail."""
        started = time.perf_counter()
        for name in names:
            try:
                self.session(name)
            except Exception as error:  # noqa: BLE001 (engines are anybody's code)
                self._failed[name] = " ".join(f"engine {name}: {error}".split())
        self.session_build_s = time.perf_counter() - started

    def session(self, name: str, voice: str = "", *, reproducible: bool = False) -> Session:
        """The session of an engine, loaded now if it was not. Raises what the engine raises.

        `voice` is the one to speak with, or a mix. With `reproducible` the session has one thread,
        whatever the others have.
        """
        threads = 1 if reproducible else self.threads
        if voice:
            self._remember(name, voice)
        session = self._sessions.get((name, threads))
        if session is not None:
            return session
        with self._building:
            return self._open(name, threads)

    def fingerprint(self, name: str, voice: str, session: Session) -> str:
        """That of all that speaks this voice with a session of this engine; empty if unknown."""
        own = fingerprint.own_part(session, voice)
        found = self._fingerprints.get((name, own))
        if found is None:
            if len(self._fingerprints) >= _FINGERPRINTS_REMEMBERED:
                self._fingerprints.clear()  # Clients may mix voices without end.
            found = fingerprint.fingerprint(own, name, self._settings.get(name, {}))
            self._fingerprints[name, own] = found
        return found

    def is_single(self, name: str, session: Session) -> bool:
        """Whether this session of an engine has one thread."""
        return session is self._sessions.get((name, 1))

    def info(self, name: str) -> EngineInfo:
        """What an engine says of itself, as it was when it was loaded. Raises KeyError before."""
        return self._infos[name]

    def sample_rate(self, name: str, voice: str) -> int:
        """Of a voice or a mix of a loaded engine, in Hz. Raises KeyError as `info` does."""
        rates = self._rates[name]
        found = rates.get(voice)
        if found is None and is_mix(voice):
            found = rates.get(next(iter(_parts(voice))))
        return self._infos[name].sample_rate if found is None else found

    def rebuild(self, threads: int, *, warm: bool) -> None:
        """Replace every session by one with `threads` threads; on an error all stay as they were.

        A running segment may go on with an old session, which is dropped with its last user. To
        `warm` the new ones pays only where the old ones speak meanwhile.
        """
        with self._building:
            started = time.perf_counter()
            before = dict(self._sessions)
            try:
                for name in self._engines:
                    session = self._open(name, threads)
                    if warm:
                        self._warm(name, session)
            except BaseException:
                self._sessions = before
                raise
            self._sessions = {
                key: session for key, session in self._sessions.items() if key[1] in (1, threads)
            }
            self.threads = threads
            self.session_generation += 1
            if self._sessions.keys() - before.keys():
                self.session_build_s = time.perf_counter() - started

    def _open(self, name: str, threads: int) -> Session:
        """The session with that many threads, built now if there is none."""
        engine = self._engines.get(name)
        if engine is None:
            engine = registry.make(name, self._settings)
            engine.load()
            info = engine.describe()
            self._rates[name] = {
                voice.name: voice.sample_rate or info.sample_rate for voice in info.voices
            }
            self._engines[name], self._infos[name] = engine, info
            fingerprint.surroundings()  # Now, and not with the first text.
        session = self._sessions.get((name, threads))
        if session is None:
            recent = tuple(self._recent.get(name, ())) or (self._infos[name].default_voice,)
            session = self._sessions[name, threads] = opened(engine, threads, recent)
        return session

    def _remember(self, name: str, voice: str) -> None:
        """Have the voices, those of a mix each, made ready in sessions to come."""
        recent = dict(self._recent.get(name, {}))
        known = self._rates.get(name, {})
        for part in [voice] if voice in known or not is_mix(voice) else _parts(voice):
            recent.pop(part, None)
            recent[part] = None
        while len(recent) > _VOICES_REMEMBERED:
            del recent[next(iter(recent))]
        self._recent[name] = recent  # A new one: another thread may be reading the old.

    def _warm(self, name: str, session: Session) -> None:
        """Speak once, so that the first segment does not pay for the set-up at first use."""
        voice = next(reversed(self._recent.get(name, {})), self._infos[name].default_voice)
        session.synthesize(_WARM_UP_TEXT, Speech(engine=name, voice=voice))

    def catalogue(self) -> Catalogue:
        """Describe every installed engine, with the reason for those that cannot speak."""
        infos = registry.catalogue(self._settings).values()
        return _fitting([_state(info, self._failed.get(info.name)) for info in infos])


def _parts(mix: str) -> list[str]:
    """The voices of a mix, the leading one first; of a name that is none, itself."""
    try:
        shares = parse_mix(mix).shares
    except ValueError:
        return [mix]
    return [name for name, _share in sorted(shares, key=lambda part: -part[1])]


def _fitting(states: list[EngineState]) -> Catalogue:
    """The catalogue, in one packet: an engine with voices beyond number takes no other one down."""
    while len(encode(Catalogue(tuple(states)))) > MAX_PACKET_BYTES:
        index = max(range(len(states)), key=lambda number: len(encode(states[number])))
        state = states[index]
        if not state.voices:
            break
        why = f"engine {state.name} lists {len(state.voices)} voices, more than can be told of"
        states[index] = replace(state, voices=(), unavailable=why)
    return Catalogue(tuple(states))


def _state(info: EngineInfo, failure: str | None) -> EngineState:
    return EngineState(
        name=info.name,
        sample_rate=info.sample_rate,
        default_voice=info.default_voice,
        voices=tuple(
            VoiceState(
                name=voice.name,
                language=voice.language,
                licence=voice.licence,
                sample_rate=voice.sample_rate or info.sample_rate,
                languages=tuple(dict.fromkeys([voice.language, *voice.languages])),
            )
            for voice in info.voices
        ),
        licence=info.licence,
        min_speed=info.min_speed,
        max_speed=info.max_speed,
        unavailable=info.unavailable or failure,
        mixes=info.mixes,
        parallel=info.parallel,
        seconds_per_character=info.seconds_per_character,
        offered=info.offered,
        further_languages=dict(info.further_languages),
        draws=info.draws,
    )
