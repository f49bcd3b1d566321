"""Captions: words with their times as lines to read along, in the forms that players know.

A caption ends with a sentence, before a pause, or where it is as long as can be read at a glance.
SubRip (`.srt`) and WebVTT (`.vtt`) have captions, JSON has the words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from supervisor.speech import Word

LINE_CHARS: Final = 42
"""Characters of a line that is read at a glance, as broadcasters have it; a caption has two."""
_LONGEST_S: Final = 7.0
_PAUSE_S: Final = 0.5
_LEAST_S: Final = 1.0
"""A caption stays so long, if the next one does not begin before."""

_SENTENCE = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")
_NO_END = re.compile(r"(?:\b[A-Z]|\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|vs|Sr|Sra|M|Mme|Sig|Dott))\.$")
_SPACELESS = re.compile(r"[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uff66-\uff9f]")
"""Scripts that put no spaces between words."""


class Caption(msgspec.Struct, frozen=True):
    """Some words that are read at a glance, from when to when in seconds."""

    begin_s: float
    end_s: float
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        """One line, or two of about the same length."""
        line = _joined(self.words)
        if len(line) <= LINE_CHARS:
            return line
        both = [
            (_joined(self.words[:at]), _joined(self.words[at:])) for at in range(1, len(self.words))
        ]
        return "\n".join(min(both, key=lambda pair: max(map(len, pair)))) if both else line


def captions(words: Sequence[Word]) -> Iterator[Caption]:
    """The words as captions, in their order; each is there until the next one, or for a second."""
    groups = list(_groups(words))
    for at, group in enumerate(groups):
        begin, end = group[0].begin_s, group[-1].end_s
        after = groups[at + 1][0].begin_s if at + 1 < len(groups) else begin + _LEAST_S
        yield Caption(begin, max(end, min(after, begin + _LEAST_S)), tuple(w.text for w in group))


def srt(words: Sequence[Word]) -> str:
    """SubRip: numbered captions with a comma before the milliseconds."""
    blocks = (
        f"{number}\n{_clock(one.begin_s, ',')} --> {_clock(one.end_s, ',')}\n{one.text}\n"
        for number, one in enumerate(captions(words), 1)
    )
    return "\n".join(blocks)


def vtt(words: Sequence[Word]) -> str:
    """WebVTT, as browsers show it beside `<audio>`."""
    blocks = (
        f"{_clock(one.begin_s, '.')} --> {_clock(one.end_s, '.')}\n{_escaped(one.text)}\n"
        for one in captions(words)
    )
    return "\n".join(["WEBVTT\n", *blocks])


def words_json(words: Sequence[Word]) -> str:
    """Every word as `documents` has it."""
    return json.dumps({"words": documents(words)}, ensure_ascii=False, indent=1) + "\n"


def documents(words: Sequence[Word]) -> list[dict[str, Any]]:
    """Words for programs: `word`, `start` and `end` in seconds as OpenAI names them, and its place
    in the text, `text_start` to `text_end` in characters, null where it does not stand there.
    """
    return [
        {
            "word": word.text,
            "start": word.begin_s,
            "end": word.end_s,
            "text_start": word.start,
            "text_end": word.end,
        }
        for word in words
    ]


FORMS: Final[Mapping[str, Callable[[Sequence[Word]], str]]] = {
    ".srt": srt,
    ".vtt": vtt,
    ".json": words_json,
}
"""What writes captions, by the ending of the file's name."""


def _groups(words: Sequence[Word]) -> Iterator[list[Word]]:
    group: list[Word] = []
    for word in words:
        if group and _ends(group, word):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _ends(group: Sequence[Word], after: Word) -> bool:
    """Whether a caption of these words ends before the next one."""
    last = group[-1]
    chars = len(_joined([*(word.text for word in group), after.text]))
    return (
        after.begin_s - last.end_s >= _PAUSE_S
        or after.end_s - group[0].begin_s > _LONGEST_S
        or chars > 2 * LINE_CHARS
        or (
            _SENTENCE.search(last.text) is not None
            and _NO_END.search(last.text) is None
            and not after.text[:1].islower()
        )
    )


def _joined(words: Sequence[str]) -> str:
    """Words on one line, with spaces where their script has them."""
    line = ""
    for word in words:
        close = line and _SPACELESS.match(word[:1]) and _SPACELESS.search(line[-2:])
        line += word if close or not line else f" {word}"
    return line


def _clock(seconds: float, mark: str) -> str:
    millis = max(0, round(seconds * 1000))
    minutes, rest = divmod(millis, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
