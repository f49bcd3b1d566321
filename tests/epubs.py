"""EPUBs for tests, made of a few words."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

CONTAINER = (
    '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    '<rootfiles><rootfile full-path="OEBPS/content.opf"'
    ' media-type="application/oebps-package+xml"/></rootfiles></container>'
)
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS"
    b"\xde\x00\x00\x00\x0cIDATx\x9cc\xf8\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00"
    b"\x00\x00IEND\xaeB`\x82"
)
"""A picture of one dot."""


def page(body: str, title: str = "", attributes: str = "") -> str:
    """A page of XHTML."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
        f"<head><title>{title}</title></head><body {attributes}>{body}</body></html>"
    )


def nav(lines: str) -> str:
    """The table of contents of an EPUB 3, of these `li`."""
    return page(f'<nav epub:type="toc"><h1>Contents</h1><ol>{lines}</ol></nav>')


def ncx(points: str) -> str:
    """The table of contents of an EPUB 2, of these `navPoint`."""
    return (
        '<?xml version="1.0"?><!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN"'
        ' "http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">'
        f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{points}</navMap></ncx>'
    )


def point(title: str, target: str, below: str = "") -> str:
    """A line of `ncx`."""
    return (
        f"<navPoint><navLabel><text>{title}</text></navLabel>"
        f'<content src="{target}"/>{below}</navPoint>'
    )


def epub(
    pages: Mapping[str, str],
    *,
    contents: str | None = None,
    ncx: str | None = None,
    metadata: str = "<dc:title>A Book</dc:title><dc:creator>A. Writer</dc:creator>"
    "<dc:language>en</dc:language>",
    spine: Sequence[str] | None = None,
    guide: str = "",
    cover: bytes | None = None,
    more: Mapping[str, str | bytes] | None = None,
) -> bytes:
    """An EPUB of these pages, by name; `more` are files that the package does not name."""
    items = [
        f'<item id="i{number}" href="{name}" media-type="application/xhtml+xml"/>'
        for number, name in enumerate(pages)
    ]
    ids = {name: f"i{number}" for number, name in enumerate(pages)}
    files: dict[str, str | bytes] = {f"OEBPS/{name}": text for name, text in pages.items()}
    if contents is not None:
        items.append(
            '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        )
        files["OEBPS/nav.xhtml"] = contents
    if ncx is not None:
        items.append('<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>')
        files["OEBPS/toc.ncx"] = ncx
    if cover is not None:
        items.append('<item id="c" href="c.png" media-type="image/png" properties="cover-image"/>')
        files["OEBPS/c.png"] = cover
    order = "".join(f'<itemref idref="{ids.get(name, name)}"/>' for name in (spine or list(pages)))
    toc = "" if ncx is None else ' toc="ncx"'
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"'
        f' xmlns:opf="http://www.idpf.org/2007/opf">{metadata}</metadata>'
        f"<manifest>{''.join(items)}</manifest><spine{toc}>{order}</spine>"
        f"<guide>{guide}</guide></package>"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("OEBPS/content.opf", package)
        for name, text in {**files, **(more or {})}.items():
            archive.writestr(name, text)
    return packed.getvalue()


def chapters_epub(count: int = 3, sentences: int = 2, **more: object) -> bytes:
    """A book of chapters with a heading and some sentences each, with a cover."""
    pages = {
        f"c{number}.xhtml": page(
            f"<h1>Chapter {number}</h1><p>"
            + " ".join(f"This is sentence {each} of it." for each in range(1, sentences + 1))
            + "</p>"
        )
        for number in range(1, count + 1)
    }
    lines = "".join(
        f'<li><a href="c{number}.xhtml">Chapter {number}</a></li>' for number in range(1, count + 1)
    )
    return epub(pages, contents=nav(lines), cover=PNG, **more)  # type: ignore[arg-type]
