"""Mandarin: pinyin by a library, and its sounds as the voices learned them.

jieba cuts a text into words, and pypinyin knows how words of several characters are read. Tones
stand behind the vowel as arrows: → 1, ↗ 2, ↓ 3, ↘ 4.
"""

from __future__ import annotations

import functools
import itertools
import logging
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from workers.engines import files
from workers.languages import cardinals
from workers.languages.base import LanguageReader
from workers.languages.unspaced import Unspaced
from workers.languages.writing import HAN, Writing

_INITIALS: Final = {
    "b": "p", "c": "ʦʰ", "ch": "ꭧʰ", "d": "t", "f": "f", "g": "k", "h": "x", "j": "ʨ", "k": "kʰ",
    "l": "l", "m": "m", "n": "n", "p": "pʰ", "q": "ʨʰ", "r": "ɻ", "s": "s", "sh": "ʂ", "t": "tʰ",
    "x": "ɕ", "z": "ʦ", "zh": "ꭧ", "": "",
}  # fmt: skip
_FINALS: Final = {
    "a": "a0", "ai": "ai0", "an": "a0n", "ang": "a0ŋ", "ao": "au0", "e": "ɤ0", "ei": "ei0",
    "en": "ə0n", "eng": "ə0ŋ", "i": "i0", "ia": "ja0", "ian": "jɛ0n", "iang": "ja0ŋ", "iao": "jau0",
    "ie": "je0", "in": "i0n", "iou": "jou0", "ing": "i0ŋ", "iong": "jʊ0ŋ", "ong": "ʊ0ŋ",
    "ou": "ou0", "u": "u0", "uei": "wei0", "ua": "wa0", "uai": "wai0", "uan": "wa0n", "uen": "wə0n",
    "uang": "wa0ŋ", "ueng": "wə0ŋ", "uo": "wo0", "o": "wo0", "v": "y0", "ve": "ɥe0", "van": "ɥɛ0n",
    "vn": "y0n", "er": "ɚ0", "ê": "ɛ0", "io": "jɔ0", "m": "m0", "n": "n0", "ng": "ŋ0",
}  # fmt: skip
"""With a 0 where the tone stands."""
_BUZZED: Final = frozenset("z c s zh ch sh r".split())
"""Initials after which i is a buzz."""
_TONES: Final = {"1": "→", "2": "↗", "3": "↓", "4": "↘"}


def syllable(initial: str, final: str) -> str:
    """The sounds of one, such as "zh" and "ong1"; none for what is no syllable."""
    tone = final[-1:] if final[-1:] in "12345" else ""
    rest = final.removesuffix(tone)
    sound = "ɨ0" if rest == "i" and initial in _BUZZED else _FINALS.get(rest)
    if sound is None:
        return ""
    return _INITIALS.get(initial, "") + sound.replace("0", _TONES.get(tone, ""))


_ENCLITICS: Final = frozenset("们了着")
"""What is said with the word before it, however that is cut."""

_WEAK_ENDS: Final = tuple(
    (row[0], row[2:].split("/")[0], row[1], row.split("/")[1])
    for row in (
        "学生xué/sheng 先生xiān/sheng 朋友péng/you 头发tóu/fa 地方dì/fang 喜欢xǐ/huan "
        "漂亮piào/liang 舒服shū/fu 认识rèn/shi 告诉gào/su 明白míng/bai 事情shì/qing 眼睛yǎn/jing "
        "耳朵ěr/duo 客气kè/qi 关系guān/xi 清楚qīng/chu 麻烦má/fan 休息xiū/xi 大夫dài/fu "
        "知道zhī/dao 聪明cōng/ming 热闹rè/nao 厉害lì/hai 葡萄pú/tao 豆腐dòu/fu 生意shēng/yi "
        "意思yì/si 月亮yuè/liang 丈夫zhàng/fu 姑娘gū/niang 师傅shī/fu 行李xíng/li 消息xiāo/xi"
    ).split()
)
"""Words whose second syllable has no tone, which the library gives one."""

_FIRST: Final = {
    "月": [["yuè"]], "月份": [["yuè"], ["fèn"]], "年级": [["nián"], ["jí"]], "号": [["hào"]],
    "楼": [["lóu"]], "等奖": [["děng"], ["jiǎng"]],
}  # fmt: skip
"""What 一 is the first of, and so keeps its tone."""

_CONTEXTS: Final[Mapping[str, Sequence[tuple[str, str, str]]]] = {
    "地": (("[^一二三四五六七八九十这那各此本当]{2}$", ".", syllable("d", "e5")),),
    "得": (("[我你您他她们谁都也还总就只必非]$", "[^很太非多]", syllable("d", "ei3")),),
    "长": (("[很太最更不够多米尺里么样]$", "", syllable("ch", "ang2")),),
    "种": (("", "[了着过植下满]", syllable("zh", "ong4")),),
    "还": (("", "[了给清书钱债款]", syllable("h", "uan2")),),
    "只": (("[一二三四五六七八九十百千两几这那每]$", "", syllable("zh", "i1")),),
    "数": (("", "[一了不]", syllable("sh", "u3")),),
    "教": (("", "[我你您他她它]", syllable("j", "iao1")),),
    "单": (("姓$", "", syllable("sh", "an4")),),
    "曾": (("[姓老小]$", "", syllable("z", "eng1")),),
    "任": (("[姓老小]$", "", syllable("r", "en2")),),
    "解": (("[姓老小]$", "", syllable("x", "ie4")),),
    "仇": (("[姓老小]$", "", syllable("q", "iou2")),),
    "查": (("[姓老小]$", "", syllable("zh", "a1")),),
}
"""Characters that are words by themselves and read in two ways: what ends the word before, what
begins the one after, and the reading there that is not the usual one. 里 behind a place is not
among them: it has no tone there when people speak, but the voices learned it as if it had one, and
are understood better so."""


def _in_context(before: str, word: str, after: str) -> str:
    """The sounds of a word that its neighbours decide; empty where they do not."""
    for left, right, sounds in _CONTEXTS.get(word, ()):
        if re.search(left, before) and re.match(right, after):
            return sounds
    return ""


def reader() -> LanguageReader:
    """Raises ImportError where pypinyin or jieba is not installed."""
    import jieba  # noqa: PLC0415 - optional, and large
    from pypinyin import Style, lazy_pinyin, load_phrases_dict  # noqa: PLC0415 - as above

    load_phrases_dict({f"{one}{two}": [[said], [weak]] for one, said, two, weak in _WEAK_ENDS})
    load_phrases_dict({"数一数": [["shǔ"], ["yi"], ["shǔ"]]})
    load_phrases_dict({f"一{what}": [["yī"], *said] for what, said in _FIRST.items()})
    cutter = jieba.Tokenizer()
    jieba.setLogLevel(logging.ERROR)
    with suppress(OSError):  # What it has made of its dictionary lies with ours, if it can.
        files.cache("lexicons").mkdir(parents=True, exist_ok=True)
        cutter.tmp_dir = str(files.cache("lexicons"))
    cutter.initialize()

    def cut(run: str) -> list[str]:
        return [run] if _NUMBER.fullmatch(run) else list(cutter.cut(run, HMM=False))

    @functools.lru_cache(4096)
    def word(written: str) -> str:
        initials, finals = (
            lazy_pinyin(
                written,
                style=style,
                strict=True,
                errors="ignore",
                neutral_tone_with_five=True,
            )
            for style in (Style.INITIALS, Style.FINALS_TONE3)
        )
        return "".join(map(syllable, initials, finals))

    def pieces(clause: str) -> list[tuple[str, str]]:
        words = ["", *itertools.chain(*map(cut, _NUMBER.split(clause))), ""]
        found: list[tuple[str, str]] = []
        for before, written, after in zip(words, words[1:], words[2:], strict=False):
            sounds = _in_context(before, written, after) or word(written)
            if written in _ENCLITICS and found:
                stem, known = found.pop()
                found.append((stem + written, known + sounds))
            else:
                found.append((written, sounds))
        return found

    return Unspaced(WRITING, pieces)


_NUMBER = re.compile("([零一二三四五六七八九十百千万亿两]{3,32})")
"""A number, which is one word however long it is."""


def _year(number: int, written: str) -> str:
    """A year by its figures, some years, or those who were born since one: 90后."""
    figures = "".join(cardinals.mandarin(int(figure)) for figure in f"{number:02}")
    if written == "后":
        return f"{figures if number < 100 and number % 5 == 0 else cardinals.mandarin(number)}后"
    return f"{figures if number >= 1000 else _counted(cardinals.mandarin(number), '年')}年"


def _date(day: int, month: int, year: int | None) -> str:
    said = f"{cardinals.mandarin(month)}月{cardinals.mandarin(day)}日"
    return f"{_year(year, '')}{said}" if year else said


def _time(hours: int, minutes: int) -> str:
    said = f"{'两' if hours == 2 else cardinals.mandarin(hours)}点"
    if not minutes:
        return said
    return f"{said}{'零' * (minutes < 10)}{cardinals.mandarin(minutes)}分"


def _counted(said: str, following: str) -> str:
    """2个: 两个; 2月 stays 二月."""
    return "两" if said == "二" and _COUNTING.match(following) else said


_COUNTING: Final = re.compile(
    "[个位只本张条件杯瓶次块元点天周岁双辆台家间份碗斤公千米万亿百小倍层名种句页头匹篇首支把艘架棵座扇顿人秒升吨袋盒包场"
    "处项步口根颗朵套所遍趟角毛克厘毫]|年(?!级)|分钟|平方|立方"
)
_TOLD_BY_FIGURES: Final = "电话 手机 热线 拨打 号码 密码 邮编 验证码 学号 工号 编号 账号 尾号"
"""Words that figures behind them are said one by one for."""

WRITING: Final = Writing(
    cardinal=cardinals.mandarin,
    decimal=".",
    point="点",
    groups=",",
    minus="负",
    date=_date,
    time=_time,
    clock=":：",
    counted=_counted,
    dot="点",
    ordinals="年(?!级)|后",
    ordinal=_year,
    money={
        "¥": ("元", "元"), "￥": ("元", "元"), "元": ("元", "元"), "$": ("美元", "美元"),
        "€": ("欧元", "欧元"), "£": ("英镑", "英镑"),
    },
    cents=None,
    units={
        "%": ("百分之{}", "百分之{}"), "％": ("百分之{}", "百分之{}"), "km": ("公里", "公里"),
        "m": ("米", "米"), "cm": ("厘米", "厘米"), "mm": ("毫米", "毫米"), "kg": ("公斤", "公斤"),
        "m²": ("平方米", "平方米"), "㎡": ("平方米", "平方米"),
        "km²": ("平方公里", "平方公里"), "cm²": ("平方厘米", "平方厘米"),
        "m³": ("立方米", "立方米"),
        "mg": ("毫克", "毫克"), "t": ("吨", "吨"), "kW": ("千瓦", "千瓦"), "kWh": ("度", "度"),
        "Hz": ("赫兹", "赫兹"), "℉": ("华氏度", "华氏度"),
        "g": ("克", "克"), "°C": ("度", "度"), "℃": ("度", "度"),
        "‰": ("千分之{}", "千分之{}"), "L": ("升", "升"),
        "ml": ("毫升", "毫升"), "km/h": ("公里每小时", "公里每小时"),
    },
    till="到",
    fraction=lambda part, whole: f"{cardinals.mandarin(whole)}分之{cardinals.mandarin(part)}",
    signs={"&": "和", "+": "加", "=": "等于", "@": "艾特", "×": "乘", "÷": "除以"},
    script=HAN,
    latin=True,
    spaced=False,
    figure_by_figure=True,
    placed="第初",
    before_code="|".join(
        f"(?<={word}{joined})"
        for word in _TOLD_BY_FIGURES.split()
        for joined in ("", "是", "为", "：", ":", " ", ": ")
    ),
    ratio="比",
)  # fmt: skip
