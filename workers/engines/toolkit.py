"""What engines of other packages may build on, under names that stay.

The engines of this repository, Piper's among them, or the workers use all of it; where it lives
inside may change. It imports ONNX Runtime: an engine with another one takes what it needs of the
protocol from `workers.engines.base` alone.

* `build_session`, `Stopper`, `Tensor`: ONNX sessions with as many threads as they are given, none
  of which spins, and runs that can be stopped.
* `Kept`: voices that are made ready when they are asked for, and kept in bounded number.
* `seeded_noise`, `noise_inputs`: a model that draws noise does it from the job's seed.
* `english_words`, `Word`: numbers, dates, money, abbreviations and addresses of an English text as
  a person says them, each word with the place it was read from.
* `pieces`, `speak`, `is_heard`, `known`: phonemes cut to what a model takes in one run, what is
  said of a text in which nothing can be read, and the pauses between the pieces.
* `Sounds`, `Stretch`, `stretches`, `kept`, `Run`, `joined`: phonemes with the words among them, and
  what a run of a model gave; `speak` makes the times of words of both. `with_output`: a model that
  gives out a value inside it, its durations say.
* `paced`, `without_stops`, `silence`: the silence around and within sound, in seconds. A worker
  does it for engines with `silent_ends`.
* `cache`, `package`, `locked`, `write`: files in the user's cache.
* `waiting`: around a wait for another program that works for an engine.
* `memory_errors`: what a runtime says of too little memory becomes MemoryError.
"""

from __future__ import annotations

from workers.engines.files import cache, locked, package, write
from workers.engines.kept import Kept
from workers.engines.noise import noise_inputs, seeded_noise
from workers.engines.phonemic import is_heard, kept, known, pieces, speak
from workers.external_wait import waiting
from workers.memory import memory_errors
from workers.session import Stopper, Tensor, build_session, with_output
from workers.silence import paced, silence, without_stops
from workers.text.reading import Word
from workers.word_times import Run, Sounds, Stretch, joined, stretches

__all__ = [
    "Kept",
    "Run",
    "Sounds",
    "Stopper",
    "Stretch",
    "Tensor",
    "Word",
    "build_session",
    "cache",
    "english_words",
    "is_heard",
    "joined",
    "kept",
    "known",
    "locked",
    "memory_errors",
    "noise_inputs",
    "paced",
    "package",
    "pieces",
    "seeded_noise",
    "silence",
    "speak",
    "stretches",
    "waiting",
    "with_output",
    "without_stops",
    "write",
]


def english_words(text: str, *, british: bool = False) -> list[Word]:
    """What a person says who reads this English text aloud: words with their punctuation.

    Loads the lexicon of the accent with the first text (0.3 s).
    """
    from workers.engines.english import reader  # noqa: PLC0415 - most engines have no use for it

    return reader(british=british).words(text)
