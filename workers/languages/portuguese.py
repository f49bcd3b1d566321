"""Portuguese of Brazil: sounds by rules of our own, open vowels by a list of words that differ.

Written Portuguese says where a word is stressed, but not how open a stressed e or o is. Before -a
and -e they are mostly open, before -o closed; `data/portuguese.txt.gz` has the words that are
otherwise.
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

_DATA = Path(__file__).parent / "data" / "portuguese.txt.gz"

UNSTRESSED: Final[Mapping[str, str]] = {
    "a": "a", "as": "as", "o": "ʊ", "os": "ʊs", "e": "i", "ou": "ow", "de": "ʤy", "do": "dʊ",
    "da": "da", "dos": "dʊs", "das": "das", "no": "nʊ", "na": "na", "nos": "nʊs", "nas": "nas",
    "em": "Aŋ", "um": "ũŋ", "por": "por", "com": "koŋ", "que": "ky", "se": "sy", "me": "my",
    "te": "ʧy", "lhe": "ʎy", "mas": "mas", "ao": "aʊ", "aos": "aʊs", "à": "aː", "às": "aːs",
    "pra": "pra", "pro": "prʊ", "para": "pˌaɾæ", "pelo": "pˌelʊ", "pela": "pˌelæ",
    "como": "kˌomʊ", "não": "nˌɐ̃ʊ̃", "são": "sˌɐ̃ʊ̃", "está": "estˌa", "estão": "estˌɐ̃ʊ̃",
    "tem": "tˌAŋ", "muito": "mwˈiŋtʊ", "muita": "mwˈiŋtæ", "muitos": "mwˈiŋtʊs",
    "muitas": "mwˈiŋtæs", "ruim": "xuˈiŋ",
}  # fmt: skip
"""Words that are said otherwise than they are written, most of them without a stress."""

_ACUTE = "áéíóúâêôàèòãõ"
_VOWELS = f"aeiou{_ACUTE}ü"
_ACCENT: Final = frozenset("áéíóúâêôèò")
_TILDE: Final = frozenset("ãõ")
_PENULTIMATE = re.compile("(?:[aeo]s?|[ae]m|ens)$")

_S = "[ˈˌ]?"
_V = f"(?={_S}[{_VOWELS}])"
_FRONT = f"(?={_S}[eiéíêè])"
_FIRST = "(?<![^ˈˌ])"
_END = "(?![^s])s?$"
_CODA = f"(?!{_S}[{_VOWELS}h])"
"""A consonant that ends its syllable."""
_BEFORE_LIP = "(?=[pb])"

_LETTERS = Letters([
    ("ˈ", "ˈ"), ("ˌ", "ˌ"),
    ("ão|am$", "ɐ̃ʊ̃"), ("ãe", "ɐ̃y"), ("õe", "õj"), ("ã", "ɐ̃"), ("õ", "õ"),
    ("[eéêè](?:m$|n(?=s$))", "Aŋ"),
    (f"[aáâ]m{_BEFORE_LIP}", "ɐ̃m"), (f"[aáâ][nm]{_CODA}", "ɐ̃ŋ"),
    (f"[eéêè]m{_BEFORE_LIP}", "Am"), (f"[eéêè][nm]{_CODA}", "Aŋ"),
    (f"[ií]m{_BEFORE_LIP}", "im"), (f"[ií][nm]{_CODA}", "iŋ"),
    (f"[oóôò]m{_BEFORE_LIP}", "om"), (f"[oóôò][nm]{_CODA}", "oŋ"),
    (f"[uú]m{_BEFORE_LIP}", "ũm"), (f"[uú][nm]{_CODA}", "ũŋ"),
    ("(?<=ˈ)[aáâ](?=n|m)|[aáâ](?=nh)", "ɐ̃"),
    (f"[aáâ]i(?!nh|[nmlz](?:[^{_VOWELS}]|$)|r(?:[^{_VOWELS}r]|$))", "I"),
    ("[éè]i", "ɛɪ"), (f"[eê]i(?!nh|[nmlrz](?:[^{_VOWELS}]|$))", "A"), ("[óò]i", "Y"),
    (f"[oô]i(?!nh|[nmlrz](?:[^{_VOWELS}]|$))", "oɪ"), (f"[aáâ]u|[aáâ]l{_CODA}", "W"),
    (f"[éè]u|[éè]l{_CODA}", "ɛʊ"), (f"[eê]u|[eê]l{_CODA}", "eʊ"), (f"[ií]u|[ií]l{_CODA}", "iʊ"),
    ("[óò]l$", "ɔl"), (f"[oôóò]u|[oôóò]l{_CODA}", "ow"), (f"[uú]l{_CODA}", "uʊ"),
    ("(?<=[^qg])ui(?!nh|[nmlrz])", "uɪ"),
    ("lh", "lj"), ("nh", "ɲ"), ("ch|sh", "ʃ"), ("ph", "f"),
    ("qü", "kw"), ("gü", "ɡw"),
    (f"qu{_FRONT}|q(?!u)", "k"), (f"gu{_FRONT}", "ɡ"), (f"qu{_V}", "kw"),
    (f"gu(?={_S}[aoáó])", "ɡw"),
    (f"s?c{_FRONT}|s?ç|ss|xc{_FRONT}", "s"), ("c?[ck]|q", "k"), (f"g{_FRONT}|j", "ʒ"), ("g", "ɡ"),
    (f"{_FIRST}[rh]r?(?<=r)|rr|(?<=[nls])r", "x"), (f"(?<=[{_VOWELS}])r{_V}", "ɾ"),
    (f"(?<=[{_VOWELS}])r(?=[^{_VOWELS}ˈˌ])", "ɾə"), ("r", "r"),
    (f"(?<=[{_VOWELS}])s{_V}|s(?=[bdgmnrv])", "z"), ("s", "s"), ("z$", "s"), ("z", "z"),
    (f"(?:(?<=^[eê])|(?<=^[ˈˌ][eê])|(?<=^ˌine))x{_V}", "z"), (f"x(?=[^{_VOWELS}ˈˌ])", "s"),
    (f"(?<=[oóaá])x(?={_S}im)|(?<=au)x(?={_S}[ií]l)|(?<=trˈou)x", "s"),
    (f"(?:(?<=[sn][eè])|(?<=[sn][ˈˌ][eè])|(?<=fi)|(?<=f[ˈˌ]i)|(?<=flu)|(?<=fl[ˈˌ]u))x{_V}", "ks"),
    (f"(?:(?<=l[eè])|(?<=l[ˈˌ][eè]))x(?={_S}[ioã])|(?<=[oó])x(?={_S}i[cgd])|(?<=á)x(?=i)|x$", "ks"),
    ("x", "ʃ"),
    (f"t(?={_S}[ií])|t(?=es?$)|t$", "ʧ"), (f"d(?={_S}[ií])|d(?=es?$)|d$", "ʤ"),
    ("tt?", "t"), ("dd?", "d"), ("bb?", "b"), ("ff?", "f"), ("l", "l"), ("m", "m"), ("n", "n"),
    ("pp?", "p"),
    ("[vw]", "v"), ("h", ""),
    ("(?<!ˈ)i(?=[ao]s?$)", "j"), ("(?<=[^ˈ])i(?=es?$)", "j"), ("(?<=[^ˈ])u(?=[aoe]s?$)", "w"),
    (f"(?<![ˈˌ])a(?=s?$)|(?<!ˈ)a(?=[mn]{_S}[aeiou])", "æ"), ("[aáâà]", "a"),
    ("(?<![ˈˌ])e(?=s?$)", "y"), ("[éè]", "ɛ"), ("[eê]", "e"), ("[iíy]", "i"),
    ("(?<![ˈˌ])o(?=s?$)", "ʊ"), ("[óò]", "ɔ"), ("[oô]", "o"), ("[uúü]", "u"),
])  # fmt: skip


def sounds(words: Sequence[str]) -> list[str]:
    """Phonemes of words in small letters that are said without a pause, one for each."""
    said = [_word(word) for word in words]
    for place, following in enumerate(said[1:]):
        if said[place].endswith("s") and following.lstrip("ˈˌ")[:1] in _VOICED:
            said[place] = f"{said[place][:-1]}z"
    return said


_VOICED: Final = frozenset("æaeiouɛɔɐAIWOYbdɡlmnvʒʤʊ")


@functools.lru_cache(4096)
def _word(word: str) -> str:
    known = UNSTRESSED.get(word)
    return known if known is not None else _LETTERS.sounds(_marked(_told(word)))


def _told(word: str) -> str:
    """The word with marks that it had before 2009, or never had: cinqüenta, idéia, saíu."""
    word = _SOUNDED_U.sub(lambda found: found[0].replace("u", "ü"), word)
    word = _OPEN_EIA.sub(lambda found: found[0].replace("ei", "éi"), word)
    return f"{word[:-2]}íu" if word.endswith(("aiu", "oiu")) else word


_SOUNDED_U = re.compile(
    "cinqu(?=ent)|frequ(?=[eê]n)|sequ(?=[eê]n)|eloqu(?=[eê]n)|delinqu(?=[eê]n)|tranqu(?=il)"
    "|agu(?=ent)|língu(?=e)|lingu(?=i)|pingu(?=i)"
)
_OPEN_EIA = re.compile("(?:id|assembl|europ|estr|plat|gel|colm|epop|odiss|diarr|panac|azal)eias?$")


def _marked(word: str) -> str:
    nuclei = [place for place in range(len(word)) if _carries(word, place)]
    if not nuclei:
        return word
    at = _stress(word, nuclei)
    place = doubtful(word)
    if place is not None and expected_open(word, place) != (word in _known()):
        word = f"{word[:place]}{'è' if word[place] == 'e' else 'ò'}{word[place + 1 :]}"
    marked = stressed(word, nuclei, at, secondary=False)
    if len(nuclei) > 2 and at:
        marked = f"{marked[: nuclei[0]]}ˌ{marked[nuclei[0] :]}"
    return marked


def _stress(word: str, nuclei: Sequence[int]) -> int:
    """The number of the stressed vowel among these."""
    last = len(nuclei) - 1
    for accents in (_ACCENT, _TILDE):
        found = [number for number, place in enumerate(nuclei) if word[place] in accents]
        if found:
            return found[-1]
    return last - 1 if last and _PENULTIMATE.search(word) else last


def doubtful(word: str) -> int | None:
    """The place of the stressed vowel, if its letter does not say whether it is open."""
    nuclei = [place for place in range(len(word)) if _carries(word, place)]
    if not nuclei or word in UNSTRESSED:
        return None
    place = nuclei[_stress(word, nuclei)]
    closed = word[place + 1 : place + 2] in {"m", "n", "i", "u"}
    return place if word[place] in {"e", "o"} and not closed else None


def expected_open(word: str, place: int) -> bool:
    """Whether most words that end as this one have an open vowel there."""
    return word.rstrip("s")[-1:] in {"a", "e", "l"} and len(word) > place + 1


def _carries(word: str, place: int) -> bool:
    """Whether the letter at this place is the vowel of a syllable."""
    letter = word[place]
    if letter not in _VOWELS:
        return False
    before, after = word[:place][-1:], word[place + 1 : place + 2]
    if letter in "uü" and before in {"q", "g"} and after and after in _VOWELS:
        return False
    if before in {"ã", "õ"}:
        return False
    if letter not in "iu" or not before or before not in _VOWELS:
        return True
    if before == "u" and word[place - 2 : place - 1] in {"q", "g"}:
        return True
    rest = word[place + 1 :]
    return rest[:2] == "nh" or (
        rest[:2] != "rr"
        and rest[:1] in {"n", "m", "l", "r", "z"}
        and (len(rest) == 1 or rest[1] not in _VOWELS)
    )


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(gzip.decompress(_DATA.read_bytes()).decode().split())


_MONTHS: Final = (
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"
).split()


def _date(day: int, month: int, year: int | None) -> str:
    first = "primeiro" if day == 1 else cardinals.portuguese(day)
    said = f"{first} de {_MONTHS[month - 1]}"
    return f"{said} de {cardinals.portuguese(year)}" if year else said


def _time(hours: int, minutes: int) -> str:
    said = _counted(cardinals.portuguese(hours), "horas")
    return f"{said} e {cardinals.portuguese(minutes)}" if minutes else f"{said} horas"


def _counted(said: str, following: str) -> str:
    """1 casa: uma; 2 horas: duas; 200 pessoas: duzentas."""
    if not following.endswith(("a", "as", "ção", "ções", "dade", "dades")):
        return said
    said = re.sub("entos(?= |$)", "entas", said)
    return re.sub("dois$", "duas", re.sub("um$", "uma", said))


_ORDINALS: Final = (
    "zero primeiro segundo terceiro quarto quinto sexto sétimo oitavo nono décimo".split()
)


def _ordinal(number: int, written: str) -> str:
    if not 1 <= number <= 10:
        return cardinals.portuguese(number)
    said = _ORDINALS[number]
    return said[:-1] + "a" if written.strip(".") in {"ª", "a"} else said


_FRACTIONS: Final = {
    (1, 2): "meio", (1, 3): "um terço", (2, 3): "dois terços",
    (1, 4): "um quarto", (3, 4): "três quartos",
}  # fmt: skip

WRITING: Final = Writing(
    cardinal=cardinals.portuguese,
    decimal=",",
    point="vírgula",
    groups=".\u00a0\u202f\u2009",
    minus="menos",
    date=_date,
    time=_time,
    clock=":h",
    counted=_counted,
    after_time="h|hs|horas",
    dot="ponto",
    roman=True,
    rulers=(
        "século Século Afonso João Pedro Manuel Filipe Carlos José Sebastião Henrique Sancho "
        "Pio Bento Paulo Leão Luís Jorge Guilherme Isabel Nicolau Alexandre Napoleão Maria "
        "capítulo Capítulo tomo Tomo"
    ),
    scales="mil|milhão|milhões|bilhões",
    of="de",
    ordinals=r"\.?[ºª°]",
    ordinal=_ordinal,
    money={
        "R$": ("real", "reais"), "€": ("euro", "euros"), "US$": ("dólar", "dólares"),
        "$": ("dólar", "dólares"), "£": ("libra", "libras"), "¥": ("iene", "ienes"),
    },
    cents=lambda whole, cents: f"{whole} e {cents} {'centavo' if cents == 'um' else 'centavos'}",
    units={
        "%": ("por cento", "por cento"), "km/h": ("quilômetro por hora", "quilômetros por hora"),
        "km": ("quilômetro", "quilômetros"), "m": ("metro", "metros"),
        "cm": ("centímetro", "centímetros"), "mm": ("milímetro", "milímetros"),
        "m²": ("metro quadrado", "metros quadrados"), "kg": ("quilo", "quilos"),
        "g": ("grama", "gramas"), "mg": ("miligrama", "miligramas"), "l": ("litro", "litros"),
        "L": ("litro", "litros"), "ml": ("mililitro", "mililitros"), "h": ("hora", "horas"),
        "min": ("minuto", "minutos"), "s": ("segundo", "segundos"), "°C": ("grau", "graus"),
        "W": ("watt", "watts"), "kW": ("quilowatt", "quilowatts"),
        "kWh": ("quilowatt hora", "quilowatts hora"), "GB": ("gigabyte", "gigabytes"),
        "MB": ("megabyte", "megabytes"),
    },
    till="a",
    ratio="a",
    fraction=lambda part, whole: _FRACTIONS.get((part, whole), ""),
    hundredths=("centavo", "centavos"),
    signs={
        "&": "e", "+": "mais", "=": "igual a", "@": "arroba", "%": "por cento", "€": "euros",
        "×": "vezes", "÷": "dividido por", "#": "número", "°": "graus",
    },
    letters=dict(zip(
        "abcdefghijklmnopqrstuvwxyz",
        "a bê cê dê e éfi gê agá i jota cá éli êmi êni o pê quê érri éssi tê u vê dáblio xis "
        "ípsilon zê".split(),
        strict=True,
    )),
    abbreviations={
        "Sr.": "senhor", "Sra.": "senhora", "Srta.": "senhorita", "Dr.": "doutor",
        "Dra.": "doutora", "D.": "dom", "Prof.": "professor", "Profa.": "professora",
        "e-mail": "imeiou",
        "etc.": "etcétera", "p. ex.": "por exemplo", "nº": "número", "n.º": "número",
        "Nº": "número",
        "séc.": "século", "S.A.": "éssi á", "vol.": "volume", "cap.": "capítulo", "p.": "página",
        "pp.": "páginas", "www": "três dáblios", "pág.": "página",
        "av.": "avenida", "Av.": "avenida", "R.": "rua", "tel.": "telefone", "Tel.": "telefone",
        "EUA": "Estados Unidos", "a.C.": "antes de Cristo", "d.C.": "depois de Cristo",
        "vc": "você", "Vc": "você",
    },
)  # fmt: skip
