"""Pack what CMUdict knows and hibari's American lexicon does not, for the reader of English.

    python -m scripts.pack_cmudict path/to/cmudict.dict

writes `workers/engines/data/cmudict.json.gz`: words in small letters, and how they are said in the
alphabet of the engines. The same dictionary and hibari give the same file. CMUdict is at
https://github.com/cmusphinx/cmudict; its licence lies beside the packed file.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from workers.engines.english import reader

TARGET: Final = Path(__file__).parents[1] / "workers/engines/data/cmudict.json.gz"

_SOUNDS: Final = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "W", "AY": "I", "B": "b", "CH": "ʧ",
    "D": "d", "DH": "ð", "EH": "ɛ", "ER": "ɜɹ", "EY": "A", "F": "f", "G": "ɡ", "HH": "h",
    "IH": "ɪ", "IY": "i", "JH": "ʤ", "K": "k", "L": "l", "M": "m", "N": "n", "NG": "ŋ", "OW": "O",
    "OY": "Y", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ", "UH": "ʊ", "UW": "u",
    "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
"""ARPAbet in the engines' alphabet; a figure behind a vowel is its stress."""

_UNSTRESSED: Final = {"AH": "ə", "ER": "əɹ"}
_STRESS: Final = {"0": "", "1": "ˈ", "2": "ˌ"}
_ENDINGS: Final = (
    (re.compile("(?<=[tdszʃʒʧʤ])[əɪ](?=[dz]$)"), "ᵻ"),
    (re.compile("(?<=[bdfɡkmnpstvzʃʧʤθð])ə(?=[ln]$)"), "ᵊ"),
    (re.compile("(?<=[AIOWYiuæɑəɛɪɹʊʌ])t(?=[əᵻɪiO](?!n))"), "T"),
    (re.compile("ɹɹ"), "ɹ"),
)
"""What the lexicon has at the end of a word, and between vowels."""

_WORD = re.compile("[a-z]+(?:'[a-z]+)*")


def main() -> None:
    """Write the file and say how large it is."""
    ask = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    ask.add_argument("dictionary", type=Path, help="cmudict.dict")
    given = ask.parse_args()
    lines = given.dictionary.read_text(encoding="utf-8").splitlines()
    words = lacking(dict(entries(lines)), reader(british=False).reads)
    text = json.dumps(words, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    TARGET.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{len(words)} words, {TARGET.stat().st_size} bytes: {TARGET}")


def entries(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Words and what the first line of each says of how it is said."""
    for line in lines:
        word, _, sounds = line.partition("#")[0].strip().partition(" ")
        if _WORD.fullmatch(word):
            yield word, phonemes(sounds.split())


def phonemes(sounds: list[str]) -> str:
    """ARPAbet in the engines' alphabet, with the stress before its vowel."""
    read = "".join(map(_sound, sounds))
    for pattern, sound in _ENDINGS:
        read = pattern.sub(sound, read)
    return read


def _sound(arpabet: str) -> str:
    stress = arpabet[-1] if arpabet[-1].isdigit() else ""
    symbol = arpabet.removesuffix(stress)
    if stress == "0" and symbol in _UNSTRESSED:
        return _UNSTRESSED[symbol]
    return _STRESS.get(stress, "") + _SOUNDS[symbol]


def lacking(words: Mapping[str, str], reads: Callable[[str], bool]) -> dict[str, str]:
    """The words that neither the lexicon reads nor follow from another one by their ending."""
    unread = {word for word in words if not reads(word) and not reads(word.capitalize())}
    return {
        word: words[word]
        for word in unread
        if "'" not in word and not _follows(word, words, unread)
    }


def _follows(word: str, words: Mapping[str, str], unread: set[str]) -> bool:
    """Whether this is the plural of another word, and said so."""
    stem = word.removesuffix("s")
    return (
        stem != word
        and stem in unread
        and words[word] in {f"{words[stem]}s", f"{words[stem]}z", f"{words[stem]}ᵻz"}
    )


if __name__ == "__main__":
    main()
