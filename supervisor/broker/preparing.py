"""A client's text made ready to be cut: what nobody reads is found, its markup becomes marks.

In steps of some milliseconds, like the cutting that follows (`broker.cutting`). What the text
means is for `core.markup`, what a voice's language is written in for `core.jobs.unreadable`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from supervisor.broker.refused import Refused, bad_text
from supervisor.core.jobs import unreadable
from supervisor.core.markup.reading import MarkupError, Told, marked
from supervisor.marks import MANNER
from supervisor.speech import LeftOut, Markup, Unreadable

_SHORT = 1_024
"""Characters of a text that is prepared in one step: in 2 ms, at worst."""

_MOST_PLACES = 16
"""Places that a client is told of one by one."""


class Preparation:
    """One text on its way to a marked text. `name_emoji`: they are read by their names; `fit`:
    checks the manners that stand in a piece of a marked text, and may raise Refused.
    """

    def __init__(
        self,
        text: str,
        *,
        language: str,
        markup: Markup,
        policy: Unreadable,
        name_emoji: bool,
        fit: Callable[[str], str],
    ) -> None:
        self.text = text
        self.policy = policy
        self._markup = markup
        self._fit = fit
        self._unread = None if text.isascii() else unreadable.unread(language)
        self._take_emoji = not name_emoji and not text.isascii()
        self._places: list[LeftOut] = []
        self._more = 0

    def steps(self) -> Iterator[str | None]:
        """None while there is more to do; at last the marked text. Raises Refused."""
        text = self.text
        if len(text) <= _SHORT:
            if unreadable.is_blank(text):
                raise _nothing()
            yield "".join(self._marked("".join(self._readable(text)) if self._searched else text))
            return
        for _at, begin in unreadable.slices(text):
            if not unreadable.is_blank(begin):
                break
            yield None
        else:
            raise _nothing()
        if self._searched:
            slices: list[str] = []
            for kept in self._readable(text):
                slices.append(kept)
                yield None
            text = "".join(slices)
        pieces: list[str] = []
        for piece in self._marked(text):
            pieces.append(piece)
            yield None
        yield "".join(pieces)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What is not read, the first places one by one, and how many more there are."""
        if not self._more:
            return tuple(self._places)
        return *self._places, LeftOut(what=f"{self._more} more places")

    @property
    def _searched(self) -> bool:
        """Whether anything is looked for in the text that nobody reads."""
        return self._unread is not None or self._take_emoji

    def _marked(self, text: str) -> Iterator[str]:
        """Pieces of the marked text. Raises Refused."""
        try:
            for piece in marked(text, self._markup):
                if isinstance(piece, Told):
                    self._leave_out(LeftOut(what=piece.what, at=piece.at))
                else:
                    yield self._fit(piece) if MANNER in piece else piece
        except MarkupError as error:
            raise bad_text("bad_text", f"markup: {error}") from None

    def _readable(self, text: str) -> Iterator[str]:
        """Slices of the text with nothing in them that nobody reads."""
        for at, kept in unreadable.slices(text):
            slice = kept
            if self._unread is not None and self._unread.search(slice):
                if self.policy == "spell":
                    slice = unreadable.spelled(slice, self._unread)
                else:
                    slice, found = unreadable.without(slice, at, self._unread)
                    self._refuse(found)
                    for place in found:
                        self._leave_out(place)
            yield unreadable.without_emoji(slice) if self._take_emoji else slice

    def _refuse(self, found: list[LeftOut]) -> None:
        if self.policy == "refuse" and found:
            text = f"this voice cannot read {found[0]}; `unreadable: skip` leaves it out"
            raise bad_text("bad_text", text)

    def _leave_out(self, place: LeftOut) -> None:
        if len(self._places) < _MOST_PLACES:
            self._places.append(place)
        else:
            self._more += 1


def _nothing() -> Refused:
    return bad_text("empty_text", "the text is empty: there is nothing to speak")
