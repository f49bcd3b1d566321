"""What stands inside a block of Markdown: emphasis, code, links, images, addresses, tags.

A sign counts only where it does its work: an asterisk that opens emphasis which ends, a bracket
that a target follows. All others are text. `careful` readers (a text that nobody called Markdown)
ask for more: see each rule. One pass over a block; what opens is remembered, and nothing is looked
for twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from typing import Final

from supervisor.core.markup.elements import TAG, UNCLOSED, UNREAD, Elements, Tag
from supervisor.core.markup.emphasis import is_part_of_name, works
from supervisor.core.markup.entities import REFERENCE, character
from supervisor.core.markup.ipa import PHONETIC_TARGET, phonemes_of
from supervisor.core.markup.unread import COMMENT, ENDS
from supervisor.marks import pronounced

SIGN: Final = re.compile(r"[\\`*_\[\]<&]|!\[|~~|==|  (?=\r?\n)")
"""What may be a sign of Markdown or HTML."""

_SPAN: Final = re.compile(
    r"(?P<escape>\\(?:[!-/:-@\[-`{-~]|\r?\n))|(?P<code>`+)|(?P<open>!?\[)|(?P<close>\])"
    r"|(?P<run>\*+|_+|~~+|==+)|(?P<angle><(?=[\w!/]))|(?P<reference>&(?=[\w#]))"
    r"|(?P<break>(?<! )[ ]{2,}+(?=\r?\n))"
)
_ALWAYS_ESCAPED: Final = frozenset("\\`*_#[]<>|~()=\n\r")
"""What a backslash before it makes text of for careful readers, too. No `C:\\temp`."""

_PLACE: Final = r"(?:<[^<>\n]{0,2000}+>|(?:[^\s()\\<]|\\.|\((?:[^\s()\\]|\\.)*+\))*+)"
TARGET: Final = re.compile(
    rf"\([ \t\n]*+(?P<place>{_PLACE})"
    r"(?:[ \t\n]++(?:\"[^\"]{0,400}+\"|'[^']{0,400}+'|\([^()]{0,400}+\)))?+[ \t\n]*+\)"
)
"""The target of a link behind its text."""
_LABEL: Final = re.compile(r"\[(?P<label>[^\[\]\n]{0,200}+)\]")
_FOOTNOTE: Final = re.compile(r"\^[^\s\[\]^]{1,64}\Z")
_PAUSE: Final = re.compile(r"pause:[\d.]{1,13}m?s\Z", re.ASCII | re.IGNORECASE)
"""A silence that the text asks for: no link has such a text."""
_AUTOLINK: Final = re.compile(
    r"<(?P<address>[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]{1,2000}|[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,255})>"
)
_PLACE_LIKE: Final = re.compile(r"[/.#:@]|\A\Z")
"""What an address has; a careful reader takes nothing else for one behind a word and a bracket."""
_SCHEME: Final = re.compile(r"\A(?i:mailto|tel|sms):")
"""What is not said of an address."""


_Piece = str | Tag | None
"""None: a line's end that was meant."""


def label(written: str) -> str:
    """The label of a reference or a definition as the two are compared."""
    return " ".join(written.split()).casefold()


class Inline:
    """Reads blocks of one text.

    `defined` are the labels of all definitions in it.
    """

    def __init__(self, elements: Elements, defined: Container[str], *, careful: bool) -> None:
        self._elements = elements
        self._defined = defined
        self._careful = careful

    def read(
        self, block: str, ends_behind: Callable[[str], bool], *, in_markup: bool = False
    ) -> None:
        """Say a block. `in_markup`: it begins with a tag of a block of HTML.

        `ends_behind` says whether what is left out (a key of `unread.ENDS`) has an end somewhere
        behind the block; reading goes on there then. We do not keep it, for it is a method of who
        calls us: the two would hold each other, and the whole text with them.
        """
        elements = self._elements
        if SIGN.search(block) is None:
            elements.text(block)
            return
        scan = _Scan(block, self._defined, ends_behind, careful=self._careful, in_markup=in_markup)
        scan.run()
        said: list[str] = []
        for piece in scan.pieces:
            if isinstance(piece, str):
                said.append(piece)
                continue
            if said:
                elements.text("".join(said))
                said.clear()
            if piece is None:
                elements.line()
            else:
                elements.tag(piece)
        if said:
            elements.text("".join(said))


class _Scan:
    """One pass over one block: pieces of it, in which signs that did their work are empty."""

    def __init__(
        self,
        block: str,
        defined: Container[str],
        ends_behind: Callable[[str], bool],
        *,
        careful: bool,
        in_markup: bool,
    ) -> None:
        self.pieces: list[_Piece] = []
        self._block = block
        self._defined = defined
        self._ends_behind = ends_behind
        self._careful = careful
        self._in_markup = in_markup
        self._runs: dict[str, list[int]] = {}
        """By sign, the pieces that may open emphasis."""
        self._brackets: list[tuple[int, int]] = []
        self._fences: dict[int, list[int]] | None = None
        self._unended: set[str] = set()
        self._small: str | None = None

    def run(self) -> None:
        """Read the block."""
        block, pieces, at = self._block, self.pieces, 0
        readers = {
            "escape": self._escape, "code": self._code, "open": self._open, "close": self._close,
            "run": self._emphasis, "angle": self._angle, "reference": self._reference,
            "break": self._break,
        }  # fmt: skip
        while (found := _SPAN.search(block, at)) is not None:
            if found.start() > at:
                pieces.append(block[at : found.start()])
            assert found.lastgroup is not None
            at = readers[found.lastgroup](found)
        if at < len(block):
            pieces.append(block[at:])

    def _escape(self, found: re.Match[str]) -> int:
        sign = found[0][1]
        if sign in "\r\n":
            self.pieces.append(None)
        elif self._careful and (sign not in _ALWAYS_ESCAPED or found[0] == "\\\\"):
            self.pieces.append(found[0])
        else:
            self.pieces.append(sign)
        return found.end()

    def _break(self, found: re.Match[str]) -> int:
        """Two spaces before a line's end mean it; a careful reader knows that they happen."""
        self.pieces.append(found[0] if self._careful else None)
        return found.end()

    def _code(self, found: re.Match[str]) -> int:
        block, at, size = self._block, found.start(), len(found[0])
        if self._careful and _is_word(block, at - 1) and _is_word(block, found.end()):
            self.pieces.append(found[0])  # Somebody`s apostrophe.
            return found.end()
        if self._fences is None:
            self._fences = {}
            for run in re.finditer("`+", block):
                self._fences.setdefault(len(run[0]), []).append(run.start())
            for places in self._fences.values():
                places.reverse()
        places = self._fences.get(size, [])
        while places and places[-1] <= at:
            places.pop()
        if not places:
            self.pieces.append(found[0])
            return found.end()
        end = places.pop()
        self.pieces.append(block[found.end() : end].strip(" "))
        return end + size

    def _open(self, found: re.Match[str]) -> int:
        self._brackets.append((len(self.pieces), found.start()))
        self.pieces.append(found[0])
        return found.end()

    def _close(self, found: re.Match[str]) -> int:
        block, end = self._block, found.end()
        if not self._brackets:
            self.pieces.append("]")
            return end
        piece, start = self._brackets.pop()
        inside = (
            block[start + len(str(self.pieces[piece])) : found.start()] if end - start < 256 else ""
        )
        target = None
        if not _PAUSE.match(inside):
            target = PHONETIC_TARGET.match(block, end) or TARGET.match(block, end)
        if target is not None and self._is_link(start, target):
            said = self.pieces[piece + 1 :]
            phonemes = phonemes_of(target["place"])
            if phonemes is not None and all(isinstance(one, str) for one in said):
                written = "".join(str(one) for one in said)
                self.pieces[piece:] = [pronounced(written, phonemes)]
                self._forget(piece)
            else:
                self.pieces[piece] = ""
            return target.end()
        if _FOOTNOTE.match(inside) and (label(inside) in self._defined or inside[1:].isdecimal()):
            self.pieces[piece:] = []
            self._forget(piece)
            return end
        reference = _LABEL.match(block, end)
        if reference is not None and label(reference["label"] or inside) in self._defined:
            self.pieces[piece] = ""
            return reference.end()
        if inside and label(inside) in self._defined:
            self.pieces[piece] = ""
            return end
        self.pieces.append("]")
        return end

    def _forget(self, piece: int) -> None:
        """Runs from this piece on are gone."""
        for runs in self._runs.values():
            while runs and runs[-1] >= piece:
                runs.pop()

    def _is_link(self, start: int, target: re.Match[str]) -> bool:
        """Whether brackets with something like a target behind them are a link. `values[0](x)` is
        none for a careful reader.
        """
        if not self._careful or not _is_word(self._block, start - 1):
            return True
        return _PLACE_LIKE.search(target["place"]) is not None

    def _emphasis(self, found: re.Match[str]) -> int:
        sign, left = found[0][0], found[0]
        runs = self._runs.setdefault(sign, [])
        opens, closes = works(found, careful=self._careful)
        if sign == "_" and closes and is_part_of_name(self._block, found.end()):
            closes = False
            del runs[-1:]
        while closes and left and runs:
            opened = str(self.pieces[runs[-1]])
            size = min(len(opened), len(left))
            self.pieces[runs[-1]] = opened[size:]
            left = left[size:]
            if size == len(opened):
                runs.pop()
        if opens and left:
            runs.append(len(self.pieces))
        self.pieces.append(left)
        return found.end()

    def _angle(self, found: re.Match[str]) -> int:
        block, at = self._block, found.start()
        if block.startswith(COMMENT, at):
            return self._left_out(COMMENT, at + len("<!"), at + len(COMMENT))
        address = _AUTOLINK.match(block, at)
        if address is not None:
            self.pieces.append(_SCHEME.sub("", address["address"]))
            return address.end()
        tag = TAG.match(block, at)
        one = None if tag is None else Tag.of(tag)
        if tag is not None and one is not None and one.is_certain:
            if one.name in UNREAD and not one.closes:
                end = self._left_out(one.name, tag.end(), -1)
                if end > 0:
                    return end
            if self._is_meant(one):
                self.pieces.append(one)
                return tag.end()
        self.pieces.append("<")
        return found.end()

    def _is_meant(self, tag: Tag) -> bool:
        """Whether a tag does something here. "Use a <div> here" speaks of one: nothing ends it."""
        if not self._careful or self._in_markup or tag.closes or tag.written:
            return True
        if self._small is None:
            self._small = self._block.lower()
        return tag.name in UNCLOSED or f"</{tag.name}" in self._small

    def _left_out(self, what: str, at: int, otherwise: int) -> int:
        """Where reading goes on behind the end of what is left out; `otherwise`: if it has none."""
        if what in self._unended:
            return otherwise
        end = ENDS[what].search(self._block, at)
        if end is not None:
            return end.end()
        if self._ends_behind(what):
            return len(self._block)
        self._unended.add(what)
        return otherwise

    def _reference(self, found: re.Match[str]) -> int:
        reference = REFERENCE.match(self._block, found.start())
        if reference is None:
            self.pieces.append("&")
            return found.end()
        self.pieces.append(character(reference))
        return reference.end()


def _is_word(block: str, at: int) -> bool:
    return 0 <= at < len(block) and block[at].isalnum()
