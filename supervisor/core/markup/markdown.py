"""Markdown with the HTML in it becomes a marked text, also in a text that nobody called Markdown.

Never fails. A text is read in stretches of some 2,000 characters, each of which ends with a line
where it can; what goes on in the next one (a list, code) is remembered. A text without any sign
stays as it is. A `careful` reader takes for Markdown only what can hardly be anything else: two
bullets are a list, one may be a dash; indented lines may be verses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from supervisor.core.markup import blocks
from supervisor.core.markup.definitions import definition_at, labels
from supervisor.core.markup.elements import Elements
from supervisor.core.markup.flow import Flow
from supervisor.core.markup.front_matter import front_matter
from supervisor.core.markup.inline import Inline
from supervisor.core.markup.lists import REACH, has_sibling
from supervisor.core.markup.stretches import stretch
from supervisor.core.markup.unread import Ends
from supervisor.marks import HEADING, ITEM, PARAGRAPH, PRIVATE

_REACH: Final = 65_536
"""Characters within which a comment or a script ends, or it is none."""
_LONGEST_TITLE: Final = 200
_CODE_LINE: Final = re.compile(r"[ \t\r]*+\n\s*+")
_CLOSING: Final = re.compile(r"(?:\A|[ \t])(?:#+|\{#[\w-]{1,80}\})[ \t\r]*\Z")
"""What ends a heading and is not read: hash signs, or its name for links."""
_NUMBERED: Final = re.compile(r"\A(\d{1,9})[.)][ \t]++")
_NUMBER: Final = r"\1: "
"""How a number is written that people say before an item or a title; "1." would be a sentence."""
_ALERT: Final = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t\r]*+(?:\n|\Z)")
"""What a box on GitHub is called."""
_COMPARISON: Final = re.compile(r"[ ]{0,3}>[ ]{0,3}[\d=]")
_GOES_ON: Final = re.compile(r"[^.!?:…\"'”’)\n]\Z")


def read(source: str, *, careful: bool) -> Iterator[str]:
    """The marked text of Markdown, a step at a time."""
    defined: set[str] = set()
    for label in labels(source, careful=careful):
        if label:
            defined.add(label)
        else:
            yield ""
    yield from _Reader(source, frozenset(defined), careful=careful).read()


class _Reader:
    """Reads one text from its beginning to its end."""

    def __init__(self, source: str, defined: frozenset[str], *, careful: bool) -> None:
        self._source = source
        self._careful = careful
        self._flow = Flow()
        self._elements = Elements(self._flow)
        self._inline = Inline(self._elements, defined, careful=careful)
        self._ends = Ends(source)
        self._at = 0
        self._resume = 0
        """Where reading goes on behind what is left out, if that is behind this block."""
        self._block_end = 0
        self._fence = ""
        self._in_list = self._in_table = self._in_html = False
        self._after_blank = True
        self._ahead = ""
        self._quoted = False
        self._is_known = not careful
        """Whether something was met that can be nothing but Markdown."""

    def read(self) -> Iterator[str]:
        source = self._source
        self._at = front_matter(source, careful=self._careful)
        whole_line = True
        while self._at < len(source):
            end = stretch(source, self._at)
            text = source[self._at : end]
            self._resume = 0
            self._ahead = source[end : end + REACH]
            self._stretch(PRIVATE.sub("", text), whole_line=whole_line)
            whole_line = not self._resume and text.endswith("\n")
            self._at = self._resume or end
            yield self._flow.take()
        yield self._flow.finish()

    def _stretch(self, text: str, *, whole_line: bool) -> None:
        plain = not (self._fence or self._in_list or self._in_table or self._in_html)
        if plain and blocks.ANY.search(text) is None:
            self._elements.text(text)
            self._after_blank = text.endswith(("\n\n", "\n\r\n"))
            return
        at = 0
        if not whole_line:
            first = text.find("\n") + 1 or len(text)
            at = self._more(text, 0, first)
        self._blocks(text, at)

    def _blocks(self, text: str, at: int) -> None:
        readers = {
            "blank": self._blank, "fence": self._open_fence, "rule": self._rule,
            "heading": self._heading, "quote": self._quote, "html": self._html,
            "definition": self._definition, "item": self._item, "table": self._table,
        }  # fmt: skip
        while at < len(text) and not self._resume:
            if self._fence:
                at = self._code(text, at)
                continue
            if self._in_table and (row := blocks.ROW.match(text, at)) is not None:
                at = self._row(row)
                continue
            self._in_table = False
            found = blocks.BLOCK.match(text, at)
            if self._in_html and (found is None or found.lastgroup != "blank"):
                at = self._markup(text, at)
                continue
            kind = None if found is None else found.lastgroup
            end = None
            if found is not None and kind is not None:
                end = readers[kind](found)
            at = self._paragraph(text, at) if end is None else end
            if kind != "blank":
                self._after_blank = False

    def _ends_behind(self, what: str) -> bool:
        end = self._ends.next(what, self._at + self._block_end, _REACH)
        if end is None or self._quoted:
            return False
        self._resume = end[1]
        return True

    def _say(self, text: str, end: int) -> None:
        """Say what stands inside a block that ends at `end` of this stretch."""
        self._block_end = end
        self._inline.read(text, self._ends_behind, in_markup=self._in_html)

    def _apart(self, mark: str) -> None:
        """What was said before ends here, as `mark` says if no empty line did."""
        if not self._after_blank:
            self._flow.end(mark)

    def _leave_list(self) -> None:
        if self._in_list:
            self._in_list = False
            self._flow.end(PARAGRAPH)

    # -- a reader for each kind of block: where it ends, None if it is none ----------------------

    def _blank(self, found: re.Match[str]) -> int:
        self._elements.text(found[0])
        self._after_blank = True
        self._in_html = False
        return found.end()

    def _open_fence(self, found: re.Match[str]) -> int | None:
        fence = found["ticks"] or found["tildes"]
        if (
            self._careful
            and fence[0] == "~"
            and fence not in found.string[found.end() :] + self._ahead
        ):
            self._apart(PARAGRAPH)
            return found.end()
        self._apart(ITEM)
        self._fence = fence
        return found.end()

    def _code(self, text: str, at: int) -> int:
        close = re.compile(
            rf"^[ \t]*+{self._fence[0]}{{{len(self._fence)},}}+[ \t\r]*+$", re.MULTILINE
        )
        found = close.search(text, at)
        end = len(text) if found is None else found.start()
        self._lines(text[at:end])
        if found is not None:
            self._fence = ""
            self._flow.end(ITEM if self._in_list else PARAGRAPH)
            return text.find("\n", found.end()) + 1 or len(text)
        return end

    def _lines(self, code: str) -> None:
        """Lines as they are written; something ends with each."""
        self._elements.text(_CODE_LINE.sub(f"{ITEM}\n", code.strip()))
        self._flow.end(ITEM)

    def _rule(self, found: re.Match[str]) -> int:
        self._leave_list()
        self._flow.end(PARAGRAPH)
        return found.end()

    def _heading(self, found: re.Match[str]) -> int | None:
        title = found["title"]
        if self._careful and not (title and title.strip()):
            return None
        self._is_known = True
        self._leave_list()
        self._apart(PARAGRAPH)
        return self._title(_CLOSING.sub("", title or ""), found.end())

    def _title(self, title: str, end: int) -> int:
        self._say(_NUMBERED.sub(_NUMBER, title.strip()), end)
        self._flow.end(HEADING)
        return end

    def _quote(self, found: re.Match[str]) -> int | None:
        if self._careful and found[0].count("\n", 0, -1) == 0:
            open_before = self._flow.begun and not self._after_blank
            goes_on = open_before and _GOES_ON.search(self._flow.last)
            if goes_on or _COMPARISON.match(found[0]):
                return None
        self._leave_list()
        self._apart(PARAGRAPH)
        self._block_end = found.end()
        self._quoted = True
        quoted = blocks.QUOTE_MARKS.sub("", found[0])
        alert = _ALERT.match(quoted)
        if alert is not None:
            self._elements.text(alert[1].capitalize())
            self._flow.end(ITEM)
        self._blocks(quoted, 0 if alert is None else alert.end())
        self._quoted = False
        self._leave_list()
        self._flow.end(PARAGRAPH)
        return found.end()

    def _html(self, found: re.Match[str]) -> int | None:
        return self._markup(found.string, found.start())

    def _markup(self, text: str, at: int) -> int:
        """Lines of HTML, up to an empty one: white space is nothing but space in them."""
        lines = blocks.UNBROKEN.match(text, at)
        assert lines is not None
        self._in_html = True
        verbatim = self._flow.mode == "verbatim"
        if verbatim:
            self._flow.mode = "collapsed"
        self._say(lines[0], lines.end())
        if self._flow.mode == "collapsed":
            self._flow.mode = "verbatim"
        return lines.end()

    def _definition(self, found: re.Match[str]) -> int | None:
        label = found["label"]
        if label.startswith("^"):
            self._leave_list()
            self._apart(ITEM)
            spaces = blocks.SPACES.match(found.string, found.end())
            return self._paragraph(found.string, spaces.end() if spaces else found.end())
        return definition_at(found.string, found.end(), careful=self._careful)

    def _item(self, found: re.Match[str]) -> int | None:
        bullet = found["bullet"]
        if self._careful and not self._in_list and not self._has_sibling(found):
            return None
        self._apart(ITEM)
        self._in_list = self._is_known = True
        self._after_blank = False
        if bullet[0].isdigit():
            self._elements.text(f"{bullet[:-1]}: ")  # As in a title.
        task = blocks.TASK.match(found.string, found.end())
        return found.end() if task is None else task.end()

    def _has_sibling(self, found: re.Match[str]) -> bool:
        bullet = found["bullet"]
        if self._flow.last.endswith(":") or (self._is_known and not bullet[0].isdigit()):
            return True
        behind = found.string[found.end() : found.end() + REACH]
        if len(behind) < REACH:
            behind += self._ahead[: REACH - len(behind)]
        return has_sibling(bullet, behind)

    def _table(self, found: re.Match[str]) -> int | None:
        if "|" not in found["delimiter"]:
            return None
        self._leave_list()
        self._apart(ITEM)
        self._in_table = True
        header = blocks.ROW.match(found.string, found.start())
        assert header is not None
        self._row(header)
        return found.end()

    def _row(self, row: re.Match[str]) -> int:
        for cell in filter(str.strip, blocks.ROW_BORDER.split(row[0])):
            self._say(cell.strip().replace("\\|", "|"), row.end())
            self._flow.cell()
        self._flow.end(ITEM)
        return row.end()

    def _paragraph(self, text: str, at: int) -> int:
        if self._after_blank and self._in_list and not text[at : at + 1].isspace():
            self._leave_list()
        if self._after_blank and not self._careful and not self._in_list:
            code = blocks.INDENTED.match(text, at)
            if code is not None:
                self._lines(code[0])
                return code.end()
        bold = None if self._in_list else blocks.BOLD.match(text, at)
        if bold is not None:
            self._apart(PARAGRAPH)
            return self._title(bold["title"], bold.end())
        more = (blocks.MORE_OF_ITEM if self._in_list else blocks.MORE).match(text, at)
        assert more is not None
        return self._more(text, at, more.end())

    def _more(self, text: str, at: int, end: int) -> int:
        if self._fence or self._in_html or self._in_table:
            return at
        line = blocks.UNDERLINE.match(text, end) if not self._in_list else None
        block = text[at:end]
        if line is not None and self._is_title(block, line[0].strip()):
            return self._title(block, line.end())
        self._say(block, end)
        if self._in_list:
            self._flow.end(ITEM)
        return end

    def _is_title(self, block: str, line: str) -> bool:
        one_line = len(block) <= _LONGEST_TITLE and "\n" not in block.strip()
        return one_line and (len(line) >= 3 or not self._careful)
