"""The reading process: tells how texts are read, and speaks none.

`python -m workers.reading_process STREAM LIFELINE`, started by a process that shows it to people
(`supervisor.reading`). It has the engines' readers and none of their models, and answers one
request after the other (`wire.reading`) until the stream ends, or its parent.
"""

from __future__ import annotations

import socket
import sys
from typing import Protocol

from supervisor import marks
from supervisor.wire.reading import (
    LENGTH_BYTES,
    Read,
    Readings,
    Said,
    decode_read,
    framed,
    length,
)
from supervisor.wire.worker import decode_setup
from workers import process, redaction
from workers.engine_set import EngineSet
from workers.engines import registry
from workers.engines.base import Engine, Reads, read_in, tells


def main(stream_fd: int, lifeline_fd: int) -> None:
    """Send the catalogue, then answer each request, until the other end is closed."""
    process.prepare(lifeline_fd)
    with socket.socket(fileno=stream_fd) as connection, connection.makefile("rwb") as stream:
        setup = decode_setup(_next(stream))
        stream.write(framed(EngineSet(setup.settings).catalogue()))
        stream.flush()
        readers = Readers(setup.settings)
        while packet := _next(stream):
            stream.write(framed(readers.answer(decode_read(packet))))
            stream.flush()


class Readers:
    """The engines of this process, each made when a text is first read by it."""

    def __init__(self, settings: registry.Settings) -> None:
        self._settings = settings
        self._engines: dict[str, Engine] = {}
        self._understands: dict[str, bool] = {}
        """By engine: whether it reads words whose pronunciation is given."""

    def answer(self, request: Read) -> Readings:
        """Read each of its texts; one that cannot be read does not stop the others."""
        said = (self._said(request, text) for text in request.texts)
        return Readings(request.number, tuple(said))

    def _said(self, request: Read, text: str) -> Said:
        name = request.engine
        redaction.speaking(text)
        try:
            engine = self._engine(name)
            if not isinstance(engine, Reads) or not tells(engine, request.language):
                return Said(spoken=marks.written(text))
            if not self._understands[name]:
                text = marks.written(text)
            reading = read_in(engine, text, request.voice, request.language)
        except ValueError as error:
            return Said(error=redaction.of_refusal(error), unreadable=True)
        except Exception as error:  # noqa: BLE001 (engines are anybody's code)
            return Said(error=redaction.of_failure(error))
        return Said(
            spoken=marks.written(reading.spoken),
            phonemes=reading.phonemes,
            skipped=tuple(filter(None, map(marks.written, reading.skipped))),
        )

    def _engine(self, name: str) -> Engine:
        if name not in self._engines:
            engine = registry.make(name, self._settings)
            self._understands[name] = engine.describe().pronunciations
            self._engines[name] = engine
        return self._engines[name]


class _Stream(Protocol):
    """What can be read from until it ends."""

    def read(self, size: int, /) -> bytes: ...


def _next(stream: _Stream) -> bytes:
    """The next record; empty at the stream's end."""
    head = stream.read(LENGTH_BYTES)
    return stream.read(length(head)) if head else b""


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
