"""A text's symbols, sentence by sentence, as Piper's models were taught them.

They come from espeak-ng, by the module that Piper itself reads with. It is loaded when a text is
first read, or ahead of it by `load`: one library for the process, which starts no thread, survives
a fork, and is not for two threads at once.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import cache
from typing import Any, Final

from tts_supervisor_piper.description import Description
from workers.engines.toolkit import english_words

INSTALL: Final = "engine piper reads with espeak-ng: pip install 'piper-tts>=1.8'"

_ESPEAK: Final = threading.Lock()
"""A session that is being made warm speaks while another one does."""

_SWITCH: Final = re.compile(r"\([^()]{1,20}\)")
"""espeak-ng's remark that it reads a word in another language."""

_ENDS: Final = frozenset(".?!")

_DOTS: Final = re.compile(r"(?:\.{3}|…)(?=\s)")
"""An ellipsis inside a sentence; espeak-ng makes one word of those around it."""


def load(voice: Description) -> None:
    """Have ready what reads for this voice. Raises ValueError as `sentences`, ImportError."""
    sentences("one", voice)


def words(text: str, voice: Description) -> str:
    """What is said for what is written. English is read here, as for all engines; of other
    languages espeak-ng reads the numbers, and does not tell what it says for them.
    """
    language = voice.espeak.voice
    if voice.phoneme_type == "espeak" and language.partition("-")[0] == "en":
        said = english_words(text, british=language.startswith("en-gb"))
        text = " ".join(word.spoken for word in said)
    return _DOTS.sub(",", " ".join(text.split()))


def sentences(text: str, voice: Description) -> list[str]:
    """The symbols that the voice knows, of each sentence that has any. Raises ValueError where
    espeak-ng does not have the voice's language.
    """
    said = words(text, voice)
    if voice.phoneme_type == "text":
        found = [unicodedata.normalize("NFD", said)]
    else:
        found = _spoken(said, voice.espeak.voice)
    return [symbols for each in found if (symbols := voice.known(each).strip())]


def _spoken(text: str, language: str) -> list[str]:
    """Phonemes with the punctuation of their clauses, in canonical decomposition."""
    espeak = _espeak()
    with _ESPEAK:
        try:
            espeak.set_voice(language)
        except RuntimeError:
            raise ValueError(f"espeak-ng has no voice {language!r} to read with") from None
        clauses = espeak.get_phonemes(text)
    found, sentence = [], ""
    for phonemes, mark, ends in clauses:
        sentence += _SWITCH.sub("", phonemes) + mark + ("" if mark in _ENDS else " ")
        if ends:
            found.append(sentence)
            sentence = ""
    return [unicodedata.normalize("NFD", each) for each in [*found, sentence]]


@cache
def _espeak() -> Any:  # noqa: ANN401 (it has no types of its own)
    """espeak-ng, initialized once in this process. Raises ImportError."""
    from piper import espeakbridge  # noqa: PLC0415 - a voice that reads characters needs none
    from piper.phonemize_espeak import ESPEAK_DATA_DIR  # noqa: PLC0415 - as above

    espeakbridge.initialize(str(ESPEAK_DATA_DIR))
    return espeakbridge
