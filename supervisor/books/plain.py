"""Text files as books: plain text, Markdown and HTML, cut where a heading begins a chapter.

Project Gutenberg's words around a book are left out, and its title and author taken from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from supervisor.books.book import MOST_CHARACTERS, Book, BookError, Chapter
from supervisor.books.pages import clean_page, has_words, html_text, words_of
from supervisor.speech import Markup

_NUMBER: Final = r"(?:\d{1,4}|[ivxlcdm]{1,8}|[IVXLCDM]{1,8}|(?:the )?[A-Za-z]+(?:[- ][A-Za-z]+)?)"
_WORDS: Final = (
    "book|canto|capitolo|capítulo|chapitre|chapter|hoofdstuk|kapitel|kapittel|letter|livre|parte?|"
    "partie|rozdział|scene|stave|teil|volume|глава|часть"
)
_HEADING: Final = re.compile(
    rf"(?i:(?:{_WORDS}))[ \t]+(?:[IVXLCDM]{{1,8}}|[ivxlcdm]{{1,8}}|\d{{1,4}}|(?i:(?:the[ ])?"
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
    r"sixteen|seventeen|eighteen|nineteen|(?:twenty|thirty|forty|fifty)(?:[- ][a-z]{3,6})?|first|"
    r"second|third|fourth|fifth|last)))(?:[ \t]*[.:—–-][^\n]{0,120}|[ \t]+[A-Z“\"][^\n]{0,120})?"
    r"|(?i:prologue|epilogue|preface|foreword|introduction|prolog|epilog|vorwort|nachwort|"
    r"préface|épilogue|prólogo|epílogo|prologo|epilogo|пролог|эпилог)[.:]?"
    r"|第[0-9０-９一二三四五六七八九十百千〇]{1,8}[章回話话节節][^\n。]{0,60}"
)
"""A line that names a chapter."""
_HASHES: Final = re.compile(r"(?m)^(#{1,3})[ \t]++([^\n]{1,200}?)[ \t#]{0,200}$")
_AGAIN: Final = re.compile(r"(?m)^#[ \t]")
_UNDERLINED: Final = re.compile(r"(?m)^([^\s#>*|-][^\n]{0,200})\n(=+|-{3,})[ \t]*$")
_FENCE: Final = re.compile(r"(?ms)^(```|~~~).*?^\1")
_HTML: Final = re.compile(
    r"\s*(?:<\?xml[^<>]{0,400}>\s*)?(?:<!--.{0,2000}?-->\s*)?<(?:!doctype\s+html|html|head|body)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_SSML: Final = re.compile(r"\s*(?:<\?xml[^<>]{0,400}>\s*)?<speak[\s>]")
_XML: Final = re.compile(r"\s*<\?xml|\s*<FictionBook")
_FRONT_MATTER: Final = re.compile(r"\A---[ \t]*\n(.{0,20000}?)\n(?:---|\.\.\.)[ \t]*\n", re.DOTALL)
_FIELD: Final = re.compile(
    r"(?mi)^(title|author|creator|language|lang):[ \t]*([^\n]{1,300}?)[ \t]*$"
)
_BEGIN: Final = re.compile(
    r"(?i)\*\*\* ?START OF (?:THE|THIS) PROJECT GUTENBERG[^\n]*\*\*\*[^\n]*\n"
)
_END: Final = re.compile(r"(?i)\n[^\n]{0,80}\*\*\* ?END OF (?:THE|THIS) PROJECT GUTENBERG")
_GUTENBERG_WITHIN: Final = 40_000
_LANGUAGES: Final = {
    "english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it",
    "portuguese": "pt", "dutch": "nl", "polish": "pl", "russian": "ru", "finnish": "fi",
    "swedish": "sv", "danish": "da", "norwegian": "no", "japanese": "ja", "chinese": "zh",
    "greek": "el", "hungarian": "hu", "czech": "cs", "latin": "la",
}  # fmt: skip
_TITLE_CHARS: Final = 200
_LEAST_CHAPTERS: Final = 2
_MARKDOWN: Final = frozenset([".md", ".markdown", ".mdown", ".mkd"])
_PAGES: Final = frozenset([".html", ".htm", ".xhtml", ".xht"])


class _Cut(NamedTuple):
    """Where a chapter begins in a text, and its title."""

    at: int
    title: str


def read_plain(text: str, stem: str, suffix: str) -> Book:
    """The book in a text; `stem` and `suffix` are those of its file. Raises BookError."""
    if len(text) > MOST_CHARACTERS:
        raise BookError(
            "too_large", f"the text has more than {MOST_CHARACTERS:,} characters; divide it"
        )
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    if suffix in _PAGES or _HTML.match(text):
        return _read_html(text, stem)
    if _SSML.match(text):
        return _book(stem, {}, [Chapter(stem, text, len(words_of(text)), "ssml")])
    if _XML.match(text):
        raise BookError(
            "unknown_document", "this is XML of another kind; give an EPUB, a text or HTML"
        )
    told, text = _front_matter(text)
    if not told:
        told, text = _gutenberg(text)
    markup: Markup | None = "markdown" if suffix in _MARKDOWN else None
    cuts = _headings(text)
    title = told.get("title", "")
    only = _HASHES.match(text.lstrip("\n"))
    if not title and only is not None and len(only[1]) == 1 and not _AGAIN.search(text, only.end()):
        title = only[2]
    if len(cuts) < _LEAST_CHAPTERS:
        title = title or (cuts[0].title if cuts and not text[: cuts[0].at].strip() else "")
        cuts = []
    return _book(title or stem, told, list(_chapters(text, cuts, title or stem, markup)))


def _book(title: str, told: dict[str, str], chapters: list[Chapter]) -> Book:
    language = told.get("language", "")
    return Book(
        title=title,
        author=told.get("author"),
        language=_LANGUAGES.get(language.lower(), language if 2 <= len(language) <= 8 else None),
        cover=None,
        chapters=tuple(chapters),
    )


def _chapters(text: str, cuts: list[_Cut], title: str, markup: Markup | None) -> Iterator[Chapter]:
    """The stretches between the cuts that have words; what is before the first has the title."""
    begins = [_Cut(0, title), *cuts] if not cuts or cuts[0].at else cuts
    if len(begins) > 1 and begins[0] not in cuts and _is_line(text[: begins[1].at]):
        begins = [begins[1]._replace(at=0), *begins[2:]]  # It begins with the book's title.
    ends = [cut.at for cut in begins[1:]] + [len(text)]
    for cut, end in zip(begins, ends, strict=True):
        part = text[cut.at : end].strip()
        if has_words(part):
            yield Chapter(cut.title, part, len(part), markup)


def _is_line(text: str) -> bool:
    """Whether there is one line in a text, and a short one."""
    line = text.strip()
    return 0 < len(line) <= _TITLE_CHARS and "\n" not in line


# -- headings -------------------------------------------------------------------------------------


def _headings(text: str) -> list[_Cut]:
    """Where chapters begin: at headings of Markdown, or at lines that name a chapter."""
    marked = _marked_headings(text)
    return marked if len(marked) >= _LEAST_CHAPTERS else _named_headings(text) or marked


def _marked_headings(text: str) -> list[_Cut]:
    """The headings of the highest level that has several."""
    bare = _FENCE.sub(lambda code: " " * len(code[0]), text)
    by_level: dict[int, list[_Cut]] = {}
    for found in _HASHES.finditer(bare):
        by_level.setdefault(len(found[1]), []).append(_Cut(found.start(), found[2]))
    for found in _UNDERLINED.finditer(bare):
        by_level.setdefault(1 if found[2][0] == "=" else 2, []).append(
            _Cut(found.start(), found[1].strip())
        )
    cuts: list[_Cut] = []
    for level in sorted(by_level):
        cuts = sorted([*cuts, *by_level[level]])
        if len(cuts) >= _LEAST_CHAPTERS and len(by_level[level]) >= _LEAST_CHAPTERS:
            return _without_title(text, cuts)
    return cuts


def _without_title(text: str, cuts: list[_Cut]) -> list[_Cut]:
    """The cuts without a heading that has nothing before the next one: the title of the book goes
    with the first chapter.
    """
    kept: list[_Cut] = []
    ends = [*(cut.at for cut in cuts[1:]), len(text)] if cuts else []
    for cut, end in zip(cuts, ends, strict=True):
        if end == len(text) or has_words(text[cut.at : end].partition("\n")[2]):
            kept.append(cut)
    return kept


def _named_headings(text: str) -> list[_Cut]:
    """Lines that name a chapter and stand alone, or with the line of the chapter's title."""
    cuts: list[_Cut] = []
    at = 0
    lines = text.split("\n")
    for number, line in enumerate(lines):
        start, at = at, at + len(line) + 1
        name = line.strip(" \t*_#[]")
        if not name or len(name) > 160 or (number and lines[number - 1].strip()):
            continue
        if _HEADING.fullmatch(name) is None:
            continue
        below = [each.strip(" \t*_") for each in lines[number + 1 : number + 3]]
        below += [""] * (2 - len(below))
        if below[0] and (below[1] or _HEADING.fullmatch(below[0])):
            continue
        title = f"{name.rstrip('.:')}: {below[0].rstrip('.')}" if below[0] else name.rstrip(".:")
        cuts.append(_Cut(start, title))
    return _without_title(text, cuts)


# -- what a text says of itself -------------------------------------------------------------------


def _front_matter(text: str) -> tuple[dict[str, str], str]:
    """What stands in front of a Markdown file, and the rest."""
    found = _FRONT_MATTER.match(text)
    if found is None:
        return {}, text
    return _fields(found[1]), text[found.end() :]


def _gutenberg(text: str) -> tuple[dict[str, str], str]:
    """The book between Project Gutenberg's lines, and what these say of it."""
    begin = _BEGIN.search(text, 0, _GUTENBERG_WITHIN)
    if begin is None:
        return {}, text
    end = _END.search(text, begin.end())
    return _fields(text[: begin.start()]), text[
        begin.end() : len(text) if end is None else end.start()
    ]


def _fields(head: str) -> dict[str, str]:
    names = {"creator": "author", "lang": "language"}
    found: dict[str, str] = {}
    for field in _FIELD.finditer(head):
        name = field[1].lower()
        found.setdefault(names.get(name, name), field[2].strip("\"' "))
    return {name: value for name, value in found.items() if value}


# -- HTML -----------------------------------------------------------------------------------------

_H: Final = re.compile(r"<(h[1-3])\b[^>]*>(.*?)</\1>", re.DOTALL | re.IGNORECASE)


def _read_html(text: str, stem: str) -> Book:
    page = clean_page(text.encode(), ())
    source = "".join(piece.source for piece in page.pieces)
    by_level: dict[str, list[_Cut]] = {}
    for found in _H.finditer(source):
        title = html_text(found[2])
        if title:
            by_level.setdefault(found[1].lower(), []).append(_Cut(found.start(), title))
    cuts = next((by_level[each] for each in sorted(by_level) if len(by_level[each]) > 1), [])
    title = page.title or next((c.title for each in by_level.values() for c in each), "") or stem
    begins = [_Cut(0, title), *cuts]
    named = {title, *(cut.title for each in by_level.values() for cut in each)}
    if cuts and html_text(source[: cuts[0].at]) in named:
        begins = [cuts[0]._replace(at=0), *cuts[1:]]  # It begins with the book's title.
    ends = [cut.at for cut in begins[1:]] + [len(source)]
    chapters = [
        Chapter(cut.title, part, len(words), "html")
        for cut, end in zip(begins, ends, strict=True)
        if has_words(words := words_of(part := source[cut.at : end]))
    ]
    return _book(title, {}, chapters)
