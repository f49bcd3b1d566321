"""The engine and its sessions.

Each voice is a model of its own, 20 to 115 MB. A session makes one ready when it is first spoken
with, if it was not opened for it, and keeps the last few. Noise is drawn from the job's seed.
Silence is inside the audio before and after each sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import numpy as np
import onnxruntime as ort

from supervisor.speech import SENTENCE_S, Speech
from tts_supervisor_piper import stock, symbols, words
from tts_supervisor_piper.description import Description
from workers.engines.base import EngineInfo, Model, Reading, Samples, Spoken, Voice
from workers.engines.toolkit import (
    Kept,
    Run,
    Sounds,
    Stopper,
    Tensor,
    is_heard,
    joined,
    paced,
    package,
    speak,
)

LICENCE = "GPL-3.0-or-later"
"""Of what is used here together; the code of this package is under Apache-2.0."""

MAX_SYMBOLS = 400
"""Longest run; the models were taught with single sentences."""

SAMPLE_RATE = 22_050
"""Of the engine while it has no voice; each voice says its own."""

MAX_SPEAKERS = 128
"""Of one file, as voices: a thousand more names would be in every list that anybody asks for."""

SECONDS_PER_CHARACTER = 0.005
"""One thread on a Xeon."""

_MOST_KEPT = 64


class Piper:
    """The engine. Settings, all of which may be left out: `voices_dir`, a folder of voices beside
    those in the user's cache; `default_voice`; `voices_kept`, how many models a worker has ready
    for each number of threads, 3.
    """

    protocol: ClassVar[int] = 2

    def __init__(self, settings: Mapping[str, Any]) -> None:
        configured = settings.get("voices_dir")
        self._folders = [Path(configured).expanduser()] if configured else []
        self._folders.append(stock.folder())
        self._default = settings.get("default_voice")
        self._loaded = False
        self._most = settings.get("voices_kept", 3)
        if not isinstance(self._most, int) or not 1 <= self._most <= _MOST_KEPT:
            raise ValueError(f"voices_kept is a whole number from 1 to {_MOST_KEPT}")

    def describe(self) -> EngineInfo:
        """Each speaker of each file."""
        names = list(self.voices)
        default = self._default or next(iter(names), "")
        return EngineInfo(
            name=stock.ENGINE,
            sample_rate=SAMPLE_RATE,
            default_voice=default,
            voices=tuple(self._voice(name) for name in names),
            licence=LICENCE,
            unavailable=self._missing(),
            seconds_per_character=SECONDS_PER_CHARACTER,
            silent_ends=True,
            pronunciations=True,
        )

    def load(self) -> None:
        """Load espeak-ng and the lexicons of English, as far as voices read with them."""
        if self._loaded:
            return
        for voice in self._found.values():
            with suppress(ValueError):  # Said when that voice is to speak; others speak meanwhile.
                symbols.load(voice.about)
        self._loaded = True

    def open(self, threads: int, voices: Sequence[str] = ()) -> PiperSession:
        """Build the session, and in it the models of these voices, half a second each."""
        self.load()
        session = PiperSession(self.voices, threads, self._most)
        for name in voices:
            session.prepare(name)
        return session

    def read(self, text: str, voice: str, language: str | None = None) -> Reading:
        """The words, where they are English, and the phonemes of espeak-ng."""
        del language  # A voice has its own alone.
        speaker = self.voices.get(voice)
        if speaker is None:
            raise ValueError(f"piper has no voice {voice!r}")
        phonemes = " ".join(symbols.sentences(text, speaker.found.about))
        is_heard(text, phonemes)
        return Reading(spoken=symbols.words(text, speaker.found.about), phonemes=phonemes)

    def models(self) -> tuple[Model, ...]:
        """The voices that are here."""
        return stock.models(self._found, self._on_disk[1])

    def pull(self, name: str, source: Path | None) -> Model:
        """Put the voice in `source` into the user's cache. Raises PullError."""
        del name
        return stock.pull(source)

    @cached_property
    def voices(self) -> dict[str, Speaker]:
        """Every speaker by the name of its voice: `file`, and `file#speaker` where it has more."""
        voices: dict[str, Speaker] = {}
        for name, found in self._found.items():
            voices[name] = Speaker(found, 0)
            for speaker, number in list(found.about.speakers.items())[:MAX_SPEAKERS]:
                voices[f"{name}#{speaker}"] = Speaker(found, number)
        return voices

    @cached_property
    def _on_disk(self) -> tuple[dict[str, stock.Found], dict[str, str]]:
        return stock.found(self._folders)

    @property
    def _found(self) -> dict[str, stock.Found]:
        return self._on_disk[0]

    def _voice(self, name: str) -> Voice:
        found = self.voices[name].found
        return Voice(
            name=name,
            language=found.about.tag,
            licence=found.licence,
            sample_rate=found.about.audio.sample_rate,
        )

    def _missing(self) -> str | None:
        """Why the engine cannot speak, in one line with the remedy; None if it can."""
        if not self._found:
            why = next((f" ({why})" for why in self._on_disk[1].values()), "")
            return f"engine piper has no voice{why}: {stock.HOW}"
        if self._default and self._default not in self.voices:
            known = ", ".join(list(self.voices)[:8])
            return f"engine piper: default_voice is {self._default!r}; there are {known}"
        if package("piper") is None and any(
            found.about.phoneme_type == "espeak" for found in self._found.values()
        ):
            return symbols.INSTALL
        return None


class Speaker(msgspec.Struct, frozen=True):
    """One of the speakers of a file, by its number."""

    found: stock.Found
    number: int


class PiperSession:
    """Models of the voices used of late, all with the same number of threads."""

    def __init__(self, voices: Mapping[str, Speaker], threads: int, most: int) -> None:
        self._voices = voices
        self._files = {each.found.name: each.found for each in voices.values()}
        self._threads = threads
        self._ready = Kept(self._build, most)
        self._stopper = Stopper()

    def prepare(self, voice: str) -> None:
        """Have the model of a voice ready. Raises what ONNX Runtime raises for a damaged one."""
        if voice in self._voices:
            self._ready.get(self._voices[voice].found.name)

    def synthesize(self, text: str, speech: Speech) -> Spoken:
        """Speak one segment, each of its sentences by itself."""
        speaker = self._voices.get(speech.voice)
        if speaker is None:
            raise ValueError(f"piper has no voice {speech.voice!r}")
        about = speaker.found.about
        with self._stopper.running():
            found = symbols.sentences(text, about)
            if not is_heard(text, " ".join(found)):
                return Spoken(np.zeros(0, np.float32))
            session = self._ready.get(speaker.found.name)
            says = _Sentence(self._stopper, session, speaker, speech)
            rate = about.audio.sample_rate
            heard = [each for each in found if any(symbol.isalpha() for symbol in each)]
            told = words.sounds(text, heard, about) if speech.words else map(Sounds, heard)
            parts = [speak(text, each, MAX_SYMBOLS, rate, says) for each in told]
        pause_s = SENTENCE_S / speech.speed
        return joined([*(paced(each, rate, pause_s) for each in parts[:-1]), parts[-1]], rate)

    def terminate(self) -> None:
        """Stop the running `synthesize`."""
        self._stopper.stop()

    def _build(self, name: str) -> ort.InferenceSession:
        return stock.session(self._files[name], self._threads)


class _Sentence:
    """Says symbols in one run; every further run has noise of its own."""

    def __init__(
        self, stopper: Stopper, session: ort.InferenceSession, speaker: Speaker, speech: Speech
    ) -> None:
        self._stopper, self._session = stopper, session
        self._about: Description = speaker.found.about
        self._number, self._speed, self._seed = speaker.number, speech.speed, speech.seed

    def __call__(self, phonemes: str) -> Run:
        ids = self._about.ids(phonemes)
        given = stock.inputs(self._session, self._about, ids, self._number, self._speed, self._seed)
        self._seed += 1
        audio, *told = self._stopper.run(self._session, given, shrink=True)
        samples: Samples = np.clip(audio.reshape(-1), -1.0, 1.0).astype(np.float32, copy=False)
        return Run(samples, self._durations(phonemes, told[0]) if told else None)

    def _durations(self, phonemes: str, frames: Tensor) -> list[float]:
        """The frames of the begin, of each symbol with the pad behind it, and of the end."""
        ends = np.cumsum(self._about.lengths(phonemes))[:-1]
        return [float(part.sum()) for part in np.split(frames.reshape(-1), ends)]
