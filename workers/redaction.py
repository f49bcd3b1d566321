"""Redaction: keeps the text that is spoken out of a worker's messages and prints.

They end in a log, a job's record, or a client's hands, and outlive the job. Engines are foreign
code: their exceptions and prints may quote the text. `of_failure` and `of_refusal` describe
exceptions, `guard` filters each line that Python code prints. Output that native code writes to the
descriptor itself is not filtered here.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable
from typing import TextIO, cast

from supervisor.wire.quoting import MESSAGE_CHARS, describe_exception, quotes, without_quotes

_texts: deque[str] = deque(maxlen=2)
"""The text that is spoken now and the one before: threads of an engine may be late."""


def speaking(text: str) -> None:
    """Redact this text from now on."""
    _texts.append(text)


def of_failure(error: BaseException) -> str:
    """Describe an engine's error: type, place, and its message unless that quotes the text."""
    return describe_exception(error, _texts)


def of_refusal(error: ValueError) -> str:
    """The engine's reason why it cannot speak a text, in its words unless these quote the text."""
    message = " ".join(str(error)[:MESSAGE_CHARS].split())
    if any(quotes(message, text) for text in _texts):
        return f"the engine cannot speak this text: {describe_exception(error, _texts)}"
    return message


def guard() -> None:
    """Filter every line that Python code of this process prints, from now on."""
    sys.stdout, sys.stderr = _guarded(sys.stdout), _guarded(sys.stderr)


def _guarded(stream: TextIO) -> TextIO:
    """Wrap a stream, unless it is wrapped already, or None as the supervisor had it closed."""
    known: object = stream
    if known is None or isinstance(known, _RedactedStream):
        return stream
    return cast("TextIO", _RedactedStream(stream))


class _RedactedStream:
    """A text stream that redacts its lines and passes everything else on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rest = ""

    def write(self, text: str, /) -> int:
        """Pass whole lines on, redacted."""
        *lines, self._rest = (self._rest + text).split("\n")
        self._stream.write("".join(f"{_redacted(line)}\n" for line in lines))
        if lines:
            self._stream.flush()
        return len(text)

    def writelines(self, lines: Iterable[str], /) -> None:
        """Write the lines as one text."""
        self.write("".join(lines))

    def flush(self) -> None:
        """Pass on the unfinished last line, too."""
        rest, self._rest = self._rest, ""
        self._stream.write(_redacted(rest))
        self._stream.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def _redacted(line: str) -> str:
    for text in _texts:
        line = without_quotes(line, text)
    return line
