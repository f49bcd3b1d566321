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

_ESPEAK: Final = threading.Lock()
"""A session that is being made warm speaks while another one does."""

_SWITCH: Final = re.compile(r"\([^()]{1,20}\)")
"""espeak-ng's remark that it reads a word in another language."""

_GOES_ON: Final = frozenset(",:;")

_TITLE: Final = re.compile(r"\b(Mr|Mrs|Ms|Dr|Prof|St|Rev|Gen|Sen|Gov|Lt|Sgt|Capt)\.(?=\s)")
"""Its point ends no sentence; espeak-ng makes a full stop of it."""


def load() -> None:
    """Have espeak-ng ready."""
    _espeak()


def sentences(text: str, voice: Description) -> list[str]:
    """The symbols that the voice knows, of each sentence that has any. Raises ValueError where
    espeak-ng does not have the voice's language.
    """
    if voice.phoneme_type == "text":
        found = [unicodedata.normalize("NFD", " ".join(text.split()))]
    else:
        found = _spoken(text, voice.espeak.voice)
    return [symbols for each in found if (symbols := voice.known(each).strip())]


def _spoken(text: str, language: str) -> list[str]:
    """Phonemes with the punctuation of their clauses, in canonical decomposition."""
    if language.startswith("en"):
        text = _TITLE.sub(r"\1", text)
    espeak = _espeak()
    with _ESPEAK:
        try:
            espeak.set_voice(language)
        except RuntimeError:
            raise ValueError(f"espeak-ng has no voice {language!r} to read with") from None
        clauses = espeak.get_phonemes(text)
    found, sentence = [], ""
    for phonemes, mark, ends in clauses:
        sentence += _SWITCH.sub("", phonemes) + mark + (" " if mark in _GOES_ON else "")
        if ends:
            found.append(sentence)
            sentence = ""
    return [unicodedata.normalize("NFD", each) for each in [*found, sentence] if each]


@cache
def _espeak() -> Any:  # noqa: ANN401 (it has no types of its own)
    """espeak-ng, initialized once in this process. Raises ImportError."""
    from piper import espeakbridge  # noqa: PLC0415 - a voice that reads characters needs none
    from piper.phonemize_espeak import ESPEAK_DATA_DIR  # noqa: PLC0415 - as above

    espeakbridge.initialize(str(ESPEAK_DATA_DIR))
    return espeakbridge
