"""Hibari: small English voices, one model each, about 150 times real time on one core.

Uses hibari's text reader, vocabulary and signal processing; the sessions are ours.
The noise component is drawn from the job's seed, everything else is deterministic.
Silence is inside the audio, 0.5 s after a sentence and 0.3 s before it, whatever the text is.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import hibari
import msgspec
import numpy as np
import onnxruntime as ort
from hibari import dsp, voices

from supervisor.speech import Speech
from workers.engines import files
from workers.engines.base import EngineInfo, Model, PullError, Reading, Samples, Spoken, Voice
from workers.engines.english import English, reader
from workers.engines.phonemic import is_heard, kept, known, speak
from workers.session import Stopper, Tensor, build_session, with_output
from workers.word_times import Run

LICENCE = "Apache-2.0"

PARALLEL = 0.15
"""Two threads speak 1.06 times as fast as one (`supervisor bench host` on a Xeon, 1.09 in another
run): the model is small, and reader and signal processing have one thread."""

SECONDS_PER_CHARACTER = 0.0005
"""One thread on an EPYC; half as much again on a Xeon."""

_MODEL_PREFIX = "hibari-"

MAX_PHONEMES = 400
"""Longest run the models were made for (`hibari.tts.MAX_PHONEMES`)."""

_ASSETS = Path(hibari.__file__).parent / "assets"

_DURATIONS = "/Clip_output_0"
"""How long each token is, in frames: a value inside the voices' graphs."""


class Hibari:
    """The engine. Setting `voices_dir`: where further voice models lie, or None.

    The voice in the package is always there; others if their model file is in
    `voices_dir` or hibari's own cache directory. Only `pull` downloads anything.
    """

    protocol: ClassVar[int] = 2

    def __init__(self, settings: Mapping[str, Any]) -> None:
        configured = settings.get("voices_dir")
        self._directories = [Path(configured)] if configured else []
        self._directories.append(Path(voices.cache_dir()))
        self._models: dict[str, bytes] = {}
        self._digests: dict[str, str] = {}

    def describe(self) -> EngineInfo:
        """The voices whose model is here and intact."""
        found = tuple(
            Voice(name, str(voices.VOICES[name]["language"]), LICENCE) for name in self._found
        )
        return EngineInfo(
            name="hibari",
            sample_rate=dsp.SR,
            default_voice=voices.DEFAULT,
            voices=found,
            licence=LICENCE,
            parallel=PARALLEL,
            seconds_per_character=SECONDS_PER_CHARACTER,
            silent_ends=True,
            pronunciations=True,
        )

    def load(self) -> None:
        """Read the models and open the lexicons of their accents."""
        if self._models:
            return
        for british in {bool(voices.VOICES[name]["british"]) for name in self._found}:
            reader(british=british)
        models = {name: path.read_bytes() for name, path in self._found.items()}
        self._digests = {name: hashlib.sha256(model).hexdigest() for name, model in models.items()}
        self._models = {name: with_output(model, _DURATIONS) for name, model in models.items()}

    def open(self, threads: int, voices: Sequence[str] = ()) -> HibariSession:
        """Build one session for each voice that is here, 40 ms each, whatever `voices` are."""
        del voices
        self.load()
        sessions = {name: build_session(model, threads) for name, model in self._models.items()}
        return HibariSession(sessions, self._digests)

    def read(self, text: str, voice: str, language: str | None = None) -> Reading:
        """The words and the phonemes of one segment; loads the reader of the voice's accent."""
        del language  # A voice has its own alone.
        if voice not in self._found:
            raise ValueError(f"hibari has no voice {voice!r}")
        reading = _reader(voice).read(text)
        phonemes = known(reading.phonemes, _vocabulary())
        is_heard(text, phonemes)
        return msgspec.structs.replace(reading, phonemes=phonemes)

    def models(self) -> tuple[Model, ...]:
        """The model of every voice that was made for hibari, here or not."""
        return tuple(_model(voice, self._found.get(voice)) for voice in voices.VOICES)

    def pull(self, name: str, source: Path | None) -> Model:
        """Put a voice's model into hibari's own cache: the file `source`, or, without one,
        what hibari's site has. Raises PullError.
        """
        voice = name.removeprefix(_MODEL_PREFIX)
        entry = voices.VOICES[voice]
        if entry["bundled"]:
            return _model(voice, self._found.get(voice))
        target = Path(voices.cache_dir()) / str(entry["file"])
        try:
            if source is None:
                voices.voice_path(voice)
            elif _sha256(source) != entry["sha256"]:
                raise PullError(f"{source} is not the model of hibari's voice {voice}")
            else:
                with files.locked(target):
                    files.write(target, [source.read_bytes()])
        except (OSError, RuntimeError) as error:
            raise PullError(f"cannot get hibari's voice {voice}: {error}") from None
        return _model(voice, target)

    @functools.cached_property
    def _found(self) -> dict[str, Path]:
        """Model file of every voice that is here and intact, the bundled one first."""
        found: dict[str, Path] = {}
        for name, entry in sorted(
            voices.VOICES.items(), key=lambda item: item[0] != voices.DEFAULT
        ):
            directories = [_ASSETS] if entry["bundled"] else self._directories
            for path in (directory / str(entry["file"]) for directory in directories):
                if path.is_file() and _sha256(path) == entry["sha256"]:
                    found.setdefault(name, path)
        return found


class HibariSession:
    """One ONNX session per voice, all with the same number of threads."""

    def __init__(
        self, sessions: Mapping[str, ort.InferenceSession], digests: Mapping[str, str]
    ) -> None:
        self._sessions = sessions
        self._digests = digests
        self._stopper = Stopper()
        self._vocabulary = _vocabulary()

    def synthesize(self, text: str, speech: Speech) -> Spoken:
        """Speak one segment; its noise is drawn from the seed."""
        voice = speech.voice
        session = self._sessions.get(voice)
        if session is None:
            raise ValueError(f"hibari has no voice {voice!r}")
        rng = np.random.default_rng(speech.seed)
        with self._stopper.running():
            sounds = kept(_reader(voice).sounds(text, words=speech.words), self._vocabulary)
            say = functools.partial(self._say, session, speech.speed, rng)
            return speak(text, sounds, MAX_PHONEMES, dsp.SR, say)

    def fingerprint(self, voice: str) -> str:
        """The digest of the voice's model."""
        return self._digests.get(voice, "")

    def terminate(self) -> None:
        """Stop the running `synthesize`."""
        self._stopper.stop()

    def _say(
        self, session: ort.InferenceSession, speed: float, rng: np.random.Generator, phonemes: str
    ) -> Run:
        ids = np.asarray([[0, *(self._vocabulary[symbol] for symbol in phonemes), 0]], np.int64)
        inputs: dict[str, Tensor] = {"ids": ids, "speed": np.asarray([speed], np.float32)}
        *spectra, durations = self._stopper.run(session, inputs)
        samples: Samples = dsp.synth(*(spectrum[0] for spectrum in spectra), rng)
        return Run(samples, durations.reshape(-1).tolist())


def _reader(voice: str) -> English:
    """The reader of the voice's accent."""
    return reader(british=bool(voices.VOICES[voice]["british"]))


@functools.cache
def _vocabulary() -> dict[str, int]:
    """Phoneme to its number, as every voice has it."""
    with (_ASSETS / "vocab.json").open(encoding="utf-8") as file:
        found: dict[str, int] = json.load(file)
    return found


def _model(voice: str, path: Path | None) -> Model:
    name = f"{_MODEL_PREFIX}{voice}"
    where = str(path) if path else None
    size = int(voices.VOICES[voice]["bytes"])
    return Model(
        engine="hibari",
        name=name,
        licence=LICENCE,
        size=size,
        path=where,
        how=f"supervisor models pull {name}",
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
