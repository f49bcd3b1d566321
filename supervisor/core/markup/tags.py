"""Tags in a text that name who speaks from there on, and how fast, as Kokoro-FastAPI has them.

`[voice:af_bella]` is another voice, or mix of voices, at its own pace; `[rate:0.8]` is that voice's
pace until the next tag. What stands between two tags is read as any text is that nobody called
anything. Nothing here fails; whether there is such a voice the broker knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from supervisor.core.markup import markdown
from supervisor.marks import manner
from supervisor.speech import Prosody

_TAG: Final = re.compile(
    r"\[(?:voice:(?P<voice>\w[\w+(). -]{0,1023})|rate:(?P<rate>\d{1,3}(?:\.\d{1,6})?))\]",
    re.ASCII | re.IGNORECASE,
)


def read(source: str) -> Iterator[str]:
    """The marked text of one with tags, a step at a time."""
    at, speaks = 0, Prosody()
    for tag in _TAG.finditer(source):
        yield from _between(source[at : tag.start()])
        if tag["voice"] is not None:
            speaks = Prosody(voice=tag["voice"].replace(" ", ""))
        else:
            speaks = Prosody(voice=speaks.voice, rate=float(tag["rate"]))
        yield manner(speaks.encoded())
        at = tag.end()
    yield from _between(source[at:])


def _between(text: str) -> Iterator[str]:
    return markdown.read(text, careful=True) if text.strip() else iter((text,))
