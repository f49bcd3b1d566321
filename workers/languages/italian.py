"""Italian: sounds by rules of our own, stress and open vowels by a list of words that differ.

Written Italian leaves open where a word is stressed and how open its e and o are. Most are stressed
on the last syllable but one, with closed vowels; `data/italian.txt.gz` has those that are not, with
accents as a dictionary writes them. An ending that is not in it is tried as that of the stem.
"""

from __future__ import annotations

import functools
import gzip
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from workers.languages import cardinals
from workers.languages.letters import Letters, stressed
from workers.languages.writing import Writing

_DATA = Path(__file__).parent / "data" / "italian.txt.gz"

UNSTRESSED = frozenset(
    "a ad ai al alla alle allo agli che ci con col da dal dalla dalle dallo dai dagli di dei del "
    "della delle dello degli e ed fra gli ha ho i il in la le li lo ma mi ne nei nel nella "
    "nelle nello negli non o od per se si su sui sul sulla sulle sullo sugli ti tra un una uno "
    "vi".split()
)

_STRONG = "aeoàèéòó"
_VOWELS = "aeiouàèéìíòóùú"
_ACCENTED = "àèéìíòóùú"
_COMPOUND = re.compile(
    "(venti|trenta|quaranta|cinquanta|sessanta|settanta|ottanta|novanta)"
    "(due|tre|tré|quattro|cinque|sei|sette|nove)"
)
"""Numbers that are said as both of their parts are."""

_THIRD_LAST = re.compile(
    "(?:[aeiu]b?il[ei]|evol[ei]|(?:iss|es)im[oaei]|(?:[^aeiou]|gli|[cg]i)(?:an|on)o"
    "|[aei](?:r|ss|bb)(?:er|on)o|ic(?:[oai]|he)|[oiae](?:log|graf|fer|metr|cid)[oai]"
    "|(?:[au]d|[ai]g)in[ei])$"
)
"""Endings of words whose last syllable but two is stressed."""

_DIPHTHONG = re.compile("[aeo]i$")
"""An ending that is one syllable, and stressed: avrei, ormai."""

_S = "[ˈˌ]?"
_FRONT = f"(?={_S}[eièéìí])"
_VOWEL_NEXT = f"(?={_S}[{_VOWELS}])"
_FIRST = "(?<![^ˈˌ'])"
_LETTERS = Letters([
    ("ˈ", "ˈ"), ("ˌ", "ˌ"),
    (f"sc(?:i(?={_S}[aeouàèéòóù])|{_FRONT})", "ʃ"),
    (f"cc(?:i(?={_S}[aeouàèéòóù])|{_FRONT})", "ʧː"),
    (f"c(?:i(?={_S}[aeouàèéòóù])|{_FRONT})", "ʧ"),
    (f"gg(?:i(?={_S}[aeouàèéòóù])|{_FRONT})", "ʤː"),
    (f"gli(?={_S}[aeouàèéòóù])|gl(?={_S}[iìí])", "ʎ"), ("gn", "ɲ"),
    (f"g(?:i(?={_S}[aeouàèéòóù])|{_FRONT})", "ʤ"),
    ("cch|cq|qq|cc|kk", "kː"), ("ch|c|k|q", "k"), ("ggh|gg", "ɡː"), ("gh|g", "ɡ"),
    ("żż|(?<=[aeiou][bcdglmntv]i)zz|(?<=[aeo]ri)zz", "ʣː"), ("zz", "ʦː"),
    (f"ż|{_FIRST}z", "ʣ"), ("z", "ʦ"),
    ("ss", "S"), (f"(?<=[{_VOWELS}])s{_VOWEL_NEXT}|s(?=[bdglmnrvż])", "z"), ("s", "s"),
    ("bb", "bː"), ("b", "b"), ("dd", "dː"), ("d", "d"), ("ff", "ff"), ("f|ph", "f"),
    ("pp", "pː"), ("p", "p"), ("tt", "tː"), ("t", "t"), ("rr", "rɾ"), ("r", "r"),
    ("vv", "vv"), ("[vw]", "v"), ("j", "j"), ("y", "i"), ("x", "ks"), ("ll", "ll"), ("l", "l"),
    ("mm", "mm"), ("m", "m"), ("nn", "nn"), (f"n(?=g(?!n|{_S}[eièéìí]))", "ŋ"), ("n", "n"),
    ("h", ""), ("'", ""),
    (f"(?<![aeou]..)(?<![aeou].)(?<![aeou])i(?={_S}[aeouàèéòóùú])|i(?=[ˈˌ]am[oi])", "j"),
    (f"(?<=[qg])u{_VOWEL_NEXT}", "w"),
    (f"{_FIRST}uˈo(?=.)", "wˈɔ"), ("uˈo(?=.)", "ʊˈɔ"), ("iˈe(?=.)", "jˈɛ"),
    ("à|a", "a"), ("è", "ɛ"), ("[éeë]", "e"), ("ò", "ɔ"), ("[óoö]", "o"),
    (f"(?<=[^{_VOWELS}ˈ])i$", "ɪ"), ("[iìíï]", "i"),
    ("(?<=ˈ)[uùúü]", "u"), ("[uùúü]", "ʊ"),
])  # fmt: skip


def sounds(words: Sequence[str]) -> list[str]:
    """Phonemes of words in small letters that are said without a pause, one for each."""
    return [_word(word) for word in words]


@functools.lru_cache(4096)
def _word(word: str) -> str:
    elided, apostrophe, main = word.rpartition("'")
    if apostrophe and main:
        soft = elided[-1:] in {"c", "g"} and main[0] in "eièéìí"
        said = _LETTERS.sounds(f"{elided}i" if soft else elided).rstrip("iɪ")
        return (f"{said[:-1]}z" if elided == "cos" else said) + _word(main)
    compound = _COMPOUND.fullmatch(word)
    if compound is not None:
        tens, ones = compound.groups()
        return _LETTERS.sounds(f"{tens}.").replace("z", "s") + _word(ones)
    if word in UNSTRESSED:
        return _LETTERS.sounds(word)
    return by_rules(_accented(word))


def by_rules(word: str) -> str:
    """Phonemes of a word by its letters and accents alone."""
    return _LETTERS.sounds(_marked(word))


def _accented(word: str) -> str:
    """The word with its accent, if that is known not to be what the rules expect."""
    if any(letter in _ACCENTED for letter in word):
        return word
    known = _known()
    if word in known:
        return known[word]
    if word[-1:] in {"a", "e", "i", "o"}:
        stem = word[:-1].removesuffix("h")
        for ending in "oae":
            found = known.get(stem + ending)
            if found is not None and found[-1] == ending:
                return found[: len(stem)] + word[len(stem) :]
    return word


def _marked(word: str) -> str:
    nuclei = [place for place in range(len(word)) if _carries(word, place)]
    if not nuclei:
        return word
    accents = [number for number, place in enumerate(nuclei) if word[place] in _ACCENTED]
    if accents:
        return stressed(word, nuclei, accents[-1], secondary=False)
    last = len(nuclei) - 1
    if _THIRD_LAST.search(word):
        back = 2
    elif _DIPHTHONG.search(word):
        back = 0
    else:
        back = 1 if word[-1] in _VOWELS or last == 0 else 0
    return stressed(word, nuclei, max(last - back, 0), secondary=False)


def _carries(word: str, place: int) -> bool:
    """Whether the letter at this place is the vowel of a syllable."""
    letter = word[place]
    if letter not in _VOWELS:
        return False
    if letter not in "iu":
        return True
    before, after = word[:place][-1:], word[place + 1 : place + 2]
    return not (after and after in _VOWELS) and not (before and before in "aeoàèéòó")


@functools.cache
def _known() -> Mapping[str, str]:
    words = gzip.decompress(_DATA.read_bytes()).decode().split()
    return {plain(word): word for word in words}


_PLAIN = str.maketrans("àèéìíòóùúż", "aeeiioouuz")


def plain(word: str) -> str:
    """The word without the accents of a dictionary."""
    return word.translate(_PLAIN)


_MONTHS: Final = (
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"
).split()


def _date(day: int, month: int, year: int | None) -> str:
    said = f"{'primo' if day == 1 else cardinals.italian(day)} {_MONTHS[month - 1]}"
    return f"{said} {cardinals.italian(year)}" if year else said


def _time(hours: int, minutes: int) -> str:
    said = cardinals.italian(hours).replace("uno", "una")
    return f"{said} e {cardinals.italian(minutes)}" if minutes else said


def _counted(said: str, following: str) -> str:
    """1 chilo: un; 1 casa: una. Longer numbers stay what they are."""
    if said != "uno":
        return said
    if following.endswith("a"):
        return "una"
    return "uno" if re.match("z|x|gn|ps|s[^aeiou]", following) else "un"


_ORDINALS: Final = "zero primo secondo terzo quarto quinto sesto settimo ottavo nono decimo".split()


def _ordinal(number: int, written: str) -> str:
    if number == 0:
        return "zero"
    if number <= 10:
        said = _ORDINALS[number]
    else:
        said = cardinals.italian(number)
        said = f"{said if said.endswith(('tré', 'sei')) else said[:-1]}esimo".replace("tré", "tre")
    return said[:-1] + "a" if written in {"ª", "a"} else said


_FRACTIONS: Final = {
    (1, 2): "mezzo", (1, 3): "un terzo", (2, 3): "due terzi",
    (1, 4): "un quarto", (3, 4): "tre quarti",
}  # fmt: skip

WRITING: Final = Writing(
    cardinal=cardinals.italian,
    decimal=",",
    point="virgola",
    groups=".\u00a0\u202f\u2009",
    minus="meno",
    date=_date,
    time=_time,
    counted=_counted,
    dot="punto",
    roman=True,
    rulers=(
        "secolo Secolo Carlo Filippo Vittorio Emanuele Umberto Enrico Luigi Giovanni Paolo "
        "Pio Benedetto Leone Giorgio Guglielmo Caterina Nicola Alessandro Francesco Napoleone "
        "Elisabetta Federico capitolo Capitolo volume Volume"
    ),
    scales="mila|milione|milioni|miliardi",
    of="di",
    ordinals="[ºª°]",
    ordinal=_ordinal,
    money={
        "€": ("euro", "euro"), "EUR": ("euro", "euro"), "$": ("dollaro", "dollari"),
        "£": ("sterlina", "sterline"), "¥": ("yen", "yen"),
    },
    cents=lambda whole, cents: f"{whole} e {cents}",
    units={
        "%": ("per cento", "per cento"), "km/h": ("chilometro all'ora", "chilometri all'ora"),
        "km": ("chilometro", "chilometri"), "m": ("metro", "metri"),
        "cm": ("centimetro", "centimetri"), "mm": ("millimetro", "millimetri"),
        "m²": ("metro quadrato", "metri quadrati"),
        "mq": ("metro quadrato", "metri quadrati"), "kg": ("chilo", "chili"),
        "g": ("grammo", "grammi"), "mg": ("milligrammo", "milligrammi"), "l": ("litro", "litri"),
        "L": ("litro", "litri"), "ml": ("millilitro", "millilitri"), "h": ("ora", "ore"),
        "min": ("minuto", "minuti"), "sec.": ("secondo", "secondi"),
        "s": ("secondo", "secondi"), "°C": ("grado", "gradi"),
        "W": ("watt", "watt"), "kW": ("chilowatt", "chilowatt"),
        "kWh": ("chilowattora", "chilowattora"), "GB": ("gigabyte", "gigabyte"),
        "MB": ("megabyte", "megabyte"),
    },
    till="a",
    ratio="a",
    fraction=lambda part, whole: _FRACTIONS.get((part, whole), ""),
    hundredths=("centesimo", "centesimi"),
    before_time="(?<=alle )|(?<=ore )|(?<=dalle )|(?<=le )",
    signs={
        "&": "e", "+": "più", "=": "uguale", "@": "chiocciola", "%": "per cento", "€": "euro",
        "×": "per", "÷": "diviso", "#": "cancelletto", "°": "gradi",
    },
    letters=dict(zip(
        "abcdefghijklmnopqrstuvwxyz",
        "a bi ci di e effe gi acca i i-lunga cappa elle emme enne o pi cu erre esse ti u vu "
        "vu-doppia ics ipsilon zeta".replace("-", "\u00a0").split(" "),
        strict=True,
    )),
    abbreviations={
        "sig.": "signor", "Sig.": "signor", "sig.ra": "signora", "Sig.ra": "signora",
        "Sigg.": "signori", "dott.": "dottor", "Dott.": "dottor", "dott.ssa": "dottoressa",
        "Dott.ssa": "dottoressa", "prof.": "professor", "Prof.": "professor",
        "prof.ssa": "professoressa", "Prof.ssa": "professoressa", "avv.": "avvocato",
        "Avv.": "avvocato", "ing.": "ingegner", "Ing.": "ingegner", "ecc.": "eccetera",
        "p.es.": "per esempio", "pag.": "pagina", "tel.": "telefono", "Tel.": "telefono",
        "a.C.": "avanti Cristo", "d.C.": "dopo Cristo", "n.": "numero",
        "n°": "numero", "N°": "numero", "nº": "numero", "S.p.A.": "esse pi a", "sec.": "secolo",
        "vol.": "volume", "cap.": "capitolo", "p.": "pagina", "pp.": "pagine", "www": "vu vu vu",
    },
)  # fmt: skip
