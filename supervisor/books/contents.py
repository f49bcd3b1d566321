"""An EPUB's table of contents, by `nav` (EPUB 3) or NCX (EPUB 2), as a tree of places."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from supervisor.books.archive import Archive, resolved
from supervisor.books.xml import (
    Element,
    attribute,
    children,
    kinds_of,
    name_of,
    named,
    parsed,
    parsed_page,
    text_of,
)

_MOST_DEEP: Final = 8
_TITLE_CHARS: Final = 300


class Entry(NamedTuple):
    """A line of the table: its title, the page and the place in it, and the lines below."""

    title: str
    page: str
    fragment: str
    below: tuple[Entry, ...]


def contents_of(archive: Archive, nav: str | None, ncx: str | None) -> tuple[Entry, ...]:
    """The table of contents; empty where there is none that can be read."""
    found: tuple[Entry, ...] = ()
    if nav is not None:
        page = parsed_page(archive.read(nav) or b"")
        found = () if page is None else _by_nav(archive, nav, page)
    if not found and ncx is not None:
        root = parsed(archive.read(ncx) or b"")
        for table in () if root is None else named(root, "navmap"):
            found = tuple(_points(archive, ncx, table, 0))
            break
    return found


def kinds_by_nav(archive: Archive, nav: str | None) -> dict[str, frozenset[str]]:
    """What the landmarks of EPUB 3 say of whole pages."""
    page = None if nav is None else parsed_page(archive.read(nav) or b"")
    if page is None or nav is None:
        return {}
    found: dict[str, frozenset[str]] = {}
    for table in named(page, "nav"):
        for link in named(table, "a") if "landmarks" in kinds_of(table) else ():
            name, fragment = resolved(nav, attribute(link, "href"))
            name = archive.find(name) or ""
            if name and not fragment:
                found[name] = found.get(name, frozenset()) | kinds_of(link)
    return found


def _by_nav(archive: Archive, nav: str, page: Element) -> tuple[Entry, ...]:
    tables = list(named(page, "nav"))
    table = next((each for each in tables if "toc" in kinds_of(each)), None)
    if table is None and len(tables) == 1:
        table = tables[0]
    top = None if table is None else next(named(table, "ol"), None)
    return () if top is None else tuple(_lines(archive, nav, top, 0))


def _lines(archive: Archive, nav: str, lines: Element, depth: int) -> Iterator[Entry]:
    for line in children(lines, "li"):
        label = next((each for each in line if name_of(each) in {"a", "span"}), None)
        reference = "" if label is None else attribute(label, "href")
        lower = next(children(line, "ol"), None)
        below = (
            () if lower is None or depth == _MOST_DEEP else _lines(archive, nav, lower, depth + 1)
        )
        yield _entry(archive, nav, text_of(label), reference, tuple(below))


def _points(archive: Archive, ncx: str, points: Element, depth: int) -> Iterator[Entry]:
    for point in children(points, "navpoint"):
        label = next(children(point, "navlabel"), None)
        content = next(children(point, "content"), None)
        reference = "" if content is None else attribute(content, "src")
        below = () if depth == _MOST_DEEP else _points(archive, ncx, point, depth + 1)
        yield _entry(archive, ncx, text_of(label), reference, tuple(below))


def _entry(
    archive: Archive, base: str, title: str, reference: str, below: tuple[Entry, ...]
) -> Entry:
    """A line; one that leads nowhere is where the first line below it is."""
    name, fragment = resolved(base, reference) if reference else ("", "")
    name = archive.find(name) or ""
    if not name and below:
        name, fragment = below[0].page, below[0].fragment
    return Entry(title[:_TITLE_CHARS], name, fragment, below)
