"""Capitals: words that are only loud, and letters that are said one by one."""

from __future__ import annotations

import re

from workers.text.rules import Manner, after, before

_SHOUT = re.compile(
    r"(?<![\w.&'-])[A-Z][A-Z']*(?:[ ,!?;:\"“”—–\n.-]{1,4}[A-Z][A-Z']*(?![\w&.'-][A-Za-z0-9]))+"
)
_LOUD = re.compile(r"[A-Z][A-Z']+")
_SPELLED = frozenset(
    "IT US UK UN EU AI TV PC ID IP IQ WHO AM PM OS HR PR ER AC DC CV PE UI UX ATM AIDS ICE "
    "ACT SAT MIT CAT "
    "CIA FBI CEO CFO GPS DNA RNA HIV BBC CNN NBC ABC IBM KGB NBA NFL USA USB VIP DIY FAQ PIN "
    "ASAP MRI CT".split()
)
"""Letters said one by one, or a word of their own, although a common word looks so."""

_SMALL = frozenset(
    "ME WE MY HE SHE HIM HER HIS ITS OUR YOU YOUR NO NOT YES ALL NOW NEW ONE TWO ANY BUT AND "
    "FOR THE DO GO SO UP ON OFF "
    "OUT IN AT BY TO OF OR IF IS BE AN AS WAS ARE HAS HAD CAN DID GET GOT HOW WHY WAY DAY END "
    "BIG BAD TOO OH HI WOW "
    "STOP FREE SALE OPEN HELP WARNING NOTE THIS THAT THEM THEY EVER NEVER".split()
)
_INITIALS = {
    "phd": "P H D",
    "phds": "P H D's",
    "ipv": "I P V",
    "ios": "I O S",
    "macos": "mac O S",
    "ipados": "I pad O S",
    "https": "H T T P S",
}
_AMBIGUOUS = {
    "IT": (
        re.compile(
            r"(?i)\b(?:the|an?|in|our|ask|and|of|by|from|with|for|to|your|their|call|tell)\s$"
        ),
        "I T",
        "it",
    ),
    "US": (re.compile(""), "U S", "us"),
    "WHO": (re.compile(r"(?i)\bthe $"), "W H O", "who"),
    "AM": (re.compile(r"(?<!\bI )$"), "A M", "am"),
    "PM": (re.compile(""), "P M", "pm"),
}
"""What must stand before these letters to make them letters, and what they are then and else."""

_STAFF = {
    "IT": re.compile(
        r" (?:staff|departments?|teams?|support|guys?|managers?|systems?|infrastructure|industry"
        r"|firms?|sector|skills|jobs?|desk|professionals?|admins?|security|services?|projects?|directors?"
        r"|consultants?|budget|equipment|company|companies|workers?|specialists?|experts?)\b"
    ),
    "WHO": re.compile(
        r" (?:guidelines|officials?|chief|director|reports?|data|experts|standards"
        r"|warns|estimates)\b"
    ),
}
"""What stands behind these letters where they are letters."""

_LONG = re.compile(r"([a-z])\1{2,}", re.IGNORECASE)


def calm(text: str, manner: Manner) -> str:
    """The text with its shouted words in small letters, of the same length.

    Two or more words in capitals one after the other shout if most of them are words; abbreviations
    among them stay as they are.
    """
    return _SHOUT.sub(lambda run: _calmed(run.group(), manner), text)


def _calmed(run: str, manner: Manner) -> str:
    words = _LOUD.findall(run)
    known = [word for word in words if word not in _SPELLED and _is_word(word, manner)]
    others = [word for word in words if word in _SPELLED]
    if (
        len(known) < 2
        or len(known) * 2 < len(words)
        or not (len(known) > 3 or any(len(word) > 3 for word in known))
    ):
        return run
    all_loud = len(known) + len(others) >= 3 and len(known) > 2
    return _LOUD.sub(lambda word: _small(word, manner, all_loud=all_loud), run)


def _is_word(word: str, manner: Manner) -> bool:
    small = word.lower().removesuffix("'s").strip("'")
    return manner.known(small) and not (len(word) > 3 and manner.known(word))


def _small(found: re.Match[str], manner: Manner, *, all_loud: bool) -> str:
    word = found.group()
    if word in {"US", "WHO", "IT"} and before(found, 4).endswith("THE "):
        return word
    if word.startswith("I'"):
        return word[0] + word[1:].lower()
    if word in _SPELLED and not (
        all_loud and word in {"IT", "US", "WHO", "ACT", "AM", "CAT", "ICE"}
    ):
        return word
    return word.lower() if _is_word(word, manner) else word


def word(atom: re.Match[str], manner: Manner) -> str | None:
    """A word of letters that is not read as it is written; None if it is."""
    written = atom.group()
    if written.islower() or (written[1:].islower() and written[0].isupper()):
        return _shortened(written, manner) if len(written) > 3 else _lettered(written)
    if len(written) < 2:
        return None
    initials = _INITIALS.get(written.lower())
    if initials:
        return initials
    if written.isupper():
        return _capitals(written, atom, manner)
    return None


def _lettered(written: str) -> str | None:
    return _INITIALS.get(written.lower()) if written.lower() in {"phd", "ios"} else None


def _shortened(written: str, manner: Manner) -> str | None:
    """`Sooo` as "So": no English word has a letter three times in a row."""
    if not _LONG.search(written):
        return _INITIALS.get(written.lower())
    for kept in (r"\1\1", r"\1"):
        short = _LONG.sub(kept, written)
        if manner.known(short.lower()):
            return short
    return _LONG.sub(r"\1", written)


def _capitals(written: str, atom: re.Match[str], manner: Manner) -> str | None:
    """One word in capitals among others: letters, or a word that the capital keeps stressed."""
    if after(atom, 1).isdecimal() or before(atom, 1).isdecimal():
        return " ".join(written) if len(written) < 4 and "'" not in written else None
    choice = _AMBIGUOUS.get(written)
    if choice is not None:
        cue, letters, otherwise = choice
        noun = _STAFF[written].match(after(atom)) if written in _STAFF else None
        return letters if noun or cue.search(before(atom)) else otherwise
    if written in _SMALL:
        return None if re.match(r"[-.&/]\w", after(atom)) else written.capitalize()
    if len(written) < 4 or written in _SPELLED or "'" in written or manner.known(written):
        return None
    return written.capitalize() if manner.known(written.lower()) else None
