"""A page of an EPUB as HTML to be read: without what nobody would read aloud, cut at places.

Left out are footnotes and the signs that lead to them, numbers of pages, and pictures' names.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection
from typing import Final, NamedTuple

from lxml import etree

from supervisor.books.xml import Element, attribute, kinds_of, name_of, named, parsed_page, text_of

_UNREAD: Final = frozenset(
    [
        "annoref",
        "endnote",
        "endnotes",
        "footnote",
        "footnotes",
        "noteref",
        "page-list",
        "pagebreak",
        "pagelist",
        "rearnote",
        "rearnotes",
        "backlink",
    ]
)
_NOT_TEXT: Final = frozenset(
    [
        "audio",
        "canvas",
        "head",
        "iframe",
        "link",
        "math-annotation",
        "meta",
        "noscript",
        "object",
        "script",
        "style",
        "svg",
        "template",
        "video",
    ]
)
_NOTE_SIGN: Final = re.compile(r"[\[(]?(?:\d{1,3}|[a-z*†‡§¶]{1,2})[\])]?")
_BACK: Final = re.compile(r"[↑↩⏎^][\ufe0e\ufe0f]?")
_NO_WORDS: Final = re.compile(
    r".*\.(?:jpe?g|png|gif|svg|webp|bmp)|cover(?: image| page)?|image|img|images?|picture|logo|"
    r"illustration|decoration|ornament|[\W\d_]*",
    re.IGNORECASE | re.DOTALL,
)
_TAG: Final = re.compile(r"<[^>]*>")
_BEFORE_HEADING: Final = 200
"""Characters that may stand before a heading which names what follows: a number, a motto."""
_CUT: Final = "cut:"
_CUT_HERE: Final = re.compile(rf"<!--{_CUT}(\d+)-->")


class Piece(NamedTuple):
    """What follows a place in a page. `place` is empty for the page's begin."""

    place: str
    source: str
    heading: str


class CleanPage(NamedTuple):
    """A page. `kinds`: what it says that it is, as a whole. `title` is that of its head."""

    kinds: frozenset[str]
    title: str
    pieces: tuple[Piece, ...]


def clean_page(data: bytes, places: Collection[str]) -> CleanPage:
    """The page, cut before each of the elements with these ids, in the page's order."""
    root = parsed_page(data)
    if root is None:
        return CleanPage(frozenset(), "", ())
    title = text_of(next(named(root, "title"), None))
    body = next(named(root, "body"), root)
    found = _mark(body, places)
    kinds = _kinds(body)
    _drop(body)
    _slim(body)
    source = str(etree.tostring(body, encoding="unicode", method="html", with_tail=False))
    first, *rest = _CUT_HERE.split(source)
    pieces = [Piece("", first, _heading(first))]
    for number, piece in zip(rest[::2], rest[1::2], strict=True):
        pieces.append(Piece(found[int(number)], piece, _heading(piece)))
    return CleanPage(kinds, title, tuple(pieces))


def words_of(source: str) -> str:
    """The text of a piece of HTML that `clean_page` made, for counting and looking at."""
    return " ".join(_TAG.sub(" ", source).split())


def has_words(text: str) -> bool:
    """Whether anything in a text is to be read."""
    return any(map(str.isalnum, text))


def _mark(body: Element, places: Collection[str]) -> list[str]:
    """Put a comment before each place; returns the places in order."""
    found: dict[str, Element] = {}
    for element in body.iter(etree.Element):
        place = attribute(element, "id") or attribute(element, "name")
        if place and place in places:
            found.setdefault(place, element)
    for number, element in enumerate(found.values()):
        mark = etree.Comment(f"{_CUT}{number}")
        if element is body or element.getparent() is None:
            mark.tail, element.text = element.text, None
            element.insert(0, mark)
        else:
            element.addprevious(mark)
    return list(found)


def _kinds(body: Element) -> frozenset[str]:
    """What the page is as a whole: what its body is, or the one element that the body has."""
    kinds = kinds_of(body)
    inside = [each for each in body if name_of(each)]
    while len(inside) == 1 and not (body.text or "").strip():
        body = inside[0]
        kinds |= kinds_of(body)
        inside = [each for each in body if name_of(each)]
    return kinds


def _drop(body: Element) -> None:
    """Take out what is not read; what follows it stays, and so do the marks inside."""
    for element in list(body.iter()):
        if element is body or element.getparent() is None:
            continue
        if not name_of(element):
            if not str(element.text or "").startswith(_CUT):
                _take_out(element)
        elif _is_unread(element):
            for mark in element.iter(etree.Comment):
                if str(mark.text or "").startswith(_CUT):
                    element.addprevious(etree.Comment(mark.text))
            _take_out(element)


def _is_unread(element: Element) -> bool:
    name = name_of(element)
    if name in _NOT_TEXT or not _UNREAD.isdisjoint(kinds_of(element)):
        return True
    if name == "img":
        return _NO_WORDS.fullmatch(attribute(element, "alt")) is not None
    if name == "a" and "#" in attribute(element, "href"):
        text = text_of(element)
        raised = name_of(element.getparent()) == "sup" or any(
            name_of(each) == "sup" for each in element.iter()
        )
        is_sign = _NOTE_SIGN.fullmatch(text) is not None
        bracketed = is_sign and not text[:1].isalnum()
        return _BACK.fullmatch(text) is not None or bracketed or (is_sign and raised)
    return False


def _take_out(element: Element) -> None:
    parent = element.getparent()
    if element.tail:
        before = element.getprevious()
        if before is None:
            parent.text = (parent.text or "") + element.tail
        else:
            before.tail = (before.tail or "") + element.tail
    parent.remove(element)


def _slim(body: Element) -> None:
    """Leave of the attributes those that say how something is read."""
    for element in body.iter(etree.Element):
        for key, value in list(element.attrib.items()):
            name = key.rpartition("}")[2].lower()
            hides = name == "style" and ("none" in value or "hidden" in value)
            if not (hides or name in {"alt", "aria-hidden", "class", "hidden"}):
                del element.attrib[key]
    etree.cleanup_namespaces(body)


def _heading(source: str) -> str:
    """The text of the first heading, if it comes before any other text."""
    found = re.search(r"<(h[1-3])\b[^>]*>(.*?)</\1>", source, re.DOTALL | re.IGNORECASE)
    if found is None or len(words_of(source[: found.start()])) > _BEFORE_HEADING:
        return ""
    return html_text(found[2])


def html_text(source: str) -> str:
    """The text of HTML without its references."""
    return html.unescape(words_of(source))
