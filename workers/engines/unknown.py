"""English words that the lexicon does not have: how they are said.

First CMUdict's words (names above all, `scripts/pack_cmudict.py`), then two known words written as
one, and at last hibari's net, which guesses from the letters.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from hibari.g2p import Context
from hibari.g2p.lexicon import Lexicon
from hibari.g2p.oov import OOV

from workers.engines.packed import Packed, packed
from workers.text.clauses import listed
from workers.text.ipa import VOWELS, british_from_american

_CMUDICT: Final = Path(__file__).parent / "data/cmudict.json.gz"
_NO_LETTERS: Final = 3
"""So many capitals are letters more often than a name: the dictionary is not asked."""

_DRAWN: Final = {"'d": "d", "'ll": "l", "'ve": "v", "'re": "ɹ"}
"""Verbs that are drawn to the word before them, and the sound of each behind a vowel."""

_HUMP = re.compile("(?<=[a-z])(?=[A-Z])")
_SHORTEST_PART: Final = 4
_LONGEST_COMPOUND: Final = 24
_NO_FIRST: Final = listed("inter hetero pseudo semi anti poly")
_NO_SECOND: Final = listed(
    "ness ally able ably fully less ions tier ment ward wise ling some ston tons mans ings ists"
)
"""Beginnings and endings that are words, too, but are said otherwise in a compound."""


class Unknown:
    """Reader of single words outside the lexicon of one accent, in any capitalisation."""

    def __init__(self, net: OOV, lexicon: Lexicon, *, british: bool) -> None:
        self._net = net
        self._lexicon = lexicon
        self._british = british
        self._names: Packed = packed(_CMUDICT)

    def __call__(self, word: str) -> str | None:
        """Phonemes of a word of letters and apostrophes; None if nothing of it can be read."""
        plain = word.replace("’", "'")
        if plain.isupper() and len(plain) <= _NO_LETTERS:
            return self._guessed(word)
        return (
            self.drawn(plain) or self._named(plain.lower()) or self._humps(plain)
            or self._compound(plain.lower()) or self._guessed(word)
        )  # fmt: skip

    def __contains__(self, word: str) -> bool:
        """Whether the dictionary has this word in small letters."""
        return word in self._names

    def drawn(self, word: str) -> str | None:
        """Phonemes of `York'd`: the word, and the verb that is drawn to it with as much of a vowel
        as it needs there. None for a word without one.
        """
        stem, apostrophe, verb = word.rpartition("'")
        sound = _DRAWN.get(f"'{verb.lower()}")
        if not (stem and apostrophe and sound):
            return None
        said = self._in_lexicon(stem) or self(stem)
        if said is None:
            return None
        if sound == "ɹ":
            return said.removesuffix("ɹ") + ("ə" if self._british else "əɹ")
        if said[-1] in f"{VOWELS}ː" and sound != "l":
            return said + sound
        if not self._british and len(said) > 1 and said[-1] == "t" and said[-2] in VOWELS:
            said = f"{said[:-1]}T"
        return f"{said}{'ᵊ' if sound == 'l' else 'ə'}{sound}"

    def _named(self, word: str) -> str | None:
        found = self._entry(word)
        if found is not None:
            return found
        for ending in ("'s", "s'", "s"):
            if word.endswith(ending) and not word.endswith("ss"):
                found = self._entry(word.removesuffix(ending))
                return None if found is None else str(self._lexicon._s(found))  # noqa: SLF001 (its plural)
        return None

    def _entry(self, word: str) -> str | None:
        found = self._names.get(word)
        if found is None:
            return None
        return british_from_american(found) if self._british else str(found)

    def _humps(self, word: str) -> str | None:
        """`DeepMind` and `PyTorch`: each part by itself, if it is a word or a name."""
        parts = _HUMP.split(word)
        if len(parts) == 1 or len(parts) > 4:
            return None
        read = [self._in_lexicon(part) or self._named(part.lower()) for part in parts]
        return "".join(filter(None, read)) if all(read) else None

    def _compound(self, word: str) -> str | None:
        """`screenlight`: two words of the lexicon, the first stressed; the evenest cut of all."""
        if not 2 * _SHORTEST_PART <= len(word) <= _LONGEST_COMPOUND or not word.isascii():
            return None
        cuts = range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)
        for cut in sorted(cuts, key=lambda cut: abs(2 * cut - len(word))):
            first, second = word[:cut], word[cut:]
            if first in _NO_FIRST or second in _NO_SECOND or first not in self._lexicon.golds:
                continue
            read = self._in_lexicon(first), self._in_lexicon(second)
            if read[0] and read[1] and "ˈ" in read[0]:
                return read[0] + read[1].replace("ˈ", "ˌ")
        return None

    def _in_lexicon(self, word: str) -> str | None:
        found: str | None = self._lexicon.get_word(word, "NN", None, Context())[0]
        return found

    def _guessed(self, word: str) -> str | None:
        """The net takes 24 letters and would drop the rest."""
        step = int(self._net.maxlen)
        read = [self._net(word[start : start + step]) for start in range(0, len(word), step)]
        return "".join(part for part in read if part) or None
