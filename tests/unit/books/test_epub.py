"""EPUBs as books: chapters, what is left out, and what is no book."""

from __future__ import annotations

import io
import zipfile

import pytest

from supervisor.books.book import Book, BookError
from supervisor.books.pages import words_of
from supervisor.books.reading import read_book
from tests.epubs import CONTAINER, PNG, chapters_epub, epub, nav, ncx, page, point


def _read(data: bytes) -> Book:
    return read_book(data, "a book.epub")


def _titles(book: Book) -> list[str]:
    return [chapter.title for chapter in book.chapters]


def _words(book: Book) -> list[str]:
    return [words_of(chapter.text) for chapter in book.chapters]


def _refused(data: bytes) -> tuple[str, str]:
    with pytest.raises(BookError) as caught:
        _read(data)
    return caught.value.code, str(caught.value)


def test_epub_3() -> None:
    """Title, author, language, cover and the chapters of `nav` are read."""
    book = _read(chapters_epub(3))
    assert (book.title, book.author, book.language) == ("A Book", "A. Writer", "en")
    assert book.cover is not None
    assert (book.cover.media_type, book.cover.data) == ("image/png", PNG)
    assert _titles(book) == ["Chapter 1", "Chapter 2", "Chapter 3"]
    assert _words(book)[1] == "Chapter 2 This is sentence 1 of it. This is sentence 2 of it."
    assert book.chapters[1].characters == len(_words(book)[1])
    assert {chapter.markup for chapter in book.chapters} == {"html"}


def test_epub_2_with_places_in_one_page() -> None:
    """The NCX's chapters may be places in one page; what is before the first is kept."""
    body = (
        '<p>For my mother.</p><div><h2 id="one">I</h2><p>First.</p></div>'
        '<p>Still first.</p><a id="two"/><h2>II</h2><p>Second.</p>'
    )
    table = ncx(point("One", "all.xhtml#one") + point("Two", "all.xhtml#two"))
    book = _read(epub({"all.xhtml": page(body)}, ncx=table))
    assert _titles(book) == ["A Book", "One", "Two"]
    assert _words(book) == ["For my mother.", "I First. Still first.", "II Second."]


def test_parts_and_sections() -> None:
    """A part's chapters have pages of their own; sections of a chapter do not begin another."""
    pages = {
        "p1.xhtml": page("<h1>Part One</h1>"),
        "c1.xhtml": page('<h2>Night</h2><p>Dark.</p><h3 id="s">Later</h3><p>Darker.</p>'),
        "c2.xhtml": page("<h2>Day</h2><p>Light.</p>"),
    }
    table = ncx(
        point(
            "Part One",
            "p1.xhtml",
            point("Night", "c1.xhtml", point("Later", "c1.xhtml#s")) + point("Day", "c2.xhtml"),
        )
    )
    book = _read(epub(pages, ncx=table))
    assert _titles(book) == ["Night", "Day"]
    assert _words(book) == ["Part One Night Dark. Later Darker.", "Day Light."]


def test_without_contents() -> None:
    """Headings begin chapters; a page without one goes on with the chapter before."""
    pages = {
        "1.xhtml": page("<h1>Dawn</h1><p>One.</p>"),
        "2.xhtml": page("<p>Two.</p>"),
        "3.xhtml": page("<h1>Dusk</h1><p>Three.</p>"),
    }
    assert _words(_read(epub(pages))) == ["Dawn One. Two.", "Dusk Three."]
    bare = {name: page(f"<p>Text {name[0]}.</p>") for name in pages}
    assert _titles(_read(epub(bare))) == ["Part 1", "Part 2", "Part 3"]


def test_what_is_left_out() -> None:
    """The table of contents, the imprint, notes, their signs and numbers of pages are not read."""
    body = (
        "<h1>One</h1><!-- no --><p>It rained<sup><a href='#n1'>1</a></sup> all"
        "<a epub:type='noteref' href='notes.xhtml#n2'>two</a> day.<span epub:type='pagebreak' "
        "id='p7'>7</span> Then<a href='#n3'>[3]</a> sun, <a href='#x'>and a link</a>.</p>"
        "<img src='x.jpg' alt='x.jpg'/><img src='y.jpg' alt='A map of the isle'/>"
        "<aside epub:type='footnote' id='n1'><p>A footnote.</p></aside>"
        "<script>var no = 1;</script><p aria-hidden='true' style='display:none'>&nbsp;</p>"
    )
    pages = {
        "cover.xhtml": page("<img src='c.png' alt='Cover'/>"),
        "imprint.xhtml": page(
            "<p>All rights reserved.</p>", attributes='epub:type="copyright-page"'
        ),
        "toc.xhtml": page("<h1>Contents</h1><p>One … 1</p>"),
        "one.xhtml": page(body),
        "notes.xhtml": page("<section epub:type='endnotes'><h1>Notes</h1><p>2. No.</p></section>"),
    }
    table = nav(
        '<li><a href="toc.xhtml">Contents</a></li><li><a href="one.xhtml">One</a></li>'
        '<li><a href="notes.xhtml">Notes</a></li>'
    )
    book = _read(epub(pages, contents=table))
    assert _titles(book) == ["One"]
    assert _words(book)[0].startswith("One It rained all day. Then sun, and a link .")
    assert 'alt="A map of the isle"' in book.chapters[0].text
    assert "footnote" not in book.chapters[0].text
    assert "x.jpg" not in book.chapters[0].text
    assert book.left_out == ("copyright-page", "Contents")


@pytest.mark.parametrize(
    "body",
    ["<p>A &mdash; caf&eacute;<br>and<p>tea", "<p>A — caf\u00e9<p/><b>and<i>tea</b></i>"],
)
def test_broken_pages(body: str) -> None:
    """What is no XML is read as HTML, with HTML's names of characters."""
    book = _read(epub({"1.xhtml": page(body)}))
    assert _words(book) == ["A — café and tea"]


def test_a_page_that_misnames_its_encoding() -> None:
    """Bytes that were read as far as a declaration of UTF-16 are no UTF-16."""
    told = page("<h1>Café</h1>").replace("utf-8", "utf-16")
    for text in (told, told + " "):  # In bytes an odd number, or an even one.
        assert _titles(_read(epub({"1.xhtml": text}))) == ["Café"]


def test_page_that_is_missing() -> None:
    """A page that the spine names and the archive lacks costs that page alone."""
    pages = {"1.xhtml": page("<h1>One</h1>"), "2.xhtml": page("<h1>Two</h1>")}
    data = epub(pages, spine=["1.xhtml", "lost", "2.xhtml"])
    assert _titles(_read(data)) == ["One", "Two"]


def test_names_that_lead_out() -> None:
    """A page's name is a key in the archive, and never a path on this machine."""
    data = epub(
        {"1.xhtml": page("<h1>One</h1>"), "../../../../etc/hostname": page("<h1>Out</h1>")},
        more={"../../../etc/passwd": "x"},
    )
    assert _titles(_read(data)) == ["One"]


def test_protection_is_named() -> None:
    """An encrypted text is refused with its maker's name; disguised fonts are no protection."""

    def encryption(method: str, file: str) -> str:
        return (
            '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData '
            f'xmlns="http://www.w3.org/2001/04/xmlenc#"><EncryptionMethod Algorithm="{method}"/>'
            f'<CipherData><CipherReference URI="{file}"/></CipherData></EncryptedData></encryption>'
        )

    aes = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
    locked = {
        "META-INF/encryption.xml": encryption(aes, "OEBPS/c1.xhtml"),
        "META-INF/rights.xml": "<rights/>",
    }
    code, said = _refused(chapters_epub(more=locked))
    assert code == "protected_document"
    assert "Adobe ADEPT" in said
    assert "\n" not in said
    fonts = encryption("http://www.idpf.org/2008/embedding", "OEBPS/font.otf")
    assert len(_read(chapters_epub(more={"META-INF/encryption.xml": fonts})).chapters) == 3


def test_broken_archives() -> None:
    """Half an archive, one without a package, and another kind of ZIP are named as damaged."""
    whole = chapters_epub()
    assert _refused(whole[: len(whole) // 2])[0] == "broken_document"
    assert _refused(b"no zip at all")[0] == "broken_document"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    assert _refused(packed.getvalue()) == (
        "unknown_document",
        "this is a Word document; save it as EPUB, text or HTML first",
    )
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("notes.txt", "Hello.")
    assert _refused(packed.getvalue())[0] == "broken_document"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("OEBPS/content.opf", "<package")
    assert _refused(packed.getvalue())[0] == "broken_document"


def test_nothing_to_read() -> None:
    """A book of pictures says that there is nothing to read."""
    code, _said = _refused(epub({"1.xhtml": page("<img src='a.jpg'/><p>* * *</p>")}))
    assert code == "empty_document"


def test_bombs() -> None:
    """Pages that unpack to too much, and entities that would grow, are stopped."""
    code, _said = _refused(epub({"1.xhtml": page("<p>" + "a " * 25_000_000 + "</p>")}))
    assert code == "too_large"
    entities = "".join(f'<!ENTITY e{each} "{f"&e{each - 1};" * 10}">' for each in range(1, 12))
    laughs = (
        f'<!DOCTYPE html [<!ENTITY e0 "ha">{entities}]><html xmlns="http://www.w3.org/1999/xhtml">'
        "<body><p>&e11;</p><p>Calm.</p></body></html>"
    )
    book = _read(epub({"1.xhtml": laughs}))
    assert "Calm." in _words(book)[0]
    assert len(_words(book)[0]) < 100


def test_long_chapters_are_divided() -> None:
    """A chapter of hours becomes several, cut where a paragraph ends."""
    paragraph = "<p>" + "So it went on and on. " * 20 + "</p>"
    book = _read(epub({"1.xhtml": page("<h1>Long</h1>" + paragraph * 600)}))
    assert _titles(book) == [f"Long ({number} of 3)" for number in (1, 2, 3)]
    assert all(chapter.text.rstrip().endswith("</p>") for chapter in book.chapters[:2])
    assert max(chapter.characters for chapter in book.chapters) < 100_000
