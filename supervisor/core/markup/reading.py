"""The way in: a client's text and what it is written in go in, a marked text comes out in steps.

Which markup means what stands in the module of its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from supervisor.core.markup import html, markdown, ssml, tags
from supervisor.core.markup.told import MarkupError, Told
from supervisor.marks import PRIVATE
from supervisor.speech import Markup

__all__ = ["MarkupError", "Told", "marked"]


_BEGIN: Final = re.compile(
    r"[\ufeff\s]{0,400}+(?:<\?xml[^<>]{0,400}+>\s{0,400}+)?+"
    r"(?:<!--(?:[^-]|-(?!->)){0,2000}+-->\s{0,400}+)?+"
    r"<(?:(?P<ssml>speak)(?=[\s/>])|(?i:!doctype\s{1,20}html|html|head|body)(?=[\s/>]))"
)

_SHORT: Final = 2_048
_SIGNLESS: Final = re.compile(
    r"(?![-+•>\s\d])[^\x00-\x1f\x7f#*_`~<>&\[\]|\\=\ue000-\ue00f]*\Z", re.ASCII
)
"""One line in which nothing is a sign of Markdown or HTML: most requests are."""

_READERS: Final[Mapping[str, Callable[[str], Iterator[str | Told]]]] = {
    "html": html.read,
    "ssml": ssml.read,
    "tags": tags.read,
}


def marked(text: str, markup: Markup) -> Iterator[str | Told]:
    """Pieces of the marked text, some of them empty, and what was not understood.

    Each step looks at some thousand characters at most, so that a caller can do other things
    between two. Raises MarkupError while it goes, for SSML only.
    """
    if markup in {"auto", "markdown"} and len(text) <= _SHORT and _SIGNLESS.match(text):
        return iter((text,))
    if markup == "auto":
        begin = _BEGIN.match(text)
        markup = "markdown" if begin is None else "ssml" if begin["ssml"] else "html"
        if markup == "markdown":
            return markdown.read(text, careful=True)
    if markup == "markdown":
        return markdown.read(text, careful=False)
    if markup in _READERS:
        return _READERS[markup](text)
    return iter((text if text.isascii() else PRIVATE.sub("", text),))
