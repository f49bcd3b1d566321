"""What the elements of HTML mean for a reader: which end something, which say nothing.

Used for HTML and for the tags inside Markdown; how a tag is found is for `html` and `inline`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from supervisor.core.markup.entities import decoded
from supervisor.core.markup.flow import Flow, Mode
from supervisor.marks import HEADING, ITEM, PARAGRAPH, PRIVATE

HEADINGS: Final = frozenset("h1 h2 h3 h4 h5 h6".split())
_PARAGRAPHS: Final = frozenset(
    "address article aside blockquote body center details dialog fieldset figure footer form "
    "header hgroup hr html main nav p pre search section table".split()
)
_LISTS: Final = frozenset("dir dl menu ol ul".split())
_ITEMS: Final = frozenset(
    "button caption dd div dt figcaption legend li listing optgroup option select summary tbody "
    "textarea tfoot thead tr xmp".split()
)
_CELLS: Final = frozenset(["td", "th"])
_COUNTED: Final = {**dict.fromkeys(_LISTS, "list"), "ruby": "ruby", "sup": "sup"}
"""Elements of which it counts in how many of their kind something stands."""
_SMALL: Final = frozenset(["rt", "rp", "rtc"])
"""What stands above or beside the text in a `ruby`."""
BLOCKS: Final = HEADINGS | _PARAGRAPHS | _LISTS | _ITEMS | _CELLS
"""Elements that stand apart from what is before and after them."""

UNREAD: Final = frozenset(
    "audio canvas iframe noscript script style svg template title video".split()
)
"""Elements that are left out with their content: no text, or one that is shown only where
something is missing."""

_VOID: Final = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()
)
_INLINE: Final = frozenset(
    "a abbr acronym area b base bdi bdo big blink br cite code col colgroup data datalist del dfn "
    "em embed font head i img input ins kbd label link map mark meta meter nobr object output "
    "param picture progress q rb rp rt rtc ruby s samp slot small source span strike strong sub "
    "sup time track tt u var wbr".split()
)
UNCLOSED: Final = _VOID | frozenset(
    "body dd dt head html li optgroup option p rb rp rt rtc tbody td tfoot th thead tr".split()
)
"""Elements that need no tag at their end."""
NAMES: Final = BLOCKS | UNREAD | _INLINE
"""Every element that HTML has or had, but for those of old browsers and of frames."""

_NAME = r"<(?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9:_-]{0,40}+)(?=[\s/>])"
_VALUE = r"""(?:"[^"]*+"|'[^']*+'|[^\s"'<>`]++)"""
TAG: Final = re.compile(
    rf"{_NAME}(?P<attributes>(?:[\s/]*+[^\s\"'<>/=]++(?:\s*+=\s*+{_VALUE})?+)*+)[\s/]*+>"
)
"""One tag, as it should be written."""
LOOSE_TAG: Final = re.compile(rf"{_NAME}(?P<attributes>)[^<>]*+>")
"""One tag with a quote too many in it."""
LONGEST_TAG: Final = 2000
"""Characters within which a tag ends; a `<` that opens no such tag is text."""

_ATTRIBUTE: Final = re.compile(
    r"(?P<name>[^\s\"'<>/=]++)(?:\s*+=\s*+(?:\"(?P<double>[^\"]*+)\"|'(?P<single>[^']*+)'"
    r"|(?P<bare>[^\s\"'<>`]++)))?+"
)
_SWITCHES: Final = frozenset(
    "allowfullscreen async autofocus autoplay checked compact controls default defer disabled "
    "download formnovalidate hidden inert ismap itemscope loop multiple muted nomodule noshade "
    "novalidate nowrap open playsinline readonly required reversed selected".split()
)
"""Attributes that need no value."""
_HIDDEN: Final = re.compile(
    r"display\s{0,4}:\s{0,4}none|visibility\s{0,4}:\s{0,4}hidden", re.IGNORECASE
)
_APART: Final = frozenset("reference mw-editsection mw-cite-backlink noprint".split())
"""Classes by which encyclopedias mark what is no part of a sentence, in `sup` and `span`."""
_EXPONENT: Final = re.compile(r"[-−+]?(?:\d{1,4}|n)", re.ASCII)
_RAISED: Final = str.maketrans("0123456789n-−+", "⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ⁻⁻⁺")
"""What a power, or the number of a footnote, is written with where nothing can be raised."""
_MOST_DEEP: Final = 1000


class Tag(NamedTuple):
    """A tag: its element's name in small letters, its attributes as they are written."""

    name: str
    closes: bool
    written: str

    @classmethod
    def of(cls, found: re.Match[str]) -> Tag:
        """The tag that `TAG` found."""
        return cls(found["name"].lower(), bool(found["close"]), found["attributes"])

    @property
    def attributes(self) -> Mapping[str, str]:
        """Attributes by name in small letters; the first of each name counts."""
        found: dict[str, str] = {}
        for one in _ATTRIBUTE.finditer(self.written):
            value = one["double"] or one["single"] or one["bare"] or ""
            found.setdefault(one["name"].lower(), decoded(value))
        return found

    @property
    def is_certain(self) -> bool:
        """Whether this can be nothing but a tag of HTML: no `if a <b and b> c`."""
        if not self.written or self.name not in NAMES:
            return self.name in NAMES
        attributes = [*_ATTRIBUTE.finditer(self.written)]
        if self.closes:
            return not attributes
        return all("=" in one[0] or one["name"].lower() in _SWITCHES for one in attributes)


class Elements:
    """Reads tags, and says to a flow what they mean."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._inside = dict.fromkeys(_COUNTED.values(), 0)
        self._quotes = 0
        self._modes: list[Mode] = []
        self._hidden = ""
        self._hidden_depth = 0
        self._annotates = False

    def text(self, text: str) -> None:
        """Text between two tags, its references decoded."""
        if self._hidden or self._annotates:
            return
        if self._inside["sup"] and self._flow.joined and _EXPONENT.fullmatch(text):
            text = text.translate(_RAISED)  # 10⁶, and no 106.
        self._flow.text(text)

    def line(self) -> None:
        """A line's end that was meant."""
        if not self._hidden:
            self._flow.line()

    def tag(self, tag: Tag) -> None:
        """What a tag means. One of an element that nobody knows means nothing."""
        if self._hidden:
            self._inside_hidden(tag)
        elif tag.closes:
            self._closed(tag.name)
        else:
            self._opened(tag)

    def _opened(self, tag: Tag) -> None:
        name, flow = tag.name, self._flow
        self._ends(name)
        attributes = tag.attributes if tag.written else {}
        if name not in _VOID and _is_hidden(name, attributes):
            self._hidden, self._hidden_depth = name, 1
        elif name == "br":
            flow.line()
        elif name == "img":
            self.text(PRIVATE.sub("", attributes.get("alt", "")))
        elif name in _COUNTED:
            self._inside[_COUNTED[name]] += 1
        elif name == "pre" and len(self._modes) < _MOST_DEEP:
            self._modes.append(flow.mode)
            flow.mode = "lines"
        elif name == "q":
            self.text("“" if not self._quotes % 2 else "‘")
            self._quotes += 1
        elif name in _SMALL:
            self._annotates = self._inside["ruby"] > 0
        elif name == "rb":
            self._annotates = False

    def _closed(self, name: str) -> None:
        flow = self._flow
        if name in HEADINGS:
            flow.end(HEADING)
        elif name in _COUNTED:
            kind = _COUNTED[name]
            self._inside[kind] = max(self._inside[kind] - 1, 0)
        elif name == "pre" and self._modes:
            flow.mode = self._modes.pop()
        elif name == "q" and self._quotes:
            self._quotes -= 1
            self.text("”" if not self._quotes % 2 else "’")
        elif name == "p":
            flow.end(PARAGRAPH)
        if name == "ruby" or name in _SMALL:
            self._annotates = False
        self._ends(name)

    def _ends(self, name: str) -> None:
        """What stands before this tag ends, if its element stands apart."""
        if name not in BLOCKS:
            return
        flow = self._flow
        self._annotates = False
        self._inside["sup"] = 0
        if name in _CELLS:
            flow.cell()
        elif name in _ITEMS or (name in _LISTS and self._inside["list"]):
            flow.end(ITEM)
        else:
            flow.end(PARAGRAPH)

    def _inside_hidden(self, tag: Tag) -> None:
        """Only tags of the same element count until the one that ends it."""
        if tag.name != self._hidden:
            return
        self._hidden_depth += -1 if tag.closes else 1
        if not self._hidden_depth:
            self._hidden = ""


def _is_hidden(name: str, attributes: Mapping[str, str]) -> bool:
    """Whether an element is not shown, or is no part of what is read: the sign of a footnote, an
    icon.
    """
    if not attributes:
        return False
    return (
        attributes.get("hidden") in {"", "hidden"}
        or attributes.get("aria-hidden", "").lower() == "true"
        or _HIDDEN.search(attributes.get("style", "")) is not None
        or (name in {"sup", "span"} and not _APART.isdisjoint(attributes.get("class", "").split()))
    )
