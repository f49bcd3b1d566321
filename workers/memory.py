"""Recognize errors that mean out of memory: not all of them are a MemoryError.

A worker that is out of memory ends, and its segment runs again in another one; an engine
that fails ends the job. So the two must not be mixed up.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

_WORDS = (
    "bad_alloc",
    "bad allocation",
    "failed to allocate",
    "cannot allocate",
    "could not allocate",
    "unable to allocate",
    "failed to map segment",
)
"""What the C++ library, ONNX Runtime, the C library, numpy and the dynamic linker say."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether this error says that memory has ended."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    if isinstance(error, ValueError):  # The text, or a setting: it may quote anything.
        return False
    text = str(error).lower()
    return any(words in text for words in _WORDS)


@contextmanager
def memory_errors() -> Iterator[None]:
    """Make a MemoryError of whatever says so inside."""
    try:
        yield
    except Exception as error:
        if is_out_of_memory(error):
            raise MemoryError(str(error)) from error
        raise
