"""A document is read in a child process, so that none can take this one's memory or time.

The call blocks: on an event loop it belongs into a thread.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Final, cast

import msgspec

from supervisor.books.book import Book, BookError, Fault

LIMIT_S: Final = 120.0
"""Seconds that a document may take on a busy machine."""
_ROOT: Final = str(Path(__file__).parents[2])


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the child found: a book, or why there is none."""

    book: Book | None = None
    code: str = ""
    message: str = ""


def encoded(outcome: Outcome) -> bytes:
    """The outcome as the child prints it."""
    return msgspec.msgpack.encode(outcome)


def read_apart(file: IO[bytes], name: str) -> Book:
    """The book in an open file, which is read from its position on. Raises BookError, OSError."""
    # Not from the working directory, where the document may lie among files of its sender's.
    command = [sys.executable, "-P", "-m", "supervisor.books", name]
    path = os.pathsep.join(filter(None, [_ROOT, os.environ.get("PYTHONPATH")]))
    try:
        done = subprocess.run(
            command,
            stdin=file,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BookError(
            "too_large", f"reading the document takes longer than {LIMIT_S:g} s"
        ) from None
    try:
        outcome = msgspec.msgpack.decode(done.stdout, type=Outcome)
    except msgspec.MsgspecError:
        raise BookError("too_large", "the document is too large or too intricate") from None
    if outcome.book is None:
        raise BookError(cast("Fault", outcome.code), outcome.message)
    return outcome.book
