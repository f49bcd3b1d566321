"""XML and HTML as trees, whatever state they are in: no entity is expanded, nothing is fetched."""

from __future__ import annotations

import html.entities
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final, TypeAlias

from lxml import etree

Element: TypeAlias = Any
"""An element of lxml, which publishes no types."""

_DECLARED: Final = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})""")
_DECLARATION: Final = re.compile(r"\s*<\?xml[^>]{0,400}\?>")
_REFERENCE: Final = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_OF_XML: Final = frozenset(["amp", "lt", "gt", "quot", "apos"])
_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


def parsed(data: bytes) -> Element | None:
    """The root of an XML file, as much of it as can be read; None for what is none."""
    source = _with_characters(_DECLARATION.sub("", _decoded(data), count=1))
    return _tree(source, recover=True)


def parsed_page(data: bytes) -> Element | None:
    """The root of a page of XHTML, or of HTML that calls itself so; None for an empty one."""
    source = _with_characters(_DECLARATION.sub("", _decoded(data), count=1))
    strict = _tree(source, recover=False)
    if strict is not None:
        return strict
    parser = etree.HTMLParser(no_network=True, huge_tree=False)
    try:
        return etree.fromstring(source, parser)
    except (etree.LxmlError, ValueError):
        return None


def name_of(element: Element) -> str:
    """An element's name in small letters, without its namespace; empty for a comment."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def named(root: Element, name: str) -> Iterator[Element]:
    """The elements of this name within, in order, in any namespace."""
    return (each for each in root.iter() if name_of(each) == name)


def children(element: Element, name: str) -> Iterator[Element]:
    """Its children of this name."""
    return (each for each in element if name_of(each) == name)


def text_of(element: Element | None) -> str:
    """All text within, its white space as one space."""
    return "" if element is None else " ".join(str(element.xpath("string()")).split())


def attribute(element: Element, name: str) -> str:
    """An attribute by its name without a namespace; empty where there is none."""
    for key, value in element.attrib.items():
        if key.rpartition("}")[2].lower() == name:
            return str(value)
    return ""


def kinds_of(element: Element) -> frozenset[str]:
    """What an element says that it is: the words of `epub:type` and `role`."""
    words = f"{attribute(element, 'type')} {attribute(element, 'role').replace('doc-', '')}"
    return frozenset(words.lower().split())


def _tree(source: str, *, recover: bool) -> Element | None:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=recover
    )
    try:
        return etree.fromstring(source, parser)
    except (etree.LxmlError, ValueError):
        return None


def _decoded(data: bytes) -> str:
    """The text of a file by its mark, or by what it declares, else UTF-8."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    declared = _DECLARED.match(data.lstrip()[:400])
    if declared is not None:
        with suppress(LookupError, UnicodeError):
            text = data.decode(declared[1].decode("ascii"))
            # What says that it is UTF-16 and could be read so far is none.
            if text.lstrip().startswith("<?xml"):
                return text
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _with_characters(source: str) -> str:
    """The source with HTML's names of characters, which XML does not know, as characters."""
    return _REFERENCE.sub(_character, source)


def _character(reference: re.Match[str]) -> str:
    name = reference[1]
    if name in _OF_XML:
        return reference[0]
    return html.entities.html5.get(f"{name};", reference[0])
