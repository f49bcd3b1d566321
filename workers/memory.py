"""Recognize errors that mean out of memory: not all of them are a MemoryError.

A worker that is out of memory ends, and its segment runs again in another one, while any other
failure of an engine ends the job. So the two have to be told apart.
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
"""Messages of the C++ library, ONNX Runtime, the C library, numpy and the dynamic linker."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether this error means out of memory."""
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
    """Turn any out-of-memory error within the block into a MemoryError."""
    try:
        yield
    except Exception as error:
        if is_out_of_memory(error):
            raise MemoryError(str(error)) from error
        raise
