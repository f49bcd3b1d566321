"""English text to phonemes for every engine that speaks Kokoro's alphabet.

What is said for what is written (`workers.text`) is ours; hibari's G2P turns these words into
phonemes, guarded against words that cost it too much.

One instance per accent lives in the process. Its lexicons are mapped from files, because
hibari's own way of reading them takes 0.3 s and 65 to 95 MB for each accent.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import hibari
from hibari.g2p import G2P, Context
from hibari.g2p.lexicon import Lexicon
from hibari.g2p.oov import OOV
from hibari.g2p.tagger import Tagger
from hibari.g2p.token import Tok
from hibari.g2p.tokenize import Tokenizer

from workers.engines import pronounced
from workers.engines.base import Reading
from workers.engines.packed import packed
from workers.engines.unknown import Unknown
from workers.session import build_session
from workers.text.homographs import readings
from workers.text.ipa import engine_phonemes
from workers.text.names import NAMES
from workers.text.reading import Word, spoken_words
from workers.word_times import Sounds, stretches

_ASSETS = Path(hibari.__file__).parent / "assets"

LONGEST_WORD = 48
"""Characters. Reading one word costs its parts to the third power (300 characters of
"a-a-a…" 4.4 s, 48 of them 60 ms), so a longer one is read as several."""

_LONG_WORD = re.compile(rf"\S{{{LONGEST_WORD + 1},}}")
_LETTERS = re.compile(r"(?<![\w.'-])[A-Z](?: [A-Z])+(?![\w-])")
_LETTERS_AND_STOP = re.compile(r"(?<![\w.'-])[A-Z](?:\.[A-Z])+(?=\.(?: |$))")
_SET_APART = re.compile(r"[\s.]")
"""What `_for_g2p` puts in and takes out."""
_ET_CETERA = re.compile(r"\b([Ee])t cetera\b")
"""The G2P's dictionary has these two words as one, shortened."""

_CLOSING = ",.;:!?"
"""Marks that are put to the word before them, over what stands between and is not said."""

_LATIN = "\u024f"
"""The last letter of those that are always heard."""

_REMEMBERED = 4096
"""Words of which the process remembers whether they are said in several ways."""

_SHORTEST_NAME = 5
_POSSESSIVE = frozenset({"'s", "’s", "'S"})
_PARTS = frozenset({"NOUN", "VERB", "ADJ"})
_QUOTES = frozenset("\"“”„«»'‘’`")
_APOSTROPHES = frozenset("'‘’`")
_BRACKETS = {"[": "-LRB-", "]": "-RRB-"}
_OPENS, _CLOSES = "``", "''"
"""Tags of quotation marks."""
_SLOT = re.compile(f"({pronounced.SLOT})")
_WORD_BREAK = re.compile(rf"\S{{1,{LONGEST_WORD - 1}}}[^\w\s]|\S{{1,{LONGEST_WORD}}}")


class English:
    """Reader of one accent. It keeps no state between calls, so threads may share it."""

    def __init__(self, *, british: bool) -> None:
        name = "oov_gb.onnx" if british else "oov.onnx"
        net = OOV(str(_ASSETS / name), build_session(_ASSETS / name, 1))
        self._british = british
        self._read, self._unknown = _g2p(net, british=british)
        self._ways = functools.lru_cache(_REMEMBERED)(self._parts)

    def phonemes(self, text: str) -> str:
        """One line of phonemes, empty if nothing in the text can be read.

        Time is linear in the length of the text: at most 1 ms a word, 80 ms for the
        worst 48 characters.
        """
        return _line(self._said(self.words(text))[0])

    def sounds(self, text: str, *, words: bool = False) -> Sounds:
        """The same phonemes, with the words among them if they are asked for."""
        read = self.words(text)
        said, owners = self._said(read)
        if not words:
            return Sounds(_line(said))
        places = [(word.start, word.end) for word in read]
        return _with_words(said, owners, places)

    def read(self, text: str) -> Reading:
        """The words and the phonemes of a text, and what of it is left out."""
        words = self.words(text)
        return Reading(
            spoken=" ".join(word.spoken for word in words),
            phonemes=_line(self._said(words)[0]),
            skipped=tuple(self._skipped(text, words)),
        )

    def words(self, text: str) -> list[Word]:
        """The words that are said for this text, each with the place that it was read from.

        What has its pronunciation given is a word as it stands there, marks and all.
        """
        return spoken_words(text, british=self._british, known=self._known)

    def _tokens(self, words: Sequence[Word]) -> tuple[list[Tok], list[int]]:
        """The G2P's tokens for one line, with the phonemes that are not for it to find, and the
        word that each begins in, as its index.
        """
        spoken, given = pronounced.slots(words, british=self._british)
        tokens: list[Tok] = []
        owners: list[int] = []
        for run, owner in _runs(spoken):
            for piece in _SLOT.split(run):
                if piece == pronounced.SLOT:
                    tokens += _given(next(given))
                elif piece:
                    tokens += [Tok(text) for text in self._read.tokenizer.split(piece)]
            tokens[-1].whitespace = " "
            owners += [owner] * (len(tokens) - len(owners))
        for token, tag in zip(tokens, self._read.tagger([tok.text for tok in tokens]), strict=True):
            token.tag = tag
        _tag_quotes(tokens)
        self._settle(tokens)
        return tokens, owners

    def _settle(self, tokens: Sequence[Tok]) -> None:
        """Put in what is known of how words are said before the lexicon is asked."""
        written = [token.text for token in tokens]
        for token, word in zip(tokens, written, strict=True):
            if token.phonemes is None:
                token.phonemes = self._named(word.lower()) or self._unknown.drawn(word)
        for at, said in readings(written, [token.tag for token in tokens], self._ways):
            token = tokens[at]
            if token.phonemes is None:
                token.tag = said.tag or token.tag
                token.phonemes = said.phonemes(british=self._british) or None
        for name, ending in itertools.pairwise(tokens):
            if name.phonemes and not name.whitespace and ending.text in _POSSESSIVE:
                said_so_far = name.phonemes
                ending.phonemes = self._read.lexicon._s(said_so_far)[len(said_so_far) :]  # noqa: SLF001
            elif not name.whitespace and ending.phonemes is None:
                ending.phonemes = self._drawn(name.text.lower(), ending.text.lower())

    def _drawn(self, word: str, verb: str) -> str | None:
        """The sounds of a verb that the G2P says by itself, where it does so wrong: "what're"."""
        verb = verb.replace("’", "'")
        if self._read.lexicon.is_known(f"{word}{verb}", "NN"):
            return None
        if verb == "'re":
            return "ə" if self._british else "əɹ"
        if verb == "'ve" and word[0] in _APOSTROPHES:
            return "əv"
        return "əd" if verb == "'d" and word[-1] in "td" else None

    def _named(self, word: str) -> str | None:
        ipa = NAMES.get(word)
        return None if ipa is None else engine_phonemes(ipa, british=self._british)

    def _parts(self, word: str) -> frozenset[str]:
        """As which parts of speech the lexicon has a word, if it makes a difference."""
        found = self._read.lexicon.golds.get(word)
        return _PARTS.intersection(found) if isinstance(found, dict) else frozenset()

    def reads(self, word: str) -> bool:
        """Whether the lexicon has this word, or one that it is derived from."""
        return self._read.lexicon.get_word(word, "NN", None, Context())[0] is not None

    def _said(self, words: Sequence[Word]) -> tuple[list[Tok], list[int]]:
        """Tokens with their phonemes, and the word that each begins in."""
        tokens, owners = self._tokens(words)
        lengths = [len(token.text) for token in tokens]
        said: list[Tok] = self._read.phonemize_tokens(tokens)
        if len(said) == len(tokens):
            return said, owners
        begins = [0, *itertools.accumulate(lengths)]  # Several may have become one.
        found: list[int] = []
        done = 0
        for token in said:
            found.append(owners[min(bisect_right(begins, done), len(owners)) - 1])
            done += sum(not symbol.isspace() for symbol in token.text)
        return said, found

    def _skipped(self, text: str, words: Sequence[Word]) -> Iterator[str]:
        """What no word comes from, and words of which nothing is heard: those of other scripts."""
        done = 0
        for word in words:
            written = text[word.start : word.end]
            yield from text[done : word.start].split()
            if max(word.spoken, default="") > _LATIN and not self._is_heard(word):
                yield written
            elif written.endswith(tuple(_CLOSING)):
                yield from _set_off(written)
            done = max(done, word.end)
        yield from text[done:].split()

    def _is_heard(self, word: Word) -> bool:
        """Whether a word has a sound, or has no letter that could have one."""
        if not any(symbol.isalnum() for symbol in word.spoken):
            return True
        return any(symbol.isalpha() for symbol in _line(self._said([word])[0]))

    def _known(self, word: str) -> bool:
        lexicon = self._read.lexicon
        return word in lexicon.golds or word in lexicon.silvers or self._is_name(word)

    def _is_name(self, word: str) -> bool:
        """Whether a longer word is known outside the lexicon: a short one may be an acronym's."""
        return len(word) >= _SHORTEST_NAME and word in self._unknown


def _line(said: Sequence[Tok]) -> str:
    """The phonemes of all tokens."""
    read = "".join(f"{tok.phonemes or ''}{' ' if tok.whitespace else ''}" for tok in said)
    return read.strip().replace(" .", ".")


def _with_words(
    said: Sequence[Tok], owners: Sequence[int], places: Sequence[tuple[int, int]]
) -> Sounds:
    """The same line, and where in it each word is."""
    of_symbols: list[tuple[str, int | None]] = []
    for token, owner in zip(said, owners, strict=True):
        of_symbols += [(symbol, owner) for symbol in token.phonemes or ""]
        if token.whitespace:
            of_symbols.append((" ", None))
    kept = [
        here
        for here, after in itertools.zip_longest(of_symbols, of_symbols[1:])
        if here[0] != " " or (after is not None and after[0] != ".")
    ]
    symbols = "".join(symbol for symbol, _owner in kept)
    leading = len(symbols) - len(symbols.lstrip())
    line = symbols.strip()
    found = [owner for _symbol, owner in kept[leading : leading + len(line)]]
    begun = sorted(set(owners))
    whole = list(places)
    for owner, after in itertools.pairwise([*begun, len(places)]):
        whole[owner] = places[owner][0], places[after - 1][1]  # "et cetera" is one of the G2P's.
    return Sounds(line, stretches(found, whole))


def _tag_quotes(tokens: Sequence[Tok]) -> None:
    """Tag quotation marks as what they are: the tagger, which was taught on others, takes them for
    words, and the word behind one is then looked for with the mark.
    """
    apart, quoting = True, False
    for token in tokens:
        if token.phonemes is not None:
            apart = bool(token.whitespace)
            continue
        single = token.text in _APOSTROPHES
        if token.text in _QUOTES:
            token.tag = _OPENS if apart and not token.whitespace else _CLOSES
            if single and token.tag == _CLOSES and not quoting:
                token.phonemes = ""  # Of a plural: "the dogs' bones".
            quoting = token.tag == _OPENS if single else quoting
        token.tag = _BRACKETS.get(token.text, token.tag)
        apart = bool(token.whitespace) or token.tag in {_OPENS, "-LRB-"}


@functools.cache
def reader(*, british: bool) -> English:
    """The process's reader of this accent, loaded on the first call. Starts no thread."""
    return English(british=british)


def _g2p(net: OOV, *, british: bool) -> tuple[G2P, Unknown]:
    """Build `G2P(british=british)` over packed dictionaries in place of its own, and more of them.

    It is put together from parts that hibari documents nowhere. Raises RuntimeError where they are
    not those of the versions that pyproject.toml allows.
    """
    try:
        made = _assembled(british=british)
        unknown = Unknown(net, made.lexicon, british=british)
        made._oov = unknown  # noqa: SLF001 (G2P has no other place for it)
        made("It reads 2 words.")
    except (AttributeError, KeyError, TypeError) as error:
        raise RuntimeError(
            f"hibari-tts {version('hibari-tts')} is built otherwise than this engine expects "
            f"({error}): pip install 'hibari-tts>=0.2.1,<0.3'"
        ) from error
    return made, unknown


def _assembled(*, british: bool) -> G2P:
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


def _given(word: pronounced.Given) -> list[Tok]:
    """Tokens that keep their place in the sentence: all that is said stands at the last of them."""
    tokens = [Tok(text, phonemes="", rating=5) for text in word.written]
    tokens[-1].phonemes = word.phonemes
    return tokens


def _runs(spoken: Sequence[str]) -> list[tuple[str, int]]:
    """What the G2P gets between two spaces, each with the word that it begins in, as its index."""
    line = " ".join(spoken)
    changed = _for_g2p(line)
    runs = changed.split()
    if changed == line and len(runs) == len(spoken):
        return list(zip(runs, range(len(runs)), strict=True))
    owners = [at for at, word in enumerate(spoken) for _ in _SET_APART.sub("", word)]
    for pair in reversed(list(_ET_CETERA.finditer(line))):
        before = len(_SET_APART.sub("", line[: pair.start()]))
        del owners[before + len("etc") : before + len("etcetera")]
    found: list[tuple[str, int]] = []
    done = 0
    for run in runs:
        size = len(_SET_APART.sub("", run))
        at = min(done, len(owners) - 1) if size else max(done - 1, 0)
        found.append((run, owners[at] if owners else 0))
        done += size
    return found


def _for_g2p(line: str) -> str:
    """A line for the G2P: letters that are said one by one as it knows them ("F.B.I"), and
    words that would take it too long in several.
    """
    line = _ET_CETERA.sub(r"\1tc", line)
    lettered = _LETTERS.sub(lambda run: run.group().replace(" ", "."), line)
    stopped = _LETTERS_AND_STOP.sub(r"\g<0> ", lettered)
    return _LONG_WORD.sub(lambda word: " ".join(_WORD_BREAK.findall(word.group())), stopped)
