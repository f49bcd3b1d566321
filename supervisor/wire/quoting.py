"""Detects messages that quote a job's text, so that none is stored or logged.

An engine's exception, or a line that it prints, may hold any of the text. It is kept if it
shares no longer run of letters with the text than words share by chance. Letter case, spaces
and punctuation do not count, and escaped text is recognized; translated text (into phonemes,
numbers, another encoding) is not.
"""

from __future__ import annotations

import traceback
import unicodedata
from collections.abc import Iterable
from typing import Final

RUN: Final = 8
"""Letters and digits in a row that a message may not share with a text; of a shorter text, all."""

LEAST: Final = 4
"""Fewest letters of a text that is looked for: a shorter one is in every message."""

ESCAPED_RUN: Final = 24
"""The same in escaped letters, of which each takes several: `\\u043f`, `\\xd0\\xbf`."""

MESSAGE_CHARS: Final = 2_000
"""Characters of a message that are looked at and kept."""

LEFT_OUT: Final = "(a line that quotes the text)"

_MOST_NAMED: Final = 3


def quotes(message: str, text: str) -> bool:
    """Whether a message shares a telling run of letters with a text, in time linear in both."""
    if _share(_letters(message), _letters(text), RUN):
        return True
    if text.isascii() or "\\" not in message:
        return False
    escaped = text.encode("unicode_escape").decode("ascii"), str(text.encode("utf-8", "replace"))
    return any(_share(_letters(message), _letters(form), ESCAPED_RUN) for form in escaped)


def describe_exception(error: BaseException, texts: Iterable[str]) -> str:
    """Describe an exception in one line: its type, its place, and its message unless that quotes
    one of the texts.
    """
    message = " ".join(str(error)[:MESSAGE_CHARS].split())
    kind = f"{type(error).__name__}{_place(error)}"
    if any(quotes(message, text) for text in texts):
        return f"{kind} (its message quotes the text)"
    return f"{kind}: {message}" if message else kind


def without_quotes(line: str, text: str) -> str:
    """The line itself, or LEFT_OUT if it quotes the text."""
    return LEFT_OUT if quotes(line, text) else line


def characters(text: str) -> str:
    """Name some letters and digits of a text, in the order of their code points."""
    found = sorted({symbol for symbol in text if symbol.isalnum()})
    names = [f"U+{ord(at):04X} {unicodedata.name(at, 'without a name')}" for at in found]
    more = ["…"] if len(names) > _MOST_NAMED else []
    return ", ".join([*names[:_MOST_NAMED], *more])


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f" in {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""


def _letters(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(at for at in folded if at.isalnum() or (not at.isascii() and not at.isspace()))


def _share(message: str, text: str, run: int) -> bool:
    run = min(run, len(text))
    if run < LEAST:
        return False
    runs = {message[at : at + run] for at in range(len(message) - run + 1)}
    return any(text[at : at + run] in runs for at in range(len(text) - run + 1))
