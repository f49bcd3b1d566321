"""How to tell a pronunciation, `[tomato](/təˈmɑːtəʊ/)`, from a link, `[manual](/docs/)`.

Both have a target between two slashes with none inside. It is a pronunciation if each character of
it is one of the phonetic alphabet, and one is used for nothing else: a letter such as ə or æ, a
mark of stress (an apostrophe counts) or of length. `/docs/` and `/français/` stay links: a word
that is read in its usual way does less harm than a path read as phonemes.
"""

from __future__ import annotations

import re
from typing import Final

from supervisor.marks import pronounced
from supervisor.phonemes import PhonemeError, one_form

_ONLY_PHONETIC: Final = "æðŋħβθχɐ-ʯʰ-˿̀-ͯᴀ-ᶿⱱǀ-ǃ‿↗↘↓↑ˈˌː'’"
_PHONETIC: Final = re.compile(
    rf"/(?=[^/]{{0,200}}[{_ONLY_PHONETIC}])[a-zA-Zçøœ .|(){_ONLY_PHONETIC}-]{{1,200}}+/\Z"
)
PHONETIC_TARGET: Final = re.compile(r"\((?P<place>/[^/()\[\]\n]{1,200}+/)\)")
"""What may be one behind a link's text; unlike an address it may hold spaces."""
WITH_PHONEMES: Final = re.compile(
    r"\[(?P<written>[^\[\]<]{1,200}+)\]\((?P<target>/[^/()\[\]<]{1,200}+/)\)"
)
"""What may be one in a text that has no links of this kind."""
LONGEST: Final = 406
"""Characters that it takes at most."""


def phonemes_of(target: str) -> str | None:
    """The phonemes in a link's target, which has its slashes; None where it is no pronunciation, or
    one that no reader knows.
    """
    if _PHONETIC.match(target) is None:
        return None
    try:
        return one_form(target[1:-1])
    except PhonemeError:
        return None


def with_pronunciations(text: str) -> str:
    """The text with each `[written](/phonemes/)` made a mark, and nothing else changed."""
    return WITH_PHONEMES.sub(_mark, text) if "](/" in text else text


def _mark(found: re.Match[str]) -> str:
    phonemes = phonemes_of(found["target"])
    return found[0] if phonemes is None else pronounced(found["written"], phonemes)
