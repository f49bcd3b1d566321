"""EPUB 2 and 3 as a book: its chapters are those of its table of contents.

Where it has none, each page that begins with a heading is a chapter. Pages that nobody reads aloud
(the table of contents, the imprint, the index, notes) are left out, and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from supervisor.books.archive import Archive
from supervisor.books.book import (
    CHAPTER_CHARACTERS,
    MOST_CHARACTERS,
    Book,
    BookError,
    Chapter,
)
from supervisor.books.contents import Entry, contents_of, kinds_by_nav
from supervisor.books.package import Package
from supervisor.books.pages import CleanPage, clean_page, has_words, words_of
from supervisor.books.protection import refuse_protected

_UNREAD: Final = frozenset(
    [
        "copyright",
        "copyright-page",
        "copyrightpage",
        "cover",
        "endnotes",
        "footnotes",
        "halftitlepage",
        "index",
        "landmarks",
        "loi",
        "lot",
        "page-list",
        "rearnotes",
        "toc",
    ]
)
"""Kinds of pages, by their names in EPUB, that are not read aloud."""
_OTHERS: Final = {
    "word/document.xml": "a Word document",
    "xl/workbook.xml": "an Excel sheet",
    "ppt/presentation.xml": "a PowerPoint file",
}
"""Other kinds of archives, by a file in them."""
_OPEN_DOCUMENT: Final = b"application/vnd.oasis"
_UNREAD_TITLES: Final = frozenset(
    ["contents", "copyright", "copyright page", "cover", "index", "table of contents"]
)
"""What such pages are called where they do not say what they are."""


class _Piece(NamedTuple):
    """A stretch of the book between two places that the table of contents names."""

    page: str
    place: str
    source: str
    heading: str
    title: str
    characters: int


class _Start(NamedTuple):
    """Where a chapter begins: the number of a piece, and its title."""

    piece: int
    title: str


def read_epub(data: bytes, stem: str) -> Book:
    """The book; `stem` is what it is called where it does not say so. Raises BookError."""
    archive = Archive(data)
    _refuse_others(archive)
    refuse_protected(archive)
    package = Package(archive)
    if not package.pages:
        raise BookError(
            "broken_document", "this EPUB is damaged: it names no page; get the file anew"
        )
    nav, ncx = package.contents
    entries = contents_of(archive, nav, ncx)
    kinds = kinds_by_nav(archive, nav)
    places = _places(entries)
    left_out: list[str] = []
    pieces: list[_Piece] = []
    skipped: list[_Piece] = []
    total = 0
    for page in package.pages:
        clean = clean_page(archive.read(page.name) or b"", places.get(page.name, ()))
        of_page = list(_pieces(page.name, clean))
        total += sum(piece.characters for piece in of_page)
        if total > MOST_CHARACTERS:
            raise BookError(
                "too_large", f"the book has more than {MOST_CHARACTERS:,} characters; divide it"
            )
        unread = (page.kinds | kinds.get(page.name, frozenset()) | clean.kinds) & _UNREAD
        (skipped if unread else pieces).extend(of_page)
        if unread and sum(piece.characters for piece in of_page):
            left_out.append(of_page[0].heading or clean.title or min(unread))
    if not any(piece.characters for piece in pieces):
        pieces, left_out = skipped, []
    chapters = list(_chapters(pieces, _starts(pieces, entries), package.title or stem, left_out))
    return Book(
        title=package.title or stem,
        author=package.author,
        language=package.language,
        cover=package.cover(),
        chapters=tuple(chapters),
        left_out=tuple(dict.fromkeys(left_out)),
    )


def _refuse_others(archive: Archive) -> None:
    """Raise BookError for what people have in ZIP archives as well."""
    kind = next((kind for name, kind in _OTHERS.items() if archive.find(name)), None)
    if (archive.read("mimetype") or b"").startswith(_OPEN_DOCUMENT):
        kind = "an OpenDocument file"
    if kind is not None:
        raise BookError("unknown_document", f"this is {kind}; save it as EPUB, text or HTML first")


def _places(entries: Iterable[Entry]) -> dict[str, set[str]]:
    """Ids that the table of contents names, by page."""
    found: dict[str, set[str]] = {}
    for entry in entries:
        if entry.fragment:
            found.setdefault(entry.page, set()).add(entry.fragment)
        for page, places in _places(entry.below).items():
            found.setdefault(page, set()).update(places)
    return found


def _pieces(name: str, page: CleanPage) -> Iterator[_Piece]:
    for piece in page.pieces:
        words = words_of(piece.source)
        count = len(words) if has_words(words) else 0
        yield _Piece(name, piece.place, piece.source, piece.heading, page.title, count)


def _starts(pieces: Sequence[_Piece], entries: Sequence[Entry]) -> list[_Start]:
    """Where chapters begin, in order."""
    numbers: dict[tuple[str, str], int] = {}
    for number, piece in enumerate(pieces):
        numbers.setdefault((piece.page, piece.place), number)
        numbers.setdefault((piece.page, ""), number)
    found: dict[int, str] = {}
    for start in _chosen(entries, numbers, pieces):
        found.setdefault(start.piece, start.title)
    if found:
        return [_Start(number, found[number]) for number in sorted(found)]
    headed = [_Start(number, piece.heading) for number, piece in enumerate(pieces) if piece.heading]
    return headed or _by_pages(pieces)


def _by_pages(pieces: Sequence[_Piece]) -> list[_Start]:
    """Each page with words as a chapter, under its title where pages have titles of their own."""
    spoken = [(number, piece) for number, piece in enumerate(pieces) if piece.characters]
    own = len({piece.title for _, piece in spoken}) == len(spoken)
    return [
        _Start(number, piece.title if own and piece.title else f"Part {count}")
        for count, (number, piece) in enumerate(spoken, 1)
    ]


def _chosen(
    entries: Sequence[Entry], numbers: dict[tuple[str, str], int], pieces: Sequence[_Piece]
) -> Iterator[_Start]:
    """The lines of the table of contents that begin a chapter.

    A line with others below it is a chapter that has sections, unless these have pages of their
    own, or it would be too long: then it is a part of the book, and they are chapters.
    """
    for entry in entries:
        at = _number(entry, numbers)
        below = [number for each in entry.below if (number := _number(each, numbers)) is not None]
        is_part = bool(below) and (
            any(pieces[number].page != entry.page for number in below)
            or sum(piece.characters for piece in pieces[min(below) : max(below)])
            > CHAPTER_CHARACTERS
        )
        if at is not None and not (is_part and _is_short(pieces[at : min(below)])):
            yield _Start(at, entry.title)
        if is_part:
            inside = list(_chosen(entry.below, numbers, pieces))
            if at is not None and inside and _is_short(pieces[at : inside[0].piece]):
                inside[0] = _Start(at, inside[0].title)  # It begins with the name of the part.
            yield from inside


def _number(entry: Entry, numbers: dict[tuple[str, str], int]) -> int | None:
    """The piece that a line of the table of contents leads to."""
    exact = numbers.get((entry.page, entry.fragment))
    return numbers.get((entry.page, "")) if exact is None else exact


_TITLE_PAGE: Final = 400
"""Characters that the page of a part has at most, if it says nothing but the part's name."""


def _is_short(pieces: Iterable[_Piece]) -> bool:
    return sum(piece.characters for piece in pieces) <= _TITLE_PAGE


def _chapters(
    pieces: Sequence[_Piece], starts: Sequence[_Start], title: str, left_out: list[str]
) -> Iterator[Chapter]:
    """The chapters, and what stands before the first one; those without a word are left out."""
    first = starts[0].piece if starts else len(pieces)
    before = _Start(0, next((piece.heading for piece in pieces[:first] if piece.heading), title))
    begins = list(starts) if starts and not first else [before, *starts]
    ends = [start.piece for start in begins[1:]] + [len(pieces)]
    for start, end in zip(begins, ends, strict=True):
        inside = pieces[start.piece : end]
        characters = sum(piece.characters for piece in inside)
        name = start.title or next((p.heading for p in inside if p.heading), "") or title
        if not characters:
            continue
        if _is_unread(name) and len(begins) > 1:
            left_out.append(name)
            continue
        yield Chapter(name, "\n".join(piece.source for piece in inside), characters, "html")


def _is_unread(title: str) -> bool:
    return title.strip(" .:").casefold() in _UNREAD_TITLES
