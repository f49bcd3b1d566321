"""Spanish: sounds by rules of our own, since it is written as it is spoken.

Castilian as espeak-ng has it, from which the voices learned: /θ/ for c and z, /ʎ/ for ll, soft b, d
and g between vowels, also from word to word.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Final

from workers.languages import cardinals
from workers.languages.letters import Letters, stressed
from workers.languages.writing import Writing

_UNSTRESSED = frozenset(
    "a al con de del e el en la las le les lo los me mi mis ni nos o os por que se si sin su sus "
    "te tus u y".split()
)
_WEAKLY = frozenset("desde hasta para pero sobre".split())
"""Said with half a stress."""

_STRONG = "aeoáéíóúàèìòùâêîôûäëïö"
_VOWELS = f"{_STRONG}iuüy"
_ENDS_BEFORE_LAST = re.compile("[aeiou][ns]?$")

_STRESS = "[ˈˌ]?"
_FRONT = f"(?={_STRESS}[eéiíêëèï])"
_BEFORE = f"(?={_STRESS}[{_STRONG}iuü])"
_FIRST = "(?<![^ˈˌ])"

_LETTERS = Letters([
    ("ˈ", "ˈ"), ("ˌ", "ˌ"),
    ("ch", "ʧ"), ("ll", "ʎ"), (f"rr|{_FIRST}r|(?<=[lns])r", "r"), ("r", "ɾ"),
    (f"qu{_FRONT}|q|k|c(?=[kc])", "k"), (f"gu{_FRONT}", "ɡ"), (f"g{_FRONT}|j", "x"),
    (f"(?<=s)c{_FRONT}|c{_FRONT}|z|ç", "θ"), ("c", "k"), ("g", "ɡ"),
    ("(?<=m[ˈˌ][eé])x(?=ic|iqu)|(?<=oa)x(?=[ˈˌ]?ac)|(?<=t[ˈˌ]e)x(?=as|an)", "x"),
    (f"{_FIRST}x|{_FIRST}ps", "s"), ("x", "ks"), ("ñ", "ɲ"),
    (f"{_FIRST}hu(?={_STRESS}[aeoáéó])", "w"), (f"{_FIRST}sh|sh$", "ʃ"), ("ph", "f"),
    ("[bv]+", "b"), ("w", "w"), ("dd?", "d"), ("ff?", "f"), ("l", "l"), ("mm?", "m"),
    ("n", "n"), ("pp?", "p"), ("ss?", "s"), ("tt?", "t"),
    (f"y{_BEFORE}|{_FIRST}i(?={_STRESS}[aeoáéó])", "ʝ"),
    ("ái(?=s$)", "ai"), ("éi(?=s$)", "ei"),
    (f"[aá][iy](?!{_STRESS}[{_VOWELS}])", "I"), (f"[aá]u(?!{_STRESS}[{_VOWELS}])", "W"),
    (f"[eé][iy](?!{_STRESS}[{_VOWELS}])", "A"), (f"[oó][iy](?!{_STRESS}[{_VOWELS}])", "oɪ"),
    ("[eé]u", "eʊ"), ("[oó]u", "oʊ"),
    (f"i{_BEFORE}|(?<=[uú])y", "j"), (f"[uü]{_BEFORE}", "w"),
    ("[aáàâä]", "a"), ("[eéèêë]", "e"), ("[iyíìîï]", "i"), ("[oóòôö]", "o"), ("[uúùûü]", "u"),
])  # fmt: skip

_NASALS = (
    (re.compile("n(?= ?[ˈˌ]?[bp])"), "m"),
    (re.compile("n(?= ?[ˈˌ]?[ɡx])"), "ŋ"),
    (re.compile("nʝ"), "ɲ"),
    (re.compile("(?<!m)ˈen(?=[tdsθ])|(?<=m)ˈen(?=[tdsθ])(?!te(?: |$))"), "ˈɛn"),
)
"""Nasals as the consonant after them has it, and what they make of a vowel."""

_STOP = re.compile(
    "(?<=[^mn ˈˌ])( ?[ˈˌ]?)b(?![ t]|$)|(?<=[^n ˈˌ])( ?[ˈˌ]?)d(?![ ]|$)"
    "|(?<=[^nŋˈˌ ])( ?[ˈˌ]?)ɡ(?![nm ]|$)"
)
_SOFT = {"b": "β", "d": "ð", "ɡ": "ɣ"}


def sounds(words: Sequence[str]) -> list[str]:
    """Phonemes of words in small letters that are said without a pause, one for each."""
    said = " ".join(_word(word) for word in words)
    for pattern, nasal in _NASALS:
        said = pattern.sub(nasal, said)
    return _STOP.sub(_soft, said).split(" ")


@functools.lru_cache(4096)
def _word(word: str) -> str:
    nuclei = _nuclei(word)
    if not nuclei or word in _UNSTRESSED:
        return _LETTERS.sounds(word)
    if word in _WEAKLY:
        return _LETTERS.sounds(stressed(word, nuclei, 0)).replace("ˈ", "ˌ")
    accents = [number for number, place in enumerate(nuclei) if word[place] in "áéíóú"]
    last = len(nuclei) - 1
    at = accents[-1] if accents else last - 1 if _ENDS_BEFORE_LAST.search(word) and last else last
    if word.endswith("mente") and len(nuclei) > 2:
        return _word(word[:-5]) + "mˈente"
    return _LETTERS.sounds(stressed(word, nuclei, at))


def _nuclei(word: str) -> list[int]:
    """The places of the vowels that carry syllables: i and u beside another vowel carry none."""
    return [place for place in range(len(word)) if _carries(word, place)]


def _carries(word: str, place: int) -> bool:
    letter = word[place]
    if letter in _STRONG:
        return True
    if letter not in _VOWELS:
        return False
    before, after = word[:place][-1:], word[place + 1 : place + 2]
    if letter == "u" and before in {"q", "g"} and after and after in "eéií":
        return False
    if after and after in _VOWELS and not (letter == "u" and after == "y"):
        return False
    return not (before and before in _STRONG) and not (letter == "y" and before == "u")


def _soft(found: re.Match[str]) -> str:
    return found[0][:-1] + _SOFT[found[0][-1]]


_MONTHS: Final = (
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
).split()


def _date(day: int, month: int, year: int | None) -> str:
    first = "primero" if day == 1 else cardinals.spanish(day)
    said = f"{first} de {_MONTHS[month - 1]}"
    return f"{said} de {cardinals.spanish(year)}" if year else said


def _time(hours: int, minutes: int) -> str:
    said = cardinals.spanish(hours).replace("uno", "una")
    if not minutes:
        return f"{said} en punto"
    return f"{said} {'cero ' * (minutes < 10)}{cardinals.spanish(minutes)}"


def _counted(said: str, following: str) -> str:
    """21 kilos: veintiún; 21 casas: veintiuna; 200 personas: doscientas."""
    feminine = following.endswith(("a", "as", "ción", "ciones", "dad", "dades"))
    if feminine:
        said = said.replace("cientos", "cientas").replace("quinientos", "quinientas")
    if said.endswith("uno"):
        if feminine:
            return said[:-1] + "a"
        masculine = following.endswith(("o", "os", "e", "es", "r", "l", "n"))
        short = said[:-3] + ("ún" if said.endswith("veintiuno") else "un")
        return short if masculine and following not in _NEVER_COUNTED else said
    return said


_NEVER_COUNTED: Final = frozenset("de del en el los es son con por que se no".split())
_ORDINALS: Final = (
    "cero primero segundo tercero cuarto quinto sexto séptimo octavo noveno décimo".split()
)


def _ordinal(number: int, written: str) -> str:
    if not 1 <= number <= 10:
        return cardinals.spanish(number)
    said = _ORDINALS[number]
    if "er" in written:
        return said.removesuffix("o")
    return said[:-1] + "a" if written.strip(".") in {"ª", "a"} else said


_FRACTIONS: Final = {
    (1, 2): "medio", (1, 3): "un tercio", (2, 3): "dos tercios",
    (1, 4): "un cuarto", (3, 4): "tres cuartos",
}  # fmt: skip

WRITING: Final = Writing(
    cardinal=cardinals.spanish,
    decimal=",",
    point="coma",
    groups=".\u00a0\u202f\u2009",
    minus="menos",
    date=_date,
    time=_time,
    counted=_counted,
    after_time="h|hs|horas",
    dot="punto",
    roman=True,
    rulers=(
        "siglo Siglo Alfonso Carlos Felipe Fernando Isabel Juan Pablo Jaime Enrique Pedro "
        "Sancho Pío Benedicto León Luis Jorge Guillermo Catalina Nicolás Alejandro Francisco "
        "Napoleón capítulo Capítulo tomo Tomo"
    ),
    scales="mil|millón|millones",
    of="de",
    ordinals=r"\.?[ºª°]|\.?er",
    ordinal=_ordinal,
    money={
        "€": ("euro", "euros"), "EUR": ("euro", "euros"), "$": ("dólar", "dólares"),
        "US$": ("dólar", "dólares"), "£": ("libra", "libras"), "¥": ("yen", "yenes"),
    },
    cents=lambda whole, cents: f"{whole} con {cents}",
    units={
        "%": ("por ciento", "por ciento"), "‰": ("por mil", "por mil"),
        "km/h": ("kilómetro por hora", "kilómetros por hora"), "km": ("kilómetro", "kilómetros"),
        "m": ("metro", "metros"), "cm": ("centímetro", "centímetros"),
        "mm": ("milímetro", "milímetros"), "m²": ("metro cuadrado", "metros cuadrados"),
        "km²": ("kilómetro cuadrado", "kilómetros cuadrados"), "kg": ("kilo", "kilos"),
        "g": ("gramo", "gramos"), "mg": ("miligramo", "miligramos"), "l": ("litro", "litros"),
        "L": ("litro", "litros"), "ml": ("mililitro", "mililitros"), "h": ("hora", "horas"),
        "min": ("minuto", "minutos"), "s": ("segundo", "segundos"),
        "°C": ("grado", "grados"), "ºC": ("grado", "grados"), "°": ("grado", "grados"),
        "W": ("vatio", "vatios"), "kW": ("kilovatio", "kilovatios"),
        "kWh": ("kilovatio hora", "kilovatios hora"), "V": ("voltio", "voltios"),
        "GB": ("gigabyte", "gigabytes"), "MB": ("megabyte", "megabytes"),
    },
    till="a",
    ratio="a",
    fraction=lambda part, whole: _FRACTIONS.get((part, whole), ""),
    hundredths=("céntimo", "céntimos"),
    before_time="(?<=las )",
    signs={
        "&": "y", "+": "más", "=": "igual a", "@": "arroba", "%": "por ciento", "€": "euros",
        "×": "por", "÷": "entre", "#": "número", "°": "grados",
    },
    letters=dict(zip(
        "abcdefghijklmnñopqrstuvwxyz",
        "a be ce de e efe ge hache i jota ka ele eme ene eñe o pe cu erre ese te u uve "
        "uve-doble equis i-griega zeta".replace("-", "\u00a0").split(" "),
        strict=True,
    )),
    abbreviations={
        "Sr.": "señor", "Sra.": "señora", "Srta.": "señorita", "Sres.": "señores",
        "Dr.": "doctor", "Dra.": "doctora", "D.": "don", "Dña.": "doña", "Ud.": "usted",
        "Uds.": "ustedes", "p. m.": "de la tarde", "a. m.": "de la mañana",
        "p.m.": "de la tarde", "a.m.": "de la mañana", "n.º": "número", "N.º": "número",
        "nº": "número", "Nº": "número", "C/": "calle", "c/": "calle", "S.A.": "ese a",
        "pp.": "páginas",
        "p.": "página", "vol.": "volumen", "cap.": "capítulo", "a.C.": "antes de Cristo",
        "d.C.": "después de Cristo", "www": "tres uve dobles",
        "etc.": "etcétera", "p. ej.": "por ejemplo", "EE. UU.": "Estados Unidos",
        "EE.UU.": "Estados Unidos", "EEUU": "Estados Unidos", "núm.": "número", "pág.": "página",
        "av.": "avenida", "Av.": "avenida", "aprox.": "aproximadamente", "a. C.": "antes de Cristo",
        "d. C.": "después de Cristo", "tel.": "teléfono", "Tel.": "teléfono",
    },
)  # fmt: skip
