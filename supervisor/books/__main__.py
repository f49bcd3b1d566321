"""The child that reads a document: `python -m supervisor.books NAME`, the document on stdin.

Prints the book, or why it is none, as one message of msgpack. It holds itself to limits of memory
and time first; what is beyond them ends it.
"""

from __future__ import annotations

import os
import resource
import signal
import sys

from supervisor.books.process import Outcome, encoded

MEMORY_BYTES = 2_000_000_000
CPU_S = 60
NICE = 5
"""Priority of the process: speech comes first."""


def main() -> int:
    """Read, print, return the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Who waits for us ends us.
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    from supervisor.books.book import BookError  # noqa: PLC0415 - loaded within the limits
    from supervisor.books.reading import read_book  # noqa: PLC0415

    try:
        book = read_book(sys.stdin.buffer.read(), sys.argv[1])
        outcome = Outcome(book=book)
    except BookError as error:
        outcome = Outcome(code=error.code, message=str(error))
    except (MemoryError, RecursionError):
        outcome = Outcome(code="too_large", message="the document is too large or too intricate")
    except Exception as error:  # noqa: BLE001 (whatever a document does, it is said in one line)
        what = f"the document cannot be read ({type(error).__name__})"
        outcome = Outcome(code="broken_document", message=what)
    sys.stdout.buffer.write(encoded(outcome))
    return 0


if __name__ == "__main__":
    sys.exit(main())
