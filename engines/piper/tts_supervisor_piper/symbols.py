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

from supervisor.marks import BOUND_SPACE, PRONOUNCED, written
from tts_supervisor_piper.description import Description
from workers.engines.toolkit import english_words

INSTALL: Final = "engine piper reads with espeak-ng: pip install 'piper-tts>=1.8'"

_ESPEAK: Final = threading.Lock()
"""A session that is being made warm speaks while another one does."""

_SWITCH: Final = re.compile(r"\([^()]{1,20}\)")
"""espeak-ng's remark that it reads a word in another language."""

_ENDS: Final = frozenset(".?!")

_MARKS: Final = re.compile(r"(?P<owns>['’]s\b)?[\"'”’)\]}»]{0,4}(?P<end>[,;:.!?]?)")
"""What stands behind a word whose phonemes are given, without a space."""

_AS_ESPEAK: Final = {"'": "ˈ", "g": "ɡ", ".": "", BOUND_SPACE: " "}
"""Signs of IPA as they may be given, and as espeak-ng writes them."""

_HISSED: Final = frozenset("szʃʒʧʤ")
_VOICELESS: Final = frozenset("ptkfθ")
"""Sounds behind which 's is /ɪz/ and /s/; it is /z/ behind others."""

_DOTS: Final = re.compile(r"(?:\.{3}|…)(?=\s)")
"""An ellipsis inside a sentence; espeak-ng makes one word of those around it."""


def load(voice: Description) -> None:
    """Have ready what reads for this voice. Raises ValueError as `sentences`, ImportError."""
    sentences("one", voice)


def words(text: str, voice: Description) -> str:
    """What is said for what is written. English is read here, as for all engines; of other
    languages espeak-ng reads the numbers, and does not tell what it says for them.
    """
    if is_english(voice):
        said = english_words(text, british=voice.espeak.voice.startswith("en-gb"))
        text = " ".join(word.spoken for word in said)
    return _DOTS.sub(",", " ".join(text.split()))


def is_english(voice: Description) -> bool:
    """Whether its texts are read here, before espeak-ng has them."""
    return voice.phoneme_type == "espeak" and voice.espeak.voice.partition("-")[0] == "en"


def sentences(text: str, voice: Description) -> list[str]:
    """The symbols that the voice knows, of each sentence that has any. Raises ValueError where
    espeak-ng does not have the voice's language.
    """
    said = words(text, voice)
    if voice.phoneme_type == "text":
        found = [unicodedata.normalize("NFD", written(said))]
    else:
        found = _spoken(said, voice.espeak.voice)
    return [symbols for each in found if (symbols := voice.known(each).strip())]


def _spoken(text: str, language: str) -> list[str]:
    """Phonemes with the punctuation of their clauses, in canonical decomposition. Those that are
    given for a word stand in its place.
    """
    plain, *given = PRONOUNCED.split(text)
    found = _Sentences()
    found.read(_clauses(plain, language))
    for word, ipa, after in zip(given[::3], given[1::3], given[2::3], strict=True):
        said = "".join(_AS_ESPEAK.get(symbol, symbol) for symbol in ipa)
        if any(symbol.isalpha() for symbol in said):
            found.add(said)
        else:
            found.read(_clauses(word.replace(BOUND_SPACE, " "), language))
        marks = _MARKS.match(after)
        if marks and marks["owns"]:
            found.add(_owner(found.last), joined=True)
        found.end(marks["end"] if marks else "")
        found.read(_clauses(after[marks.end() if marks else 0 :], language))
    return [unicodedata.normalize("NFD", each) for each in found.all()]


def _owner(last: str) -> str:
    """How 's sounds behind a sound."""
    if last in _HISSED:
        return "ɪz"
    return "s" if last in _VOICELESS else "z"


class _Sentences:
    """Sentences of phonemes that are being written."""

    def __init__(self) -> None:
        self._ended: list[str] = []
        self._open = ""

    def add(self, phonemes: str, *, joined: bool = False) -> None:
        """One word or more; `joined` to the one before."""
        apart = bool(self._open) and not self._open.endswith(" ") and not joined
        self._open += f"{' ' if apart else ''}{phonemes}"

    def end(self, mark: str) -> None:
        """The end of a clause, and of the sentence if the mark says so; "" ends neither."""
        if mark:
            self._open = f"{self._open.rstrip()}{mark} "
        if mark in _ENDS:
            self._ended.append(self._open.rstrip())
            self._open = ""

    @property
    def last(self) -> str:
        """The last sound of the sentence that is open; empty where there is none."""
        return self._open.rstrip()[-1:]

    def read(self, clauses: list[tuple[str, str]]) -> None:
        """What espeak-ng has read."""
        for phonemes, mark in clauses:
            self.add(phonemes)
            self.end(mark)

    def all(self) -> list[str]:
        """Every sentence, the last one whether it has ended or not."""
        return [*self._ended, self._open.rstrip()]


def _clauses(text: str, language: str) -> list[tuple[str, str]]:
    """Phonemes of each clause, and the mark that ends it. Raises ValueError."""
    espeak = _espeak()
    with _ESPEAK:
        try:
            espeak.set_voice(language)
        except RuntimeError:
            raise ValueError(f"espeak-ng has no voice {language!r} to read with") from None
        read = espeak.get_phonemes(text) if text.strip() else []
    return [(_SWITCH.sub("", phonemes).strip(), mark) for phonemes, mark, _ends in read]


@cache
def _espeak() -> Any:  # noqa: ANN401 (it has no types of its own)
    """espeak-ng, initialized once in this process. Raises ImportError."""
    from piper import espeakbridge  # noqa: PLC0415 - a voice that reads characters needs none
    from piper.phonemize_espeak import ESPEAK_DATA_DIR  # noqa: PLC0415 - as above

    espeakbridge.initialize(str(ESPEAK_DATA_DIR))
    return espeakbridge
