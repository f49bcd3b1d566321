"""HTML becomes a marked text: whole documents, and pieces of them.

Never fails. What is left out: tags, comments, declarations, elements that are not read
(`elements.UNREAD`) or hidden. All else is text, also a `<` that opens no tag, and what follows a
comment or a script that nothing ends.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from typing import Final

from supervisor.core.markup.elements import LONGEST_TAG, LOOSE_TAG, TAG, UNREAD, Elements, Tag
from supervisor.core.markup.entities import decoded
from supervisor.core.markup.flow import Flow
from supervisor.core.markup.ipa import LONGEST, WITH_PHONEMES, with_pronunciations
from supervisor.core.markup.unread import CDATA, COMMENT, Ends
from supervisor.marks import PRIVATE

_STEP: Final = 2048
"""Characters that one step reads, but for a tag that ends behind them."""
_SEARCHED: Final = 32_768
"""Characters that one step looks through for the end of what is left out."""
_LONGEST_REFERENCE: Final = 40
_MOST_OPENED: Final = 200
"""Tags that one step reads."""

DECLARATION: Final = re.compile(r"<(?:![A-Za-z\[]|\?[A-Za-z])[^<>]{0,2000}+>")
"""`<!DOCTYPE html>`, `<![endif]>`, `<?php ?>`."""
_SIGN: Final = re.compile(
    r"<(?=/?[A-Za-z][A-Za-z0-9:_-]{0,40}+[\s/>]|!(?:--|[A-Za-z\[])|\?[A-Za-z])"
)
"""What may open a tag, a comment or a declaration."""
_LONGEST_SIGN: Final = 44


def read(source: str) -> Iterator[str]:
    """The marked text of HTML, a step at a time."""
    flow = Flow()
    flow.mode = "collapsed"
    elements = Elements(flow)
    ends = Ends(source)
    unended: set[str] = set()
    at = 0
    while at < len(source):
        stop = min(at + _STEP, len(source))
        left_out = ""
        opened = 0
        while at < stop and not left_out and opened < _MOST_OPENED:
            at = _text(source, at, stop, elements)
            if at < stop:
                opened += 1
                at, left_out = _sign(source, at, elements, unended)
        yield flow.take()
        if not left_out:
            continue
        reach = _SEARCHED
        while (end := ends.next(left_out, at, reach)) is None and at + reach < len(source):
            reach += _SEARCHED
            yield ""
        if end is None:
            unended.add(left_out)
            at += 2 if left_out == COMMENT else 0
            continue
        if left_out == CDATA:
            for start in range(at, end[0], _STEP):
                elements.text(PRIVATE.sub("", source[start : min(start + _STEP, end[0])]))
                yield flow.take()
        at = end[1]
    yield flow.finish()


def _text(source: str, at: int, stop: int, elements: Elements) -> int:
    """Say the text from `at` to the next sign, or to about `stop`; where that is."""
    sign = _SIGN.search(source, at, stop + _LONGEST_SIGN)
    end = stop if sign is None else min(sign.start(), stop)
    if end == stop < len(source):
        end = _uncut(source, at, stop)
    if end > at:
        text = PRIVATE.sub("", decoded(source[at:end], unended=True))
        elements.text(with_pronunciations(text))
    return end


def _uncut(source: str, at: int, stop: int) -> int:
    """A place near `stop` where neither a reference nor a pronunciation is cut."""
    bracket = source.rfind("[", max(at, stop - LONGEST), stop)
    word = None if bracket < 0 else WITH_PHONEMES.match(source, bracket)
    if word is not None and word.end() > stop:
        return word.end()
    reference = source.rfind("&", max(at + 1, stop - _LONGEST_REFERENCE), stop)
    return stop if reference < 0 else reference


def _sign(source: str, at: int, elements: Elements, unended: Container[str]) -> tuple[int, str]:
    """Read what begins with a `<`: where it ends, and what is left out from there on.

    `unended`: what has no end, so that only its begin is left out.
    """
    end = at + LONGEST_TAG
    tag = TAG.match(source, at, end) or LOOSE_TAG.match(source, at, end)
    if tag is not None:
        one = Tag.of(tag)
        elements.tag(one)
        is_left_out = one.name in UNREAD and not one.closes and one.name not in unended
        return tag.end(), one.name if is_left_out else ""
    for sign in (COMMENT, CDATA):
        if source.startswith(sign, at) and sign in unended:
            return at + len(sign), ""
        if source.startswith(sign, at):
            # `<!-->` is a whole comment.
            return at + len(sign) - (2 if sign == COMMENT else 0), sign
    declaration = DECLARATION.match(source, at, end)
    if declaration is not None:
        return declaration.end(), ""
    elements.text("<")
    return at + 1, ""
