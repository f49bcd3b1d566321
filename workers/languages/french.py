"""French: sounds by rules of our own, words that are otherwise by a list, and liaison.

`data/french.txt.gz` has the words that the rules get wrong, each with its sounds. Stress is on the
last vowel of a word that means something by itself.
"""

from __future__ import annotations

import functools
import gzip
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from workers.languages import cardinals
from workers.languages.letters import Letters
from workers.languages.writing import Writing

_DATA = Path(__file__).parent / "data" / "french.txt.gz"

_V = "aeiouyàâäéèêëîïôöùûüœæ"
_C = f"[^{_V}]"
_FRONT = "(?=[eiyéèêëîïœ])"
_NASAL = f"(?![{_V}nmh])"

LETTERS = Letters([
    # Endings.
    ("(?<=.)ers?$", "e"), ("ez$", "e"), ("(?<=.)ets?$", "ɛ"), ("(?<=i)ens?$", "ɛ̃"),
    (f"(?<=[{_V}].)es?$|(?<=[{_V}]..)es?$|(?<=[{_V}]...)es?$|(?<=[{_V}])es?$", ""),
    ("ies?$|ïes?$", "i"), ("ues?$(?<![gq]ue)(?<![gq]ues)", "y"), ("es$", "e"), ("e$", "ə"),
    ("aient$", "ɛ"), ("ements?$(?<=[^aeiou]ement)|ements?$(?<=[^aeiou]ements)", "mɑ̃"),
    ("(?<=m)ents?$", "ɑ̃"), ("(?<=[^éi])ent$", ""),
    ("(?:aux|eaux|auds?|auts?)$", "o"), ("(?<=[aeo]i)[dstx]+$", ""),
    ("(?<=c)ts?$", ""), ("[dptsxz]+$", ""), (f"(?<=[{_V}nmr])[gb]s?$(?<=n[gb]|ng|mb)", ""),
    # Several letters that are one sound.
    ("eaux?|aux?|ô", "o"), ("oin" + _NASAL, "wɛ̃"), ("où|oû|ou(?!ill)(?![aeiéèêo])", "u"),
    ("ouill", "uj"), ("ou", "w"),
    ("aill|ail$|ails$", "aj"), ("eill|eil$|eils$", "ɛj"), ("(?:eu|œu|ue|œ)il(?:l|s?$)", "œj"),
    ("oy(?=[aeéèiou])", "waj"), ("[ae]y(?=[aeéèiou])", "ɛj"), ("uy(?=[aeéèiou])", "ɥij"),
    (f"(?:ai|ei|i|y)[nm]{_NASAL}|aî?[nm]{_NASAL}(?<=î[nm])", "ɛ̃"), (f"(?<=[ié])en{_NASAL}", "ɛ̃"),
    (f"[aâe][nm]{_NASAL}", "ɑ̃"), (f"o[nm]{_NASAL}", "ɔ̃"), (f"u[nm]{_NASAL}", "œ̃"),
    ("oi|oî|oê", "wa"), ("ai|aî|ei|ay|ey", "ɛ"), ("œu(?=[rfvlbp])|eu(?=[rfvlbpnc])", "œ"),
    ("œu|eu|eû", "ø"), ("œ", "œ"), ("æ", "e"),
    (f"(?<={_C})ill(?=[{_V}])", "ij"), ("(?<!s)ti(?=on|eu|el)", "sj"), ("ii", "ij"),
    # Consonants.
    ("ch(?=[rl])", "k"), ("s?ch|sh", "ʃ"), ("ph", "f"), ("gn", "ɲ"), ("th", "t"), ("rh", "ʁ"),
    (f"gu{_FRONT}|gu(?=ai|on|ant)", "ɡ"), ("ge(?=[aoâôu])", "ʒ"), (f"gg{_FRONT}", "ɡʒ"),
    (f"g{_FRONT}|j", "ʒ"), ("gg|g", "ɡ"), ("cqu|qu|q|ck", "k"), (f"cc{_FRONT}", "ks"),
    (f"s?c{_FRONT}|ç", "s"), ("cc|c|k", "k"),
    (f"(?<=[{_V}])s(?=[{_V}])", "z"), ("ss|s", "s"), (f"(?<=e)x(?=h?[{_V}])", "ɡz"), ("x", "ks"),
    ("bb|b", "b"), ("dd|d", "d"), ("ff|f", "f"), ("ll|l", "l"), ("mm|m", "m"), ("nn|n", "n"),
    ("pp|p", "p"), ("rr|r", "ʁ"), ("tt|t", "t"), ("[vw]", "v"), ("zz|z", "z"), ("h", ""),
    # Vowels.
    ("é", "e"), ("[èêë]", "ɛ"), (f"e(?={_C}{_C})(?!{_C}[rl])|e(?=x)|e(?={_C}$)", "ɛ"), ("e", "ə"),
    (f"i(?=[{_V}])(?<![bcdfgptv][rl]i)", "j"), ("[iîïy]", "i"), (f"u(?=[{_V}])", "ɥ"),
    ("[uùûü]", "y"),
    ("[aàâä]", "a"), (f"o(?=(?:[dtpsxz]s?)?$|s[{_V}])", "o"), ("[oöó]", "ɔ"),
])  # fmt: skip
_VOWEL = re.compile("[aeiouyɛɔəøœɑ]\u0303?")

CLITICS: Final[Mapping[str, str]] = {
    "le": "lə", "la": "la", "les": "le", "de": "də", "du": "dy", "des": "de", "un": "œ̃",
    "une": "yn", "je": "ʒə", "tu": "ty", "il": "il", "ils": "il", "elle": "ɛl", "elles": "ɛl",
    "on": "ɔ̃", "nous": "nu", "vous": "vu", "me": "mə", "te": "tə", "se": "sə", "ce": "sə",
    "ces": "se", "mes": "me", "tes": "te", "ses": "se", "mon": "mɔ̃", "ton": "tɔ̃", "son": "sɔ̃",
    "ma": "ma", "ta": "ta", "sa": "sa", "nos": "no", "vos": "vo", "leur": "lœʁ", "leurs": "lœʁ",
    "et": "e", "ou": "u", "à": "a", "au": "o", "aux": "o", "en": "ɑ̃", "dans": "dɑ̃", "sur": "syʁ",
    "par": "paʁ", "pour": "puʁ", "que": "kə", "qui": "ki", "ne": "nə", "est": "ɛ", "sont": "sɔ̃",
    "a": "a", "ont": "ɔ̃", "y": "i", "si": "si", "sous": "su", "chez": "ʃe", "sans": "sɑ̃",
    "où": "u", "quand": "kɑ̃", "notre": "nɔtʁ", "votre": "vɔtʁ", "sommes": "sɔm", "suis": "syi",
    "quel": "kɛl", "quelle": "kɛl", "quels": "kɛl", "quelles": "kɛl", "parce": "paʁs",
    "avec": "avˌɛk", "mais": "mɛ", "plus": "ply", "tout": "tu", "très": "tʁɛ", "cette": "sɛt",
    "cet": "sɛt", "c": "s", "d": "d", "j": "ʒ", "l": "l", "m": "m", "n": "n", "s": "s", "t": "t",
    "qu": "k", "lorsqu": "lɔʁsk", "jusqu": "ʒysk", "puisqu": "pɥisk", "aujourd": "oʒuʁd",
    "quelqu": "kɛlk", "presqu": "pʁɛsk",
}  # fmt: skip
"""Words without a stress of their own, and what is left of some before a vowel."""

_LIAISON: Final[Mapping[str, str]] = {
    word: sound
    for sound, words in {
        "z": "les des ces mes tes ses nos vos leurs nous vous ils elles aux dans sans sous chez "
        "très plus deux trois six dix quelques plusieurs autres petits petites grands grandes "
        "mêmes quels quelles cents vingts",
        "n": "un on mon ton son en bien aucun",
        "t": "est sont ont tout petit grand quand fait vingt cent était étaient avait",
    }.items()
    for word in words.split()
}
_ASPIRATED = re.compile(
    "(?:hach|haie|hain|haï|hall|halt|hamb|hameau|hanch|hand|hang|hant|harc|hard|hareng|haricot|harp|"
    "hasard|hât|hauss|haut|hérisson|héros$|heurt|hibou|hiérarch|hocke|holland|homard|hongr|hont|"
    "hors|houl|housse|hublot|huit|hurl|hutte|onz|oui$|ouistiti|yaourt|yacht|yoga|week)"
)
"""Words that begin like one with a vowel and are treated as if they did not."""


def sounds(words: Sequence[str]) -> list[str]:
    """Phonemes of words in small letters that are said without a pause, one for each."""
    said = [_word(word) for word in words]
    for place, following in enumerate(words[1:]):
        word = words[place].rpartition("'")[2]
        begins = said[place + 1].lstrip("ˈˌ")[:1]
        if word == "vingt" and following in _ONES and words[max(place - 1, 0)] != "quatre":
            said[place] += "t"
        elif word == "quatre" and following in {"vingt", "vingts"}:
            said[place] = "katʁə"
        elif word == "est" and following == "ce":
            said[place], said[place + 1] = "ɛs", ""
        elif word == "dix" and following in {"sept", "huit", "neuf"}:
            said[place] = f"{said[place][:-1]}{'s' if following == 'sept' else 'z'}"
        elif following in _INVERTED and word.endswith(("d", "t")):
            said[place] = f"{said[place].removesuffix('t')}t"
        elif begins in _VOWELS_FIRST and not _ASPIRATED.match(following):
            said[place] = _linked(word, said[place], following)
        elif word in _SHORTENED and following not in _MONTHS:
            said[place] = said[place][:-1]
    return said


_VOWELS_FIRST: Final = frozenset("aeiouyɛɔøœɑɥjw")
_ONES: Final = frozenset("deux trois quatre cinq six sept huit neuf".split())
_INVERTED: Final = frozenset("il ils elle elles on".split())
"""Behind its verb: dit-il."""
_NUMBERS: Final = frozenset("deux trois six dix vingt cent cents vingts".split())
_BEHIND_NUMBERS: Final = frozenset("à au aux avec en est et ou onze un une y".split())
"""What no number counts: en 2026 à Toulouse."""
_SHORTENED: Final = frozenset("six dix huit".split())
"""Numbers whose last consonant is silent before another one."""


def _linked(word: str, said: str, following: str) -> str:
    """A word as it is said before a vowel."""
    if word == "neuf" and following in {"ans", "heures"}:
        return f"{said[:-1]}v"
    if word not in _LIAISON or (word in _NUMBERS and following in _BEHIND_NUMBERS):
        return said
    return f"{said.removesuffix('s')}{_LIAISON[word]}"


@functools.lru_cache(4096)
def _word(word: str) -> str:
    elided, apostrophe, main = word.rpartition("'")
    if apostrophe and main:
        return _elided(elided) + _word(main)
    known = CLITICS.get(word)
    if known is not None:
        return known
    return _stressed(as_spoken(_known().get(word) or LETTERS.sounds(word)))


def as_spoken(sounds: str) -> str:
    """Sounds of a dictionary as the voice learned them: no ə between two single consonants, /y/
    before i.
    """
    return _SILENT.sub("", sounds).replace("ɥ", "y")


_SILENT = re.compile(
    "(?<=[aeiouyɛɔøœɑ\u0303][bdfɡklmnpsʁtvzʃʒɲ])ə(?=[bdfɡklmnpsʁtvzʃʒɲ][aeiouyɛɔøœɑ])"
)


def _elided(word: str) -> str:
    return "".join(CLITICS.get(part, LETTERS.sounds(part)) for part in word.split("'"))


def _stressed(said: str) -> str:
    vowels = [found for found in _VOWEL.finditer(said) if found[0] != "ə"]
    if not vowels:
        return said
    at = vowels[-1].start()
    return f"{said[:at]}ˈ{said[at:]}"


@functools.cache
def _known() -> Mapping[str, str]:
    rows = gzip.decompress(_DATA.read_bytes()).decode().splitlines()
    return dict(row.split(" ", 1) for row in rows)


_MONTHS: Final = (
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
)


def _date(day: int, month: int, year: int | None) -> str:
    said = f"{'premier' if day == 1 else cardinals.french(day)} {_MONTHS[month - 1]}"
    return f"{said} {cardinals.french(year)}" if year else said


def _time(hours: int, minutes: int) -> str:
    said = f"{_counted(cardinals.french(hours), 'heures')} {'heure' if hours < 2 else 'heures'}"
    return f"{said} {cardinals.french(minutes)}" if minutes else said


def _counted(said: str, following: str) -> str:
    """1 heure: une; 200 mètres: deux cents."""
    feminine = following.endswith(("ion", "ions", "té", "tés", "ure", "ures", "elle", "aine"))
    if feminine or following in _FEMININE:
        said = re.sub("(^|[ -])un$", r"\1une", said)
    return re.sub("(?<= )cent$", "cents", said)


_FEMININE: Final = frozenset(
    "fois heure heures minute minutes seconde secondes personne personnes femme femmes voiture "
    "voitures maison maisons semaine semaines année années livre livres page pages chose choses "
    "place places tasse tasses table tables chambre chambres".split()
)
_ORDINALS: Final = {1: "premier", 5: "cinquième", 9: "neuvième"}


def _ordinal(number: int, written: str) -> str:
    if not written:
        return cardinals.french(number)
    if number == 1:
        return "première" if written.startswith(("re", "ère")) else "premier"
    said = cardinals.french(number)
    if said.endswith("cinq"):
        return f"{said}uième"
    if said.endswith("neuf"):
        return f"{said[:-1]}vième"
    return f"{said.removesuffix('s').removesuffix('e')}ième"


_FRACTIONS: Final = {
    (1, 2): "un demi", (1, 3): "un tiers", (2, 3): "deux tiers",
    (1, 4): "un quart", (3, 4): "trois quarts",
}  # fmt: skip

WRITING: Final = Writing(
    cardinal=cardinals.french,
    decimal=",",
    point="virgule",
    groups=" .\u00a0\u202f\u2009",
    minus="moins",
    date=_date,
    time=_time,
    clock=":h",
    counted=_counted,
    dot="point",
    roman=True,
    rulers=(
        "François Charles Henri Louis Philippe Napoléon Jean Pierre Paul Pie Benoît Léon "
        "Georges Guillaume Catherine Nicolas Alexandre Élisabeth Albert Léopold chapitre "
        "Chapitre tome Tome"
    ),
    scales="millions?|milliards?",
    of="de",
    ordinals="(?:ers?|res?|ères?|èmes?|es?|ᵉ)",
    ordinal=_ordinal,
    money={
        "€": ("euro", "euros"), "EUR": ("euro", "euros"), "$": ("dollar", "dollars"),
        "£": ("livre", "livres"), "¥": ("yen", "yens"), "CHF": ("franc suisse", "francs suisses"),
    },
    cents=lambda whole, cents: f"{whole} {cents}",
    units={
        "%": ("pour cent", "pour cent"), "km/h": ("kilomètre heure", "kilomètres heure"),
        "km": ("kilomètre", "kilomètres"), "m": ("mètre", "mètres"),
        "cm": ("centimètre", "centimètres"), "mm": ("millimètre", "millimètres"),
        "m²": ("mètre carré", "mètres carrés"), "kg": ("kilo", "kilos"),
        "g": ("gramme", "grammes"), "mg": ("milligramme", "milligrammes"),
        "l": ("litre", "litres"), "L": ("litre", "litres"), "ml": ("millilitre", "millilitres"),
        "h": ("heure", "heures"), "min": ("minute", "minutes"), "s": ("seconde", "secondes"),
        "°C": ("degré", "degrés"), "W": ("watt", "watts"), "kW": ("kilowatt", "kilowatts"),
        "kWh": ("kilowattheure", "kilowattheures"), "Go": ("gigaoctet", "gigaoctets"),
        "Mo": ("mégaoctet", "mégaoctets"),
    },
    till="à",
    ratio="à",
    fraction=lambda part, whole: _FRACTIONS.get((part, whole), ""),
    hundredths=("centime", "centimes"),
    signs={
        "&": "et", "+": "plus", "=": "égale", "@": "arobase", "%": "pour cent", "€": "euros",
        "×": "fois", "÷": "divisé par", "#": "dièse", "°": "degrés",
    },
    letters=dict(zip(
        "abcdefghijklmnopqrstuvwxyz",
        "a bé cé dé e effe gé ache i ji ka elle emme enne o pé ku erre esse té u vé doublevé ixe "
        "igrec zède".split(),
        strict=True,
    )),
    abbreviations={
        "M.": "monsieur", "MM.": "messieurs", "Mme": "madame", "Mmes": "mesdames",
        "Mlle": "mademoiselle", "Dr": "docteur", "Pr": "professeur", "Me": "maître",
        "e-mail": "imèle",
        "etc.": "etcétéra", "p. ex.": "par exemple", "av.": "avenue", "bd": "boulevard",
        "St": "saint", "Ste": "sainte", "n°": "numéro", "N°": "numéro", "tél.": "téléphone",
        "Tél.": "téléphone", "J.-C.": "Jésus Christ",
        "av. J.-C.": "avant Jésus Christ", "ap. J.-C.": "après Jésus Christ",
        "c.-à-d.": "c'est à dire",
        "p.": "page", "pp.": "pages", "vol.": "volume", "chap.": "chapitre",
        "www": "trois doublevé",
    },
)  # fmt: skip
