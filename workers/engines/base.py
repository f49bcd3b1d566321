"""Protocol of speech engines. An engine is found by the entry-point group
`tts_supervisor.engines`; each entry names a class that satisfies `Engine`.

The template calls `describe` and `load`, then `open`s one single-threaded
session and forks; a worker calls `open` again when its thread count changes. Engines
know nothing of jobs, sockets or cores.

A class says by `protocol` which version it was written for; without one that is the first, and it
goes on working (`opened`). What the second one added: rates and languages of voices, the language
of a request, times of words, and which voices a session is opened for.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol, runtime_checkable

import msgspec
import numpy as np
from numpy.typing import NDArray

from supervisor.speech import Speech

PROTOCOL: Final = 2
"""Version of this protocol; engines of every version from 1 on are taken."""

Samples = NDArray[np.float32]
"""Mono PCM, shape [n], nominally within -1 … 1."""


class WordTime(msgspec.Struct, frozen=True, gc=False):
    """When a word is heard: the characters `start` to `end` of the text that `synthesize` got, and
    the seconds of its samples in which they sound. A pause behind a word is no part of it.
    """

    start: int
    end: int
    begin_s: float
    end_s: float


class Spoken(msgspec.Struct, frozen=True):
    """Samples with the times of the words in them, in their order; of words whose time the model
    does not tell, none. They are told where `speech.words` asks for them.
    """

    samples: Samples
    words: tuple[WordTime, ...] = ()


class Voice(msgspec.Struct, frozen=True):
    """One voice: BCP 47 language tag and licence of its weights.

    `sample_rate` in Hz; None: that of the engine. `languages`: the tags of all languages that it
    can read, by `Speech.language`, beside its own.
    """

    name: str
    language: str
    licence: str
    sample_rate: int | None = None
    languages: tuple[str, ...] = ()


class EngineInfo(msgspec.Struct, frozen=True):
    """Description of an engine, made without loading a model.

    `sample_rate` in Hz, of every voice that names none of its own.
    `unavailable` is None, or one line that says what is missing and how to get it.
    `mixes`: a session also speaks in mixes of its voices, by names as `parse_mix` of
    `supervisor.wire.voices` reads them. Those of one mix have one sample rate.
    `parallel`: share of a segment's work that more threads divide (Amdahl's law), 0–1, as its
    author measured it; None if unknown.
    `seconds_per_character`: roughly the time of one thread; None if unknown. Jobs are charged by
    it until the engine has spoken. Figures of `supervisor bench host` take precedence over both.
    `silent_ends`: the samples of a segment begin and end with silence that the model puts around
    whatever it says. The worker then puts there what the text asks for: after a sentence, after
    a paragraph, none in the middle of a phrase. Samples of other engines stay as they are.
    `pronunciations`: `synthesize` and `read` understand the marks of words whose phonemes are given
    (`supervisor.marks.PRONOUNCED`). Other engines get such words as they are written.
    `further_languages`: tags of languages that no voice here reads and that some would, each with
    what to do for it, as commands in one line. Who asks for such a language is told.
    `draws`: another seed gives other samples.
    `offered`: it stands in lists of engines and voices that people choose from. One for tests does
    not, unless it is the default engine; it speaks for whoever names it.
    """

    name: str
    sample_rate: int
    default_voice: str
    voices: tuple[Voice, ...]
    licence: str
    min_speed: float = 0.5
    max_speed: float = 2.0
    unavailable: str | None = None
    mixes: bool = False
    parallel: float | None = None
    seconds_per_character: float | None = None
    silent_ends: bool = False
    pronunciations: bool = False
    offered: bool = True
    further_languages: Mapping[str, str] = {}
    draws: bool = True


class Terminated(Exception):
    """`Session.synthesize` was stopped by `Session.terminate`."""


class Session(Protocol):
    """A loaded model with a fixed number of threads. One `synthesize` at a time."""

    def synthesize(self, text: str, speech: Speech) -> Samples | Spoken:
        """Speak one segment of text; the same arguments give the same samples.

        An engine uses the options of `speech` that it knows: voice, language, speed and seed. The
        voice may be any of those it describes, also one that the session was not opened for.
        A text that the model cannot take in one run is split inside, never cut
        off. Raises Terminated, or ValueError with one clear line for a text or
        voice that this engine cannot speak. A message that quotes the text is not passed on:
        say what is wrong with it in names and figures.
        """
        ...

    def terminate(self) -> None:
        """Stop the running `synthesize`, from another thread; without one, do nothing."""
        ...


@runtime_checkable
class Identified(Protocol):
    """A session that can tell what it speaks with; optional beside `Session`. Only its segments are
    cached.
    """

    def fingerprint(self, voice: str) -> str:
        """A digest of the weights and the voice, or mix, as this session has read them; empty if
        they are not known. The worker adds the engine's settings and the versions of all packages.
        """
        ...


class Engine(Protocol):
    """A speech engine, constructed with `engines.options.<name>` of the settings."""

    protocol: ClassVar[int]
    """The version of this protocol that the class was written for, `PROTOCOL` of its time."""

    def __init__(self, settings: Mapping[str, Any]) -> None: ...

    def describe(self) -> EngineInfo:
        """Describe the engine: cheap, without side effects, no error for something missing."""
        ...

    def load(self) -> None:
        """Read models and lexicons into memory. Idempotent. Starts no thread.

        Where another program works for it, for longer than a few seconds, it waits inside
        `workers.external_wait.waiting`, and starts it so that it ends with us (`workers.lifeline`).
        """
        ...

    def open(self, threads: int, voices: Sequence[str] = ()) -> Session:
        """Build a session with exactly `threads` intra-op threads (1: no thread is started).

        `voices` are those to have ready: the default one at first, later those that were spoken
        with of late, the last one last. Others the session makes ready when they are asked for. An
        engine whose voices are small may open all of them.
        """
        ...


def opened(engine: Engine, threads: int, voices: Sequence[str]) -> Session:
    """A session of an engine of any version: the first one is not told of voices."""
    if protocol_of(engine) < 2:
        return engine.open(threads)
    return engine.open(threads, voices)


def protocol_of(engine: object) -> int:
    """The version of the protocol that an engine, or its class, was written for."""
    version: object = getattr(engine, "protocol", 1)
    return version if isinstance(version, int) else 1


def spoken(answer: Samples | Spoken) -> Spoken:
    """What `synthesize` returned, in its one form."""
    return answer if isinstance(answer, Spoken) else Spoken(answer)


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How an engine reads a text: the words it says, punctuation with them, and their phonemes in
    its own alphabet, those alone that its model gets.

    `skipped`: stretches of the text, as they are written, of which nothing is said.
    """

    spoken: str
    phonemes: str
    skipped: tuple[str, ...] = ()


@runtime_checkable
class Reads(Protocol):
    """An engine that tells how it reads a text, without speaking it; optional beside `Engine`.

    It builds no session for that, and the models may not be loaded.
    """

    def read(self, text: str, voice: str, language: str | None = None) -> Reading:
        """How `synthesize` would read this segment in this voice and this language of it (None: its
        own), by the same code.

        Raises ValueError where `synthesize` would.
        """
        ...


def read_in(engine: Reads, text: str, voice: str, language: str | None) -> Reading:
    """How an engine of any version reads a text. The first one's `read` takes no language."""
    if language is None:
        return engine.read(text, voice)
    return engine.read(text, voice, language)


def tells(engine: Reads, language: str | None) -> bool:
    """Whether an engine tells how it reads texts in a voice's own language (None) or in another."""
    if language is None:
        return True
    try:
        inspect.signature(engine.read).bind("", "", language)
    except TypeError:
        return False
    return True


class Model(msgspec.Struct, frozen=True):
    """Weights or voices that an engine speaks with, as `supervisor models list` shows them.

    `size` in bytes, 0 where it is unknown until they are installed. `path` is None while they are
    not; `how` then says in one line how to get them.
    """

    engine: str
    name: str
    licence: str
    size: int
    path: str | None
    how: str


class PullError(Exception):
    """A model could not be fetched or stored; one line that says what to do."""


@runtime_checkable
class Stocked(Protocol):
    """An engine that knows what it keeps on disk and may fetch more; optional beside `Engine`."""

    def models(self) -> tuple[Model, ...]:
        """Every model of the engine, installed or not. Cheap and without side effects."""
        ...

    def pull(self, name: str, source: Path | None) -> Model:
        """Fetch one of `models()` into the user's cache, from `source` if one is given.

        All or nothing: what was there stays until the new is complete and checked.
        Raises PullError.
        """
        ...
