"""English text to phonemes for every engine that speaks Kokoro's alphabet.

What is said for what is written (`workers.text`) is ours; hibari's G2P turns these words into
phonemes, guarded against words that cost it too much.

One instance per accent lives in the process. Its lexicons are mapped from files, because
hibari's own way of reading them takes 0.3 s and 65 to 95 MB for each accent.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import hibari
from hibari.g2p import G2P
from hibari.g2p.lexicon import Lexicon
from hibari.g2p.oov import OOV
from hibari.g2p.tagger import Tagger
from hibari.g2p.tokenize import Tokenizer

from workers.engines.base import Reading
from workers.engines.packed import packed
from workers.session import build_session
from workers.text.reading import Word, spoken_words

_ASSETS = Path(hibari.__file__).parent / "assets"

LONGEST_WORD = 48
"""Characters. Reading one word costs its parts to the third power (300 characters of
"a-a-a…" 4.4 s, 48 of them 60 ms), so a longer one is read as several."""

_LONG_WORD = re.compile(rf"\S{{{LONGEST_WORD + 1},}}")
_LETTERS = re.compile(r"(?<![\w.'-])[A-Z](?: [A-Z])+(?![\w-])")
_LETTERS_AND_STOP = re.compile(r"(?<![\w.'-])[A-Z](?:\.[A-Z])+(?=\.(?: |$))")
_ET_CETERA = re.compile(r"\b([Ee])t cetera\b")
"""The G2P's dictionary has these two words as one, shortened."""

_CLOSING = ",.;:!?"
"""Marks that are put to the word before them, over what stands between and is not said."""

_WORD_BREAK = re.compile(rf"\S{{1,{LONGEST_WORD - 1}}}[^\w\s]|\S{{1,{LONGEST_WORD}}}")


class English:
    """Reader of one accent. It keeps no state between calls, so threads may share it."""

    def __init__(self, *, british: bool) -> None:
        name = "oov_gb.onnx" if british else "oov.onnx"
        net = OOV(str(_ASSETS / name), build_session(_ASSETS / name, 1))
        self._british = british
        self._read = _g2p(functools.partial(_unknown_word, net), british=british)

    def phonemes(self, text: str) -> str:
        """One line of phonemes, empty if nothing in the text can be read.

        Time is linear in the length of the text: at most 1 ms a word, 80 ms for the
        worst 48 characters.
        """
        return self._sounds(self.words(text))

    def read(self, text: str) -> Reading:
        """The words and the phonemes of a text, and what of it is left out."""
        words = self.words(text)
        return Reading(
            spoken=" ".join(word.spoken for word in words),
            phonemes=self._sounds(words),
            skipped=tuple(self._skipped(text, words)),
        )

    def words(self, text: str) -> list[Word]:
        """The words that are said for this text, each with the place that it was read from."""
        return spoken_words(text, british=self._british, known=self._known)

    def _sounds(self, words: Sequence[Word]) -> str:
        read = str(self._read(_for_g2p(words), normalize_text=False))
        return read.replace(" .", ".")

    def _skipped(self, text: str, words: Sequence[Word]) -> Iterator[str]:
        """What no word comes from, and words of which nothing is heard: those of other scripts."""
        done = 0
        for word in words:
            written = text[word.start : word.end]
            yield from text[done : word.start].split()
            if not word.spoken.isascii() and not self._is_heard(word):
                yield written
            elif written.endswith(tuple(_CLOSING)):
                yield from _set_off(written)
            done = max(done, word.end)
        yield from text[done:].split()

    def _is_heard(self, word: Word) -> bool:
        """Whether a word has a sound, or has no letter that could have one."""
        if not any(symbol.isalnum() for symbol in word.spoken):
            return True
        return any(symbol.isalpha() for symbol in self._sounds([word]))

    def _known(self, word: str) -> bool:
        lexicon = self._read.lexicon
        return word in lexicon.golds or word in lexicon.silvers


@functools.cache
def reader(*, british: bool) -> English:
    """The process's reader of this accent, loaded on the first call. Starts no thread."""
    return English(british=british)


def _g2p(oov: Callable[[str], str | None], *, british: bool) -> G2P:
    """Build `G2P(oov, british=british)` over packed dictionaries in place of its own.

    It is put together from parts that hibari documents nowhere. Raises RuntimeError where they are
    not those of the versions that pyproject.toml allows.
    """
    try:
        made = _assembled(oov, british=british)
        made("It reads 2 words.")
    except (AttributeError, KeyError, TypeError) as error:
        raise RuntimeError(
            f"hibari-tts {version('hibari-tts')} is built otherwise than this engine expects "
            f"({error}): pip install 'hibari-tts>=0.2.1,<0.3'"
        ) from error
    return made


def _assembled(oov: Callable[[str], str | None], *, british: bool) -> G2P:
    accent = "gb" if british else "us"
    made = G2P.__new__(G2P)
    made.lexicon = Lexicon(
        packed(_ASSETS / f"lexicon_{accent}_gold.json.gz"),
        packed(_ASSETS / f"lexicon_{accent}_silver.json.gz"),
        british,
    )
    made.tokenizer = Tokenizer(json.loads((_ASSETS / "tokenizer_exceptions.json").read_bytes()))
    made.tagger = _tagger()
    made.unk, made.british = "", british
    made._oov = oov  # noqa: SLF001 (G2P has no other place for it)
    return made


@functools.cache
def _tagger() -> Tagger:
    """The tagger, shared by both accents."""
    source = _ASSETS / "tagger.json.gz"
    tagger = Tagger(
        {
            "tagdict": packed(source, "tagdict"),
            "tags": list(packed(source, "tags")),
            "weights": packed(source, "weights"),
        }
    )
    tagger.vocab = packed(source, "vocab")
    return tagger


def _set_off(written: str) -> Iterator[str]:
    """The symbols that stand by themselves between a word and the mark that closes it."""
    *before, last = written.rstrip(_CLOSING).split() or [""]
    if before and last.strip(_CLOSING) and not any(symbol.isalnum() for symbol in last):
        yield last


def _for_g2p(words: Sequence[Word]) -> str:
    """One line of words for the G2P: letters that are said one by one as it knows them ("F.B.I"),
    and words that would take it too long in several.
    """
    line = " ".join(word.spoken for word in words)
    line = _ET_CETERA.sub(r"\1tc", line)
    lettered = _LETTERS.sub(lambda run: run.group().replace(" ", "."), line)
    stopped = _LETTERS_AND_STOP.sub(r"\g<0> ", lettered)
    return _LONG_WORD.sub(lambda word: " ".join(_WORD_BREAK.findall(word.group())), stopped)


def _unknown_word(net: OOV, word: str) -> str | None:
    """A word outside the lexicon; the net takes 24 letters and would drop the rest."""
    step = int(net.maxlen)
    read = [net(word[start : start + step]) for start in range(0, len(word), step)]
    return "".join(part for part in read if part) or None
