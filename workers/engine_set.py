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

from supervisor.speech import Speech
from supervisor.wire.worker import Catalogue, EngineState
from workers.engines import registry
from workers.engines.base import Engine, EngineInfo, Session

_WARM_UP_TEXT = "One."


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

    def session(self, name: str, *, reproducible: bool = False) -> Session:
        """The session of an engine, loaded now if it was not. Raises what the engine raises.

        With `reproducible` it has one thread, whatever the others have.
        """
        threads = 1 if reproducible else self.threads
        session = self._sessions.get((name, threads))
        if session is not None:
            return session
        with self._building:
            return self._open(name, threads)

    def info(self, name: str) -> EngineInfo:
        """What an engine says of itself, as it was when it was loaded. Raises KeyError before."""
        return self._infos[name]

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
            self._engines[name], self._infos[name] = engine, engine.describe()
        session = self._sessions.get((name, threads))
        if session is None:
            session = self._sessions[name, threads] = engine.open(threads)
        return session

    def _warm(self, name: str, session: Session) -> None:
        """Speak once, so that the first segment does not pay for the set-up at first use."""
        voice = self._infos[name].default_voice
        session.synthesize(_WARM_UP_TEXT, Speech(engine=name, voice=voice))

    def catalogue(self) -> Catalogue:
        """Describe every installed engine, with the reason for those that cannot speak."""
        infos = registry.catalogue(self._settings).values()
        return Catalogue(tuple(_state(info, self._failed.get(info.name)) for info in infos))


def _state(info: EngineInfo, failure: str | None) -> EngineState:
    return EngineState(
        name=info.name,
        sample_rate=info.sample_rate,
        default_voice=info.default_voice,
        voices=tuple((voice.name, voice.language, voice.licence) for voice in info.voices),
        licence=info.licence,
        min_speed=info.min_speed,
        max_speed=info.max_speed,
        unavailable=info.unavailable or failure,
        mixes=info.mixes,
        parallel=info.parallel,
        seconds_per_character=info.seconds_per_character,
    )
