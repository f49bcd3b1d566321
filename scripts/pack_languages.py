"""Pack the words that the rules of Italian, Portuguese and French get wrong.

    python -m scripts.pack_languages DIRECTORY

writes `workers/languages/data/*.txt.gz` from the lexicons (`lexicon.db`) of gruut_lang_it 2.0.1,
gruut_lang_pt 2.0.1 and gruut_lang_fr 2.0.2 (MIT, Michael Hansen), unpacked in DIRECTORY. The same
lexicons and rules give the same files. Of the two Italian lexicons one knows better which vowels
are open, the other which are stressed.
"""

from __future__ import annotations

import argparse
import gzip
import re
import sqlite3
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from workers.languages import french, italian, portuguese

TARGET: Final = Path(__file__).parents[1] / "workers/languages/data"

_ITALIAN: Final = (
    "mìo tùo sùo mìa tùa sùa dìo zìo zìa vìa pìa dùe ìo lùi cùi fùi zìi mièi tuòi suòi dòrme "
    "dòrmono dòrmo dèvo dève dèvi dèvono pòsso pòssono pòrta pòrto pòrtano tèngo vèngo viène "
    "vèngono rèsta rèsto sèrve sènto sènte sèntono trèno tèmpo bène bèllo bèlla bèlli bèlle "
    "sèmpre òggi nòtte òtto sètte sèi cènto nòve nói vói pòi mólto pòco giórno vècchio nuòvo "
    "buòno cuòre fuòri èssere èra èrano èro sóno dópo còsa còse ròba stòria nóme méno mése "
    "mési prèsto quésto quélla quéllo stésso vérde déntro cèrto cérca apèrto tèrra guèrra "
    "diètro prèzzo mèżżo mèżża prènde prèndo prèndono crédo créde telèfonano capitàno "
    "desìderano àbitano àbita àbito càpita desìdera desìdero telèfona telèfono órdina "
    "consìdera consìderano immàgina immàgino lìbero lìbera nùmero nùmeri càmera càmere "
    "lèttera lèttere ùltimo ùltima ùltimi àltro sàbato doménica màcchina màcchine àlbero "
    "àlberi òpera època pòpolo tàvola tàvolo diffìcile fàcile ùtile ùmido ràpido ràpida "
    "cèlebre gióvane gióvani òspite zùcchero zèro pìccolo pìccola pìccoli pìccole quìndici "
    "ùndici dódici trédici sédici quattórdici scuòla scuòle uòmini capìto "
    "nàpoli pàolo bèrgamo gènova pàdova mòdena tàranto cèsare giàcomo stéfano lìnea lìnee "
    "vìdeo rècord àbbiano fóssero èsserci èssersi méttersi vénnero stùpido stùpida stòmaco "
    "colpévole esprìmere séguono contìnuano inìziano òccupa òccupano mànager sèrver compùter "
    "fèstival règola règole pàgina pàgine tècnica tècnico tècniche tècnici pùbblico pùbblica "
    "pùbblici pràtica mùsica polìtica polìtico fàbbrica mèdico mèdici mèdica ùnico ùnica "
    "clàssico sèmplice sèmplici màssimo mìnimo pròssimo pròssima primavèra àngelo òrdine òrdini "
    "àutobus milàno parìgi felìci edifìci uffìci radìci auguri bàcio viàggio immigràti cittadìni "
    "romàno romàna vaticàno siciliàno tenére pescàra castèllo castèlli studènti studènte "
    "altrùi costùi colùi lombardìa turchìa recùpero cànada èlena màrio èsser"
).split()
"""Frequent forms that the lexicon lacks, or whose rarer reading it has first."""

_PORTUGUESE_OPEN: Final = frozenset(
    "quero quer querem podem posso possa possam volta volto voltam revolta envolve golpe congresso "
    "progresso ingresso regresso quebra senhora senhoras tiver tiverem tiveram estiver estiveram "
    "eram qualquer era internet naquela daquela aquela".split()
)
_PORTUGUESE_CLOSED: Final = frozenset(
    "ele eles este estes esse esses deste destes desse desses neste nestes nesse nesses dele deles "
    "nele neles aquele aqueles daquele daqueles naquele naqueles teve esteve interesse interesses "
    "torre torres".split()
)

_FRENCH: Final = {
    "monsieur": "məsjø", "messieurs": "mesjø", "etcétéra": "ɛtseteʁa", "igrec": "iɡʁɛk",
    "ku": "ky", "septembre": "sɛptɑ̃bʁ", "août": "ut", "hui": "ɥi", "gens": "ʒɑ̃", "ca": "sa",
    "vais": "vɛ", "coeur": "kœʁ", "coeurs": "kœʁ", "soeur": "sœʁ", "soeurs": "sœʁ",
    "oeuvre": "œvʁ", "oeuf": "œf", "quant": "kɑ̃", "bus": "bys", "autobus": "otobys",
    "minibus": "minibys", "excellent": "ɛksɛlɑ̃", "intelligent": "ɛ̃teliʒɑ̃", "violent": "vjɔlɑ̃",
    "retrouve": "ʁətʁuv", "développement": "devlɔpmɑ̃", "villa": "vila", "villas": "vila",
    "immense": "imɑ̃s", "immenses": "imɑ̃s", "promesse": "pʁɔmɛs", "islam": "islam", "solo": "solo",
    "john": "ʤɔn", "adam": "adɑ̃", "best": "bɛst", "mail": "mɛl", "post": "pɔst", "us": "ys",
    "york": "jɔʁk", "aura": "oʁa", "auras": "oʁa", "aurai": "oʁe", "aurait": "oʁɛ",
    "courgette": "kuʁʒɛt", "courgettes": "kuʁʒɛt", "wow": "waw", "free": "fʁi", "kim": "kim",
    "google": "ɡuɡəl", "supporters": "sypɔʁtɛʁ", "chris": "kʁis", "steve": "stiv",
}  # fmt: skip

_ACCENTS: Final = {"a": "à", "e": "éè", "i": "ì", "o": "óò", "u": "ù"}
_WHOLE: Final = str.maketrans({"ɪ": "i", "j": "i", "ʊ": "u", "w": "u", "I": "ai", "W": "au"})
_WORD = re.compile(r"[^\W\d_]+")


def main() -> None:
    """Write the files and say how large they are."""
    ask = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    ask.add_argument("directory", type=Path)
    directory: Path = ask.parse_args().directory
    for name, make, *lexicons in (
        ("italian", italian_words, "gruut_lang_it/lexicon.db", "gruut_lang_it/espeak/lexicon.db"),
        ("portuguese", portuguese_words, "gruut_lang_pt/espeak/lexicon.db"),
        ("french", french_words, "gruut_lang_fr/lexicon.db"),
    ):
        rows = sorted(make(*(_entries(next(directory.rglob(lexicon))) for lexicon in lexicons)))
        target = TARGET / f"{name}.txt.gz"
        target.write_bytes(gzip.compress("\n".join(rows).encode(), 9, mtime=0))
        print(f"{len(rows)} words, {target.stat().st_size} bytes: {target}")


def italian_words(
    entries: Iterator[tuple[str, str]], stresses: Iterator[tuple[str, str]]
) -> Iterator[str]:
    """Words with the accents that say what the rules would not."""
    forced = {italian.plain(word) for word in _ITALIAN}
    yield from _ITALIAN
    opened = dict(entries)
    stressed = dict(stresses)
    for word in {**opened, **stressed}:
        if not re.fullmatch("[a-z]+", word) or word in forced or word in italian.UNSTRESSED:
            continue
        sounds, surer = opened.get(word, ""), stressed.get(word, "")
        tail = _tail(sounds)
        if surer and len(_tail(surer)) != len(tail):
            tail = _tail(surer)
        spelled = _accented(word, tail) if tail else word
        if "dz" in sounds and not word.startswith("z"):
            spelled = spelled.replace("zz", "żż") if "zz" in word else spelled.replace("z", "ż")
        if spelled != word:
            yield spelled


def portuguese_words(entries: Iterator[tuple[str, str]]) -> Iterator[str]:
    """Words whose stressed e or o is open where the rules have it closed, or closed for open."""
    for word in sorted(_PORTUGUESE_OPEN | _PORTUGUESE_CLOSED):
        place = portuguese.doubtful(word)
        if place is not None and (word in _PORTUGUESE_OPEN) != portuguese.expected_open(
            word, place
        ):
            yield word
    for word, sounds in entries:
        if word in _PORTUGUESE_OPEN or word in _PORTUGUESE_CLOSED:
            continue
        vowel = sounds[sounds.find("ˈ") + 1 :][:1]
        place = portuguese.doubtful(word)
        if place is None or "ˈ" not in sounds or vowel not in {"e", "o", "ɛ", "ɔ"}:
            continue
        if (vowel in {"ɛ", "ɔ"}) != portuguese.expected_open(word, place):
            yield word


def french_words(entries: Iterator[tuple[str, str]]) -> Iterator[str]:
    """Words that the rules get wrong, each with its sounds."""
    yield from (f"{word} {sounds}" for word, sounds in _FRENCH.items())
    for word, sounds in entries:
        if not _WORD.fullmatch(word) or word in french.CLITICS or word in _FRENCH:
            continue
        said = sounds.replace("tʃ", "ʧ").replace("dʒ", "ʤ").replace("g", "ɡ").replace("ʁʁ", "ʁ")
        if unicodedata.normalize("NFD", french.LETTERS.sounds(word)) != said:
            yield f"{word} {said}"


def _entries(path: Path) -> Iterator[tuple[str, str]]:
    """Words and how each is said first, in plain symbols."""
    seen: set[str] = set()
    rows = sqlite3.connect(path).execute(
        "select word, phonemes from word_phonemes order by word, pron_order"
    )
    for word, sounds in rows:
        if word not in seen:
            seen.add(word)
            plain = unicodedata.normalize("NFD", sounds.replace(" ", ""))
            yield word, plain.replace("\u0361", "")


def _tail(sounds: str) -> str:
    """The vowels from the stressed one on, which say where it is and how open."""
    _before, stress, after = sounds.partition("ˈ")
    first = re.search("[aeiouɛɔɪʊIW]", after)
    if not stress or first is None:
        return ""
    return re.sub("[^aeiouɛɔ]", "", after[first.start() :].translate(_WHOLE))


def _accented(word: str, tail: str) -> str:
    """The word with the accent that its sounds ask for; as it is if none is needed, or fits."""
    if _tail(italian.by_rules(word)) == tail:
        return word
    for place in range(len(word) - 1, -1, -1):
        for letter in _ACCENTS.get(word[place], ""):
            spelled = f"{word[:place]}{letter}{word[place + 1 :]}"
            if _tail(italian.by_rules(spelled)) == tail:
                return spelled
    return word


if __name__ == "__main__":
    main()
