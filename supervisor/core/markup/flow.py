"""The writer of a marked text: what is said, the space between, and what ends there.

The readers of a markup tell a `Flow` in any order what they meet: text, a line's end, a paragraph's
end twice in a row because two elements end. What comes out has each end once, the strongest of
those that meet, no end before the first word, and no white space around an end but a line break.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from supervisor.marks import HEADING, ITEM, PARAGRAPH, manner

Mode = Literal["verbatim", "collapsed", "lines"]
"""What white space in a text means: itself, one space, or (line breaks) that an item ends."""

_LINE: Final = "\n"
_CELL: Final = ", "
_RANK: Final = {"": 0, _LINE: 1, _CELL: 2, ITEM: 3, PARAGRAPH: 4, HEADING: 5}
"""Ends from the weakest to the strongest. A heading stays one whatever ends around it."""

_POINTED: Final = re.compile(r"[,;:.!?…–—、，；：。！？]\W{0,4}$")
"""The end of a text that needs no comma of ours."""
_OPEN: Final = re.compile(r"[,;–—、，；-]\W{0,4}$")
"""The end of a line that goes on."""
_LETTER: Final = re.compile(r"[^\W_]")
_SEEN: Final = 16
"""Characters at the end of what was said that are looked at."""
_LONGEST_GAP: Final = 4096


class Flow:
    """Writes a marked text; `take` gives what is certain so far."""

    def __init__(self) -> None:
        self.mode: Mode = "verbatim"
        self._out: list[str] = []
        self._gap = ""
        self._end = ""
        self._last = ""
        self._manner = self._wanted = ""

    @property
    def begun(self) -> bool:
        """Whether anything was said since the last end."""
        return bool(self._last) and not self._end

    @property
    def joined(self) -> bool:
        """Whether nothing stands between what was said and what is said next."""
        return self.begun and not self._gap

    @property
    def last(self) -> str:
        """The end of what was said last."""
        return self._last

    def text(self, text: str) -> None:
        """Some text, the white space in it as `mode` has it."""
        if self.mode == "verbatim":
            self._verbatim(text)
        elif self.mode == "collapsed":
            self._collapsed(text)
        else:
            for line in text.splitlines(keepends=True):
                self._collapsed(line)
                if line[-1] in "\r\n":
                    self.end(ITEM)

    def end(self, mark: str) -> None:
        """One of `marks.ENDS` ends here, unless nothing was said before."""
        if self._last and _RANK[mark] > _RANK[self._end]:
            self._end = mark

    def line(self) -> None:
        """A line ends where its writer wanted it to; a second one in a row ends a paragraph."""
        self.end(PARAGRAPH if self._end == _LINE else _LINE)

    def cell(self) -> None:
        """A cell of a table ends."""
        self.end(_CELL)

    def manner(self, encoded: str) -> None:
        """What is said from here on is said in this manner (`Prosody.encoded`)."""
        self._wanted = encoded

    def take(self) -> str:
        """What was written since, but for the ends and the white space that it ends with."""
        text = "".join(self._out)
        self._out.clear()
        return text

    def finish(self) -> str:
        """The rest of it."""
        self._out.append(self._end if _RANK[self._end] >= _RANK[ITEM] else self._gap)
        self._gap = self._end = ""
        return self.take()

    def _verbatim(self, text: str) -> None:
        said = text.rstrip()
        if not said:
            self._gap += text
        else:
            self._say(said if not self._end else said.lstrip())
            self._gap = text[len(said) :]
        if len(self._gap) > _LONGEST_GAP and not self._end:
            self._out.append(self._gap)
            self._gap = ""

    def _collapsed(self, text: str) -> None:
        said = " ".join(text.split())
        if text and text[0].isspace() and self._last:
            self._gap = self._gap or " "
        if said:
            self._say(said)
            self._gap = " " if text[-1].isspace() else ""

    def _say(self, said: str) -> None:
        if self._end:
            self._out.append(self._ending(said))
            self._end = self._gap = ""
        elif self._gap:
            self._out.append(self._gap)
            self._gap = ""
        if self._wanted != self._manner:
            self._manner = self._wanted
            self._out.append(manner(self._wanted))
        self._out.append(said)
        self._last = said[-_SEEN:] if len(said) >= _SEEN else (self._last + said)[-_SEEN:]

    def _ending(self, said: str) -> str:
        """What stands between the last words and these."""
        if self._end == _CELL:
            return " " if _POINTED.search(self._last) else _CELL
        if self._end != _LINE:
            return self._end + "\n"
        # A line goes on in the next one where its writer only wanted it to be no longer.
        first = _LETTER.search(said[:_SEEN])
        goes_on = (first is not None and first[0].islower()) or _OPEN.search(self._last)
        return "\n" if goes_on else ITEM + "\n"
