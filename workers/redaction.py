"""Keep the text that is spoken out of whatever a worker writes.

Whatever it writes ends in a log, a job's record, or a client's hands, and outlives the job.
An engine is a stranger: its exceptions and what it prints may quote the text. `of_failure` and
`of_refusal` put exceptions into words, `guard` looks at each line that is printed. What native
code writes to the descriptor by itself passes by here.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable
from typing import TextIO, cast

from supervisor.wire.quoting import MESSAGE_CHARS, describe_exception, quotes, without_quotes

_texts: deque[str] = deque(maxlen=2)
"""What is spoken now, and what was before: threads of an engine may be late."""


def speaking(text: str) -> None:
    """From now on nothing that quotes this text is said."""
    _texts.append(text)


def of_failure(error: BaseException) -> str:
    """An engine's error: its type, its place, and its message if that does not quote the text."""
    return describe_exception(error, _texts)


def of_refusal(error: ValueError) -> str:
    """Why an engine cannot speak a text, in its own words if these do not quote the text."""
    message = " ".join(str(error)[:MESSAGE_CHARS].split())
    if any(quotes(message, text) for text in _texts):
        return f"the engine cannot speak this text: {describe_exception(error, _texts)}"
    return message


def guard() -> None:
    """Look at every line that Python code of this process prints, from now on."""
    sys.stdout, sys.stderr = _guarded(sys.stdout), _guarded(sys.stderr)


def _guarded(stream: TextIO) -> TextIO:
    """Once is enough; and there may be none, where it was closed for the supervisor."""
    known: object = stream
    if known is None or isinstance(known, _Discreet):
        return stream
    return cast("TextIO", _Discreet(stream))


class _Discreet:
    """A text stream whose lines say nothing of the text; else as the one below."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rest = ""

    def write(self, text: str, /) -> int:
        """Pass whole lines on, each as it may be."""
        *lines, self._rest = (self._rest + text).split("\n")
        self._stream.write("".join(f"{_as_it_may_be(line)}\n" for line in lines))
        if lines:
            self._stream.flush()
        return len(text)

    def writelines(self, lines: Iterable[str], /) -> None:
        """As one text."""
        self.write("".join(lines))

    def flush(self) -> None:
        """Pass on what there is of the last line, too."""
        rest, self._rest = self._rest, ""
        self._stream.write(_as_it_may_be(rest))
        self._stream.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def _as_it_may_be(line: str) -> str:
    for text in _texts:
        line = without_quotes(line, text)
    return line
