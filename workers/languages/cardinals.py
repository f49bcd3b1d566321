"""Numbers in words, for the languages that are read here.

Each function takes a number of 0 or more and below `LIMIT`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

LIMIT: Final = 10**12
"""A longer number is said figure by figure."""

_ES = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince "
    "dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro "
    "veinticinco veintiséis veintisiete veintiocho veintinueve"
).split()
_ES_TENS = "treinta cuarenta cincuenta sesenta setenta ochenta noventa".split()
_ES_HUNDREDS = (
    "ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos "
    "novecientos"
).split()


def spanish(number: int) -> str:
    """1.234: mil doscientos treinta y cuatro."""
    if number < 30:
        return _ES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return f"{_ES_TENS[tens - 3]} y {_ES[ones]}" if ones else _ES_TENS[tens - 3]
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return "cien" if number == 100 else _joined(_ES_HUNDREDS[hundreds - 1], rest, spanish)
    if number < 10**6:
        thousands, rest = divmod(number, 1000)
        return _joined(
            "mil" if thousands == 1 else f"{_short(spanish(thousands))} mil", rest, spanish
        )
    millions, rest = divmod(number, 10**6)
    said = "un millón" if millions == 1 else f"{_short(spanish(millions))} millones"
    return _joined(said, rest, spanish)


def _short(said: str) -> str:
    """Before what is counted: veintiún mil, treinta y un millones."""
    return (
        said.removesuffix("veintiuno") + "veintiún"
        if said.endswith("veintiuno")
        else (said.removesuffix("o") if said.endswith("uno") else said)
    )


_IT = (
    "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici "
    "quindici sedici diciassette diciotto diciannove"
).split()
_IT_TENS = "venti trenta quaranta cinquanta sessanta settanta ottanta novanta".split()


def italian(number: int) -> str:
    """1234: mille duecento trentaquattro. A word for each of them, so that each has its stress."""
    if number < 20:
        return _IT[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        word = _IT_TENS[tens - 2]
        end = "tré" if ones == 3 else _IT[ones] if ones else ""
        return (word[:-1] if ones in {1, 8} else word) + end
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return _joined(("" if hundreds == 1 else _IT[hundreds]) + "cento", rest, italian)
    if number < 10**6:
        thousands, rest = divmod(number, 1000)
        return _joined("mille" if thousands == 1 else f"{italian(thousands)}mila", rest, italian)
    for size, one, many in ((10**9, "un miliardo", "miliardi"), (10**6, "un milione", "milioni")):
        if number >= size:
            count, rest = divmod(number, size)
            return _joined(one if count == 1 else f"{italian(count)} {many}", rest, italian)
    raise AssertionError


_PT = (
    "zero um dois três quatro cinco seis sete oito nove dez onze doze treze quatorze quinze "
    "dezesseis dezessete dezoito dezenove"
).split()
_PT_TENS = "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa".split()
_PT_HUNDREDS = (
    "cento duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos novecentos"
).split()


def portuguese(number: int) -> str:
    """1.234: mil duzentos e trinta e quatro, as in Brazil."""
    if number < 20:
        return _PT[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return f"{_PT_TENS[tens - 2]} e {_PT[ones]}" if ones else _PT_TENS[tens - 2]
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        if number == 100:
            return "cem"
        return (
            f"{_PT_HUNDREDS[hundreds - 1]} e {portuguese(rest)}"
            if rest
            else _PT_HUNDREDS[hundreds - 1]
        )
    for size, one, many in (
        (10**9, "um bilhão", "bilhões"),
        (10**6, "um milhão", "milhões"),
        (1000, "mil", "mil"),
    ):
        if number >= size:
            count, rest = divmod(number, size)
            said = one if count == 1 else f"{portuguese(count)} {many}"
            if not rest:
                return said
            between = " e " if rest < 100 or (rest < 1000 and rest % 100 == 0) else " "
            return f"{said}{between}{portuguese(rest)}"
    raise AssertionError


_FR = (
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize "
    "dix-sept dix-huit dix-neuf"
).split()
_FR_TENS = "vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt".split()


def french(number: int) -> str:
    """1 234: mille deux cent trente-quatre, as in France."""
    if number < 20:
        return _FR[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        if tens in {7, 9}:
            ones += 10
        word = _FR_TENS[tens - 2]
        if ones == 0:
            return "quatre-vingts" if tens == 8 else word
        return f"{word} et {_FR[ones]}" if ones in {1, 11} and tens < 8 else f"{word}-{_FR[ones]}"
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        word = "cent" if hundreds == 1 else f"{_FR[hundreds]} cent"
        return f"{word} {french(rest)}" if rest else word
    for size, one, many in (
        (10**9, "un milliard", "milliards"),
        (10**6, "un million", "millions"),
        (1000, "mille", "mille"),
    ):
        if number >= size:
            count, rest = divmod(number, size)
            return _joined(one if count == 1 else f"{french(count)} {many}", rest, french)
    raise AssertionError


def _joined(said: str, rest: int, read: Callable[[int], str]) -> str:
    return f"{said} {read(rest)}" if rest else said


_HI = (
    "शून्य एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह "
    "बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस बीस इक्कीस बाईस तेईस "
    "चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस "
    "छत्तीस सैंतीस अड़तीस उनतालीस चालीस इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस सैंतालीस "
    "अड़तालीस उनचास पचास इक्यावन बावन तिरपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ "
    "साठ इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर सत्तर इकहत्तर "
    "बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उनासी अस्सी इक्यासी बयासी तिरासी "
    "चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी नब्बे इक्यानवे बानवे तिरानवे चौरानवे पचानवे "
    "छियानवे सत्तानवे अट्ठानवे निन्यानवे"
).split()


def hindi(number: int) -> str:
    """1234: एक हज़ार दो सौ चौंतीस. Above a thousand by lakh and crore."""
    if number == 100:
        return "सौ"
    if number < 100:
        return _HI[number]
    for size, name in ((10**7, "करोड़"), (10**5, "लाख"), (1000, "हज़ार"), (100, "सौ")):
        if number >= size:
            count, rest = divmod(number, size)
            return _joined(f"{hindi(count)} {name}", rest, hindi)
    raise AssertionError


_ZH = "零一二三四五六七八九"


def mandarin(number: int) -> str:
    """1234: 一千二百三十四."""
    if number < 10:
        return _ZH[number]
    said = _mandarin(number)
    return said[1:] if said.startswith("一十") else said


def _mandarin(number: int) -> str:
    for size, name in ((10**8, "亿"), (10**4, "万"), (1000, "千"), (100, "百"), (10, "十")):
        if number >= size:
            count, rest = divmod(number, size)
            gap = "零" if 0 < rest < size // 10 else ""
            many = "两" if count == 2 and size > 100 else _mandarin(count)
            return f"{many}{name}{gap}{_mandarin(rest) if rest else ''}"
    return _ZH[number]


def japanese(number: int) -> str:
    """1234: 千二百三十四."""
    return "ゼロ" if number == 0 else _japanese(number)


def _japanese(number: int) -> str:
    for size, name in ((10**8, "億"), (10**4, "万"), (1000, "千"), (100, "百"), (10, "十")):
        if number >= size:
            count, rest = divmod(number, size)
            many = "" if count == 1 and size <= 1000 else _japanese(count)
            return f"{many}{name}{_japanese(rest) if rest else ''}"
    return _ZH[number]
