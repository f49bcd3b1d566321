"""Marks inside a text: what a markup said, in the one form that cutting and reading understand.

A text that is marked is plain writing with a few private characters in it (U+E000 to U+E00F, which
no text of a client's own keeps). They say what ends at a place, how a word is pronounced, and from
where on another manner holds. `[pause:1.5s]` is no mark: it stands in a text as its client wrote
it. Markup becomes marks in `core.markup`, entries of a dictionary in `core.jobs.pronunciations`;
`core.jobs.segmentation` takes out everything but pronunciations, which readers understand.
"""

from __future__ import annotations

import re
from typing import Final

PRIVATE: Final = re.compile("[\ue000-\ue00f]")
"""What stands for marks here, and for nothing that anybody could read."""

HEADING: Final = "\ue000"
ITEM: Final = "\ue001"
PARAGRAPH: Final = "\ue002"
"""These end here, whatever punctuation stands before."""
ENDS: Final = HEADING + ITEM + PARAGRAPH

PRONUNCIATION: Final = "\ue004"
PRONOUNCED: Final = re.compile(
    "\ue004([^\ue000-\ue006\ue008-\ue00f]*)\ue005([^\ue000-\ue006\ue008-\ue00f]*)\ue006"
)
"""A word or phrase as it is written, and its phonemes in IPA."""
BOUND_SPACE: Final = "\ue007"
"""A space in a pronounced phrase or its phonemes: nothing is cut there."""

MANNER: Final = "\ue008"
PROSODY: Final = re.compile("\ue008([^\ue000-\ue00f]*)\ue009")
"""From here on this manner holds, as `Prosody.encoded` has it; empty: the request's own."""

OPENING: Final = PRONUNCIATION + MANNER
"""What a mark of more than one character begins with."""
LONG: Final = re.compile(f"{PRONOUNCED.pattern}|{PROSODY.pattern}".replace("(", "(?:"))
"""Such a mark."""

_SIGN: Final = re.compile("[^\\w\ue004-\ue006]")


def pronounced(written: str, phonemes: str) -> str:
    """The text that is read with these phonemes. Neither may hold a mark."""
    return "\ue004{}\ue005{}\ue006".format(*(_bound(part) for part in (written, phonemes)))


def manner(encoded: str) -> str:
    """The mark from which on a manner holds."""
    return f"\ue008{encoded}\ue009"


def sealed(text: str) -> str:
    """The text, as long as it is, with nothing in a pronounced phrase where it could be cut: signs
    in it are bound spaces.
    """
    if PRONUNCIATION not in text:
        return text
    return PRONOUNCED.sub(lambda mark: _SIGN.sub(BOUND_SPACE, mark[0]), text)


def written(text: str) -> str:
    """The text without its marks, for those that read none: as it would be printed."""
    if PRIVATE.search(text) is None:
        return text
    plain = PROSODY.sub("", PRONOUNCED.sub(r"\1", text)).replace(BOUND_SPACE, " ")
    return PRIVATE.sub("", plain)


def _bound(part: str) -> str:
    return BOUND_SPACE.join(part.split())
