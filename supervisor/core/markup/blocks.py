"""The blocks of Markdown: what a line may begin, as patterns.

All are matched where a line begins, look at a stretch of text that is bounded, and never go back
within it.
"""

from __future__ import annotations

import re
from typing import Final

from supervisor.core.markup.elements import BLOCKS, UNREAD

_EOL = r"[ \t\r]*+(?:\n|\Z)"
_HTML_NAMES = "|".join(sorted(BLOCKS | UNREAD | {"head"}))
_HTML = rf"[ \t]*+<(?:/?(?i:{_HTML_NAMES})(?=[\s/>])|!--|![A-Za-z])"
_RULE = r"[ ]{0,3}(?:(?:\*[ \t]*+){3,}+|(?:-[ \t]*+){3,}+|(?:_[ \t]*+){3,}+)\r?+(?:\n|\Z)"
_LABEL = r"[ ]{0,3}\[[^\[\]\n]{1,200}+\]:"
_FENCE = r"[ \t]*+(?:`{3,}+(?=[^`\n]*+(?:\n|\Z))|~{3,}+)"

BLOCK: Final = re.compile(
    rf"(?P<blank>(?:[ \t\r\f\v]*+\n)++|[ \t\r\f\v]++\Z)"
    rf"|(?P<fence>[ \t]*+(?:(?P<ticks>`{{3,}}+)[^`\n]*+|(?P<tildes>~{{3,}}+)[^\n]*+)(?:\n|\Z))"
    rf"|(?P<rule>{_RULE})"
    rf"|(?P<heading>[ ]{{0,3}}\#{{1,6}}(?:[ \t]++(?P<title>[^\n]*+)|\r?+)(?:\n|\Z))"
    rf"|(?P<quote>(?:[ ]{{0,3}}>[^\n]*+(?:\n|\Z))++)"
    rf"|(?P<html>{_HTML})"
    rf"|(?P<definition>[ ]{{0,3}}\[(?P<label>[^\[\]\n]{{1,200}}+)\]:)"
    rf"|(?P<item>[ \t]*+(?P<bullet>[-*+•]|\d{{1,9}}+[.)])(?:[ \t]++|(?=\r?(?:\n|\Z))))"
    rf"|(?P<table>[^\n|]*+\|[^\n]*+\n"
    rf"(?P<delimiter>[ \t]*+\|?+[ \t]*+:?+-++:?+[ \t]*+(?:\|[ \t]*+:?+-++:?+[ \t]*+)*+\|?+{_EOL}))"
)
"""What begins here, if it is no paragraph, by the name of its group."""

MORE: Final = re.compile(
    rf"[^\n]*+(?:\n|\Z)"
    rf"(?:(?!{_EOL}|{_FENCE}|[ ]{{0,3}}(?:\#{{1,6}}[ \t]|>|=++{_EOL}|-++{_EOL})|{_RULE}|{_HTML}"
    rf"|{_LABEL}|[ \t]*+(?:[-*+•]|1[.)])[ \t]|[ \t]*+\|)[^\n]++(?:\n|\Z))*+"
)
"""A line, and what goes on with it in a paragraph."""
MORE_OF_ITEM: Final = re.compile(MORE.pattern.replace("|1[.)])", r"|\d{1,9}+[.)])"))
"""The same in a list, where each number begins an item."""
UNDERLINE: Final = re.compile(rf"[ ]{{0,3}}(?:=++|-++){_EOL}")
"""What makes a heading of the lines before."""
BOLD: Final = re.compile(
    r"[ ]{0,3}(?P<signs>\*\*|__)(?P<title>(?!\s)[^\n*_]{1,200}+(?<![\s.!?…])(?<![.!?…]['\"”’)]))"
    r"(?P=signs):?+[ \t\r]*+(?:\n|\Z)"
)
"""A line that is bold from end to end, and no sentence: a title, as assistants write them."""
UNBROKEN: Final = re.compile(rf"(?:(?!{_EOL})[^\n]++(?:\n|\Z))++")
"""All lines up to one that is empty."""
ROW: Final = re.compile(r"[^\n|]*+\|[^\n]*+(?:\n|\Z)")
"""A row of a table."""
ROW_BORDER: Final = re.compile(r"(?<!\\)\|")
INDENTED: Final = re.compile(r"(?:(?:[ ]{4}|[ ]{0,3}\t)[^\n]*+(?:\n|\Z))++")
"""Lines of code, in a text that is called Markdown."""
QUOTE_MARKS: Final = re.compile(r"^(?:[ \t]*+>)++ ?", re.MULTILINE)
SPACES: Final = re.compile(r"[ \t]*+")
TASK: Final = re.compile(r"\[[ xX]\][ \t]++")
"""The box of a task in a list."""
ANY: Final = re.compile(
    r"[\\`*_\[\]<>&=~|#+•]|^[ \t]*+(?:-|\d{1,9}+[.)])|^(?: {4}|\t)|  \r?$", re.MULTILINE
)
"""What a text has that is Markdown."""
AFTER_CUT: Final = re.compile(r"[ ]{0,3}(?:=|-|\|[ \t]*+[:-]|:-)")
"""The begin of a line that says what the one before is."""
DEFINED: Final = re.compile(
    r"[ \t]*+\n?[ \t]*+(?:<[^<>\n]{0,2000}+>|(?P<place>[^\s<]\S{0,2000}+))"
    r"(?:[ \t]++(?:\"[^\"\n]{0,400}+\"|'[^'\n]{0,400}+'|\([^()\n]{0,400}+\)))?+[ \t\r]*+(?:\n|\Z)"
)
"""What a link's definition says behind its label."""
ADDRESS: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]{1,20}:\S|[/.#]|[\w-]{1,64}(?:\.[\w-]{1,64}){1,8}(?:[/:?#]|\Z)"
)
"""What an address begins with, for a careful reader."""
