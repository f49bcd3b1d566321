"""Front matter: settings in YAML between two lines `---` at the very beginning of a text."""

from __future__ import annotations

import re
from typing import Final

_BEGIN: Final = re.compile(r"\ufeff?---[ \t]*+\r?\n")
_LINE: Final = re.compile(
    r"[\w\"'-][^\n:]{0,100}+:(?=[ \t\r\n])[^\n]*+\n|[ \t]*+(?:[#-][^\n]*+)?+\n|[ \t][^\n]*+\n"
)
_END: Final = re.compile(r"(?:---|\.\.\.)[ \t\r]*+(?:\n|\Z)")
_LONGEST: Final = 8192


def front_matter(source: str, *, careful: bool) -> int:
    """The end of the front matter, 0 if there is none. A careful reader looks for a name, too."""
    begin = _BEGIN.match(source)
    if begin is None:
        return 0
    at = begin.end()
    named = not careful
    while at < _LONGEST:
        end = _END.match(source, at)
        if end is not None:
            return end.end() if named else 0
        line = _LINE.match(source, at)
        if line is None:
            return 0
        named = named or line[0][0].isalpha()
        at = line.end()
    return 0
