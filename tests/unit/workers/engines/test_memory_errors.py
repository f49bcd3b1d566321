"""Errors that say that memory has ended, and others that only sound like it."""

from __future__ import annotations

import errno
import os

import pytest

from workers.memory import is_out_of_memory, memory_errors


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
        Exception("[ONNXRuntimeError] : 1 : FAIL : Exception during loading: std::bad_alloc"),
        Exception("bfc_arena.cc:376 Failed to allocate memory for requested buffer"),
        ImportError("mtrand.so: failed to map segment from shared object"),
    ],
    ids=repr,
)
def test_the_end_of_memory_is_a_memory_error_whoever_says_it(error: Exception) -> None:
    """What raised it is kept as the cause."""
    assert is_out_of_memory(error)
    with pytest.raises(MemoryError), memory_errors():
        raise error


@pytest.mark.parametrize(
    "error",
    [ValueError("cannot allocate a voice"), OSError(errno.ENOENT, "x"), RuntimeError("shape")],
    ids=repr,
)
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    """They are the text's or the engine's, and another worker would do no better."""
    assert not is_out_of_memory(error)
    with pytest.raises(type(error)), memory_errors():
        raise error
