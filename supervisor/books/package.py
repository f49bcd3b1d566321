"""An EPUB's package: what it is called, its pages in the order of reading, and its cover."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from supervisor.books.archive import Archive, resolved
from supervisor.books.book import BookError, Cover
from supervisor.books.xml import (
    Element,
    attribute,
    children,
    kinds_of,
    named,
    parsed,
    parsed_page,
    text_of,
)

_CONTAINER: Final = "META-INF/container.xml"
_PAGES: Final = frozenset(
    ["application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"]
)
_PICTURES: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
)
_WEBP: Final = re.compile(rb"RIFF.{4}WEBP", re.DOTALL)
_COVER_BYTES: Final = 10_000_000
_TITLE_CHARS: Final = 300
_TAG: Final = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8}){0,4}")


class Page(NamedTuple):
    """A page in the order of reading. `kinds`: what the package says that it is (`cover`)."""

    name: str
    kinds: frozenset[str]


class Package:
    """The package of an archive. Raises BookError where there is none."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.name = _package_name(archive)
        root = parsed(archive.read(self.name) or b"")
        if root is None:
            raise _broken("its package document cannot be read")
        self._root: Element = root
        self._items = self._manifest()
        self.title = self._first("title")[:_TITLE_CHARS]
        self.author = self._author()
        self.language = _tag(self._first("language"))
        self._kinds = self._guided()
        self.pages = tuple(self._spine())

    @property
    def contents(self) -> tuple[str | None, str | None]:
        """The names of the tables of contents: that of EPUB 3 and that of EPUB 2."""
        nav = next((each.name for each in self._items.values() if "nav" in each.properties), None)
        spine = next(named(self._root, "spine"), None)
        stated = self._items.get("" if spine is None else attribute(spine, "toc"))
        ncx = stated or next(
            (each for each in self._items.values() if each.media == "application/x-dtbncx+xml"),
            None,
        )
        return nav, None if ncx is None else ncx.name

    def cover(self) -> Cover | None:
        """The picture on the front, if there is one that others can show."""
        for name in self._cover_names():
            data = self._archive.read(name)
            kind = None if data is None else _picture(data)
            if data is not None and kind is not None and len(data) <= _COVER_BYTES:
                return Cover(kind, data)
        return None

    def _cover_names(self) -> Iterator[str]:
        for item in self._items.values():
            if "cover-image" in item.properties:
                yield item.name
        for meta in named(self._root, "meta"):
            if attribute(meta, "name") == "cover":
                told = attribute(meta, "content")
                yield self._items[told].name if told in self._items else self._resolved(told)
        yield from self._on_cover_pages()
        for key, item in self._items.items():
            if item.media.startswith("image/") and "cover" in f"{key} {item.name}".lower():
                yield item.name

    def _on_cover_pages(self) -> Iterator[str]:
        """Pictures on the pages that the guide calls the cover; one may be a picture itself."""
        for name, kinds in self._kinds.items():
            if "cover" not in kinds:
                continue
            page = parsed_page(self._archive.read(name) or b"")
            if page is None:
                yield name
                continue
            for image in (*named(page, "img"), *named(page, "image")):
                shown = attribute(image, "src") or attribute(image, "href")
                yield resolved(name, shown)[0]

    def _manifest(self) -> Mapping[str, _Item]:
        found: dict[str, _Item] = {}
        for item in named(self._root, "item"):
            name = self._resolved(attribute(item, "href"))
            if name:
                properties = frozenset(attribute(item, "properties").split())
                found[attribute(item, "id")] = _Item(
                    name, attribute(item, "media-type"), properties
                )
        return found

    def _spine(self) -> Iterator[Page]:
        """The pages that are read one after the other. What is not there is left out."""
        for reference in named(self._root, "itemref"):
            item = self._items.get(attribute(reference, "idref"))
            if item is None or attribute(reference, "linear") == "no":
                continue
            is_page = item.media in _PAGES or not item.media
            if is_page and self._archive.find(item.name) is not None:
                kinds = self._kinds.get(item.name, frozenset())
                yield Page(item.name, kinds | ({"toc"} if "nav" in item.properties else set()))

    def _guided(self) -> Mapping[str, frozenset[str]]:
        """What the guide of EPUB 2 says of pages."""
        found: dict[str, frozenset[str]] = {}
        for reference in named(self._root, "reference"):
            name = self._resolved(attribute(reference, "href"))
            # The whole page is of that kind only where no place in it is named.
            if name and "#" not in attribute(reference, "href"):
                found[name] = found.get(name, frozenset()) | kinds_of(reference)
        return found

    def _author(self) -> str | None:
        """Who wrote it: the creators, without those who did something else."""
        roles = {
            attribute(meta, "refines").removeprefix("#"): text_of(meta)
            for meta in named(self._root, "meta")
            if attribute(meta, "property") == "role"
        }
        names: list[str] = []
        for creator in self._told("creator"):
            role = attribute(creator, "role") or roles.get(attribute(creator, "id"), "")
            name = text_of(creator)
            if name and name not in names and role in {"", "aut"}:
                names.append(name)
        return ", ".join(names)[:_TITLE_CHARS] or None

    def _told(self, name: str) -> Iterator[Element]:
        for metadata in named(self._root, "metadata"):
            yield from named(metadata, name)

    def _first(self, name: str) -> str:
        return next(filter(None, map(text_of, self._told(name))), "")

    def _resolved(self, reference: str) -> str:
        name = resolved(self.name, reference)[0]
        return self._archive.find(name) or name


class _Item(NamedTuple):
    """A file of the manifest."""

    name: str
    media: str
    properties: frozenset[str]


def _package_name(archive: Archive) -> str:
    container = archive.read(_CONTAINER)
    root = None if container is None else parsed(container)
    if root is None:
        raise _broken(f"it has no readable {_CONTAINER}")
    for files in named(root, "rootfiles"):
        for file in children(files, "rootfile"):
            name = resolved("", attribute(file, "full-path"))[0]
            known = archive.find(name)
            if known is not None:
                return known
    raise _broken("its package document is missing")


def _broken(why: str) -> BookError:
    return BookError("broken_document", f"this EPUB is damaged: {why}; get the file anew")


def _picture(data: bytes) -> str | None:
    """The media type of a picture, by how it begins."""
    if _WEBP.match(data):
        return "image/webp"
    return next((kind for begin, kind in _PICTURES if data.startswith(begin)), None)


def _tag(told: str) -> str | None:
    """A language tag as it should be written; `und` says nothing."""
    found = _TAG.match(told.strip())
    tag = "" if found is None else found[0].replace("_", "-")
    return None if tag.lower() in {"", "und", "mul", "zxx"} else tag
