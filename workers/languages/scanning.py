"""What is written, as words to say: figures, dates, times, money, units and signs by tables.

One pass over a text by the pattern of its language (`forms`). Small on purpose: what people write
to each other, not what stands in a balance sheet.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from supervisor.marks import BOUND_SPACE, PRONOUNCED
from workers.languages import english
from workers.languages.alphabet import OPENING, from_ipa, marks
from workers.languages.cardinals import LIMIT
from workers.languages.forms import AMERICAN, VULGAR, pattern, short_forms
from workers.languages.writing import Writing


class Token(msgspec.Struct, gc=False):
    """A stretch of the text: the words that are said for it, or sounds that are given.

    `opening` and `closing` are the punctuation around it, in Kokoro's alphabet. `apart`: something
    that is not read stands before it.
    """

    start: int
    end: int
    words: tuple[str, ...]
    given: str | None = None
    opening: str = ""
    closing: str = ""
    apart: bool = False


_Remembered = dict[tuple[str, str], tuple[str, ...]]
"""The words for a kind of match and what it matched."""

_UNSEEN = re.compile("[\u00ad\u200b-\u200d\u2060]")
_FIGURES: Final = 10
"""A number of so many figures without groups is said figure by figure."""

_VOWELS: Final = "AEIOUYÁÉÍÓÚÀÈÌÒÙÂÊÔÃÕÜ"
_CONSONANT: Final = rf"[^\W\d_{_VOWELS}]"
_SAYABLE = re.compile(
    f"(?:[BCDFGPTVK][LR]|S[TP]|QU|[CSPT]H|GU|{_CONSONANT})?"
    f"[{_VOWELS}](?:{_CONSONANT}{{1,2}}[{_VOWELS}]{{1,2}}){{0,8}}{_CONSONANT}?"
)
"""Capitals that can be said as a word."""

_MOST_LETTERS: Final = 5
"""Capitals of more letters are a word, said loudly."""


class Scanner:
    """Cuts texts of a language into what is said for them."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._pattern = re.compile(pattern(writing))
        short = short_forms(writing)
        self._grouping = re.compile(f"[{re.escape(writing.groups)}]")
        self._forms: Mapping[str, Callable[[re.Match[str]], str]] = {
            "date": self._date,
            "iso": self._date,
            "time": self._time,
            "dotted": self._time,
            "range": self._range,
            "part": self._fraction,
            "vulgar": self._fraction,
            "phone": self._phone,
            "sum": self._money,
            "scale": self._money,
            "behind": self._money,
            "unit": self._measure,
            "ordinal": self._ordinal,
            "amount": self._counted,
            "code": self._phone,
            "figures": self._figures,
            "until": lambda _found: writing.till,
            "ratio": self._ratio,
            "short": lambda found: short[found["short"]],
            "sign": lambda found: writing.signs[found["sign"]],
            "times": lambda _found: writing.signs.get("×", ""),
            "dot": lambda _found: writing.dot,
            "nth": lambda found: writing.ordinal(_roman(found["roman"]), found["nth"]),
            "word": self._word,
        }

    def tokens(self, text: str) -> list[Token]:
        """What is said for a text, in its order."""
        text = text.translate(_FIGURES_OF_OTHERS)
        found: list[Token] = []
        opening, apart = "", False
        said: _Remembered = {}
        for match in self._pattern.finditer(text):
            kind = match.lastgroup
            if kind == "foreign":
                apart = True
                continue
            if kind == "opening" or (kind == "quote" and _opens(text, match.start())):
                opening += OPENING.get(match[0], match[0])
            elif kind in {"punctuation", "quote"}:
                closing = marks(match[0]) or match[0]
                if found and closing not in found[-1].closing:
                    found[-1].closing += closing
            else:
                token = self._token(match, said)
                if token.words or token.given:
                    token.opening, opening = opening, ""
                    token.apart, apart = apart, False
                    found.append(token)
        return found

    def _token(self, match: re.Match[str], said: _Remembered) -> Token:
        """What is said for a match. `said`: what has been said for others in this text."""
        start, end = match.span()
        kind = match.lastgroup or ""
        if kind == "mark":
            written, ipa = (part.replace(BOUND_SPACE, " ") for part in _given(match["mark"]))
            return Token(start, end, tuple(written.split()) or ("",), given=from_ipa(ipa))
        if kind == "latin":
            return Token(start, end, tuple(match[0].split()), given=english.phonemes(match[0]))
        key = (kind, match[0])
        words = said.get(key)
        if words is None:
            words = tuple(self._forms[kind](match).replace("-", " ").split())
            if kind not in _BY_NEIGHBOURS:
                said[key] = words
        return Token(start, end, words)

    def _date(self, found: re.Match[str]) -> str:
        if found["iso"] is not None:
            year, month, day = map(int, re.split("[-/.]", found["iso"]))
        else:
            day, month, year = (int(found[part]) for part in ("day", "month", "year"))
        if 1 <= month <= 12 and 1 <= day <= 31:
            return self._writing.date(day, month, year)
        return " ".join(map(self._writing.cardinal, (day, month, year)))

    def _time(self, found: re.Match[str]) -> str:
        written = found["time"] or found["dotted"]
        hours, minutes = map(int, re.split(f"[{self._writing.clock}.]", written))
        return self._writing.time(hours, minutes)

    def _range(self, found: re.Match[str]) -> str:
        many = self._named_many(found["each"])
        after = "" if self._is_placed(found) else many or self._after(found)
        ends = found["from"], found["to"]
        years = not self._writing.spaced and all(len(figures) == 4 for figures in ends)
        if years and (found["years"] or (not after and all(map(_is_recent, ends)))):
            said = [self._writing.ordinal(int(end), "") or self._cardinal(end) for end in ends]
        else:
            after = found["years"] or after
            said = [self._before(self._cardinal(end), after) for end in ends]
            said[-1] += found["years"] or ""
        both = f" {self._writing.till} ".join(said)
        return _named(both, many) if many else both

    def _named_many(self, sign: str | None) -> str:
        """What several of a unit or a sum of money are called; empty without one."""
        return (
            self._writing.units.get(sign or "") or self._writing.money.get(sign or "", ("", ""))
        )[1]

    def _ratio(self, found: re.Match[str]) -> str:
        parts = re.split("[:：]", found["ratio"])
        return f" {self._writing.ratio} ".join(map(self._cardinal, parts))

    def _ordinal(self, found: re.Match[str]) -> str:
        if self._is_placed(found):
            return f"{self._cardinal(found['place'])} {found['ordinal']}"
        return self._writing.ordinal(int(found["place"]), found["ordinal"])

    def _figures(self, found: re.Match[str]) -> str:
        """Figures that stand in a word: those of a flight are said one by one."""
        figures = found["figures"]
        many = self._writing.figure_by_figure and len(figures) > 2
        return self._one_by_one(figures) if many else self._number(figures)

    def _fraction(self, found: re.Match[str]) -> str:
        part, whole = VULGAR.get(found["vulgar"] or "", ()) or found["part"].split("/")
        named = self._writing.fraction(int(part), int(whole))
        return named or f"{self._cardinal(part)} {self._cardinal(whole)}"

    def _phone(self, found: re.Match[str]) -> str:
        return " ".join(map(self._one_by_one, (found["phone"] or found["code"]).split("-")))

    def _money(self, found: re.Match[str]) -> str:
        names = self._writing.money[found["before"] or found["behind"]]
        whole, fraction = self._parts(found["sum"] or found["paid"])
        if found["scale"]:
            said = self._signed(found, found["sum"], "")
            return f"{said} {found['scale']} {self._writing.of} {names[1]}"
        if fraction.strip("0") and (len(fraction) != 2 or self._writing.cents is None):
            said = self._signed(found, f"{whole}{self._writing.decimal}{fraction.rstrip('0')}", "")
            return _named(said, names[1])
        said = _named(self._signed(found, whole, names[1]), names[int(whole) != 1])
        if int(whole) == 0 and fraction.strip("0") and all(self._writing.hundredths):
            cents = self._cardinal(fraction.lstrip("0"))
            return f"{cents} {self._writing.hundredths[int(fraction) != 1]}"
        if self._writing.cents is not None and fraction.strip("0"):
            return self._writing.cents(said, self._cardinal(fraction.lstrip("0")))
        return said

    def _measure(self, found: re.Match[str]) -> str:
        one, many = self._writing.units[found["unit"]]
        whole, fraction = self._parts(found["measure"])
        name = one if int(whole) == 1 and not fraction else many
        return _named(self._signed(found, found["measure"], name), name)

    def _counted(self, found: re.Match[str]) -> str:
        after = "" if self._is_placed(found) else self._after(found)
        return self._signed(found, found["amount"], after)

    def _after(self, found: re.Match[str]) -> str:
        """The word behind a number."""
        after = _NEXT_WORD.match(found.string, found.end())
        return after[1].lower() if after else ""

    def _is_placed(self, found: re.Match[str]) -> bool:
        """Whether what stands before a number makes it a place in an order, so no count."""
        before = found.string[max(0, found.start() - 1) : found.start()]
        return bool(before) and before in self._writing.placed

    def _signed(self, found: re.Match[str], amount: str, following: str) -> str:
        said = self._number(amount)
        said = self._before(said, following)
        return f"{self._writing.minus} {said}" if found["minus"] else said

    def _before(self, said: str, following: str) -> str:
        """A number as it is said before this word; one that stands in a name is before nothing."""
        return (
            self._writing.counted(said, following) if following and "{}" not in following else said
        )

    def _number(self, amount: str) -> str:
        whole, fraction = self._parts(amount)
        grouped = len(whole) < len(amount) - len(fraction)
        said = self._writing.cardinal(int(whole)) if grouped else self._cardinal(whole)
        if not fraction:
            return said
        whole_tail = len(fraction) < 3 and not self._writing.figure_by_figure
        tail = self._cardinal(fraction) if whole_tail else self._one_by_one(fraction)
        return f"{said} {self._writing.point} {tail}"

    def _parts(self, amount: str) -> tuple[str, str]:
        """The figures before and after the decimal mark."""
        if AMERICAN.fullmatch(amount):
            dollars, _, cents = amount.replace(",", "").partition(".")
            return dollars, cents
        whole, mark, fraction = amount.rpartition(self._writing.decimal)
        if mark:
            return self._grouping.sub("", whole) or "0", fraction
        grouped = self._grouping.split(amount)
        if len(grouped) > 1 and len(grouped[-1]) != 3:
            return "".join(grouped[:-1]), grouped[-1]
        return "".join(grouped), ""

    def _cardinal(self, figures: str) -> str:
        if _is_code(figures) or int(figures) >= LIMIT:
            return self._one_by_one(figures)
        return self._writing.cardinal(int(figures))

    def _one_by_one(self, figures: str) -> str:
        return " ".join(self._writing.cardinal(int(figure)) for figure in figures)

    def _word(self, found: re.Match[str]) -> str:
        word = unicodedata.normalize("NFC", _UNSEEN.sub("", found["word"])).replace("’", "'")
        letters = self._writing.letters
        if letters and _is_spelled(word):
            return " ".join(letters.get(letter.lower(), letter.lower()) for letter in word)
        if letters and word.isupper() and len(word) <= _MOST_LETTERS and "'" not in word:
            alone = len(word) == 1 and word not in _VOWELS
            if alone or (len(word) > 1 and _SAYABLE.fullmatch(word) is None):
                return " ".join(letters.get(letter.lower(), letter.lower()) for letter in word)
        return word.lower()


_FIGURES_OF_OTHERS: Final = {
    zero + figure: ord("0") + figure
    for zero in (0x966, 0xFF10, 0x660, 0x6F0)
    for figure in range(10)
} | {
    first + place: letter + place
    for first, letter in ((0xFF21, ord("A")), (0xFF41, ord("a")))
    for place in range(26)
}  # fmt: skip
"""Figures of Devanagari, wide ones, and those of Arabic; wide letters."""
_BY_NEIGHBOURS: Final = frozenset({"amount", "ordinal", "range"})
"""Kinds of which the words around them decide."""

_NEXT_WORD = re.compile(r"\s?([^\W\d_]{1,32})")


_ROMAN: Final = {"I": 1, "V": 5, "X": 10}


def _is_spelled(word: str) -> bool:
    """Whether a word has no vowel, so that it can only be said letter by letter: km, tv, pdf."""
    return 1 < len(word) <= _MOST_LETTERS and _UNSAYABLE.fullmatch(word.lower()) is not None


_UNSAYABLE = re.compile(r"(?!(.)\1*$)[b-df-hj-np-tv-xz]+")


def _roman(capitals: str) -> int:
    """XIV: 14. What is no number as it is written is some number even so."""
    values = [_ROMAN[capital] for capital in capitals]
    return sum(
        -value if value < following else value
        for value, following in zip(values, [*values[1:], 0], strict=True)
    )


def _named(said: str, name: str) -> str:
    return name.format(said) if "{}" in name else f"{said} {name}"


def _opens(text: str, place: int) -> bool:
    """Whether the quotation mark at this place stands before what it quotes."""
    return place == 0 or text[place - 1].isspace() or text[place - 1] in OPENING


def _given(mark: str) -> tuple[str, ...]:
    """What is written in a mark of a pronunciation, and how it is said."""
    found = PRONOUNCED.fullmatch(mark)
    return found.groups() if found else ("", "")


def _is_recent(figures: str) -> bool:
    """Whether this may be a year that people speak of."""
    return 1900 <= int(figures) < 2100


def _is_code(figures: str) -> bool:
    """Whether figures are no quantity: one that begins with 0, or of very many."""
    return len(figures) >= _FIGURES or (len(figures) > 1 and figures[0] == "0")


def clauses(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Tokens that are said without a pause."""
    clause: list[Token] = []
    for token in tokens:
        if clause and (token.opening or token.given is not None or token.apart):
            yield clause
            clause = []
        clause.append(token)
        if token.closing or token.given is not None:
            yield clause
            clause = []
    if clause:
        yield clause
