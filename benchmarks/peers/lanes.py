"""Protocol of a way to send requests, for the load generator.

A lane is one place for one request at a time. Lanes share one thread, so that the client
takes as little of the two cores as a client can.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Answer(NamedTuple):
    """The end of one request. Times as of `time.perf_counter`; `first` is the first audio.

    `error` is None, or why there is no whole audio.
    """

    lane: int
    first: float
    end: float
    audio_s: float
    error: str | None = None


class Lanes(Protocol):
    """A connection, or many, to one server."""

    def send(self, lane: int, text: str) -> None:
        """Begin a request on a lane that is free. What goes wrong comes as an answer."""
        ...

    def answers(self, timeout: float) -> list[Answer]:
        """Requests that have ended; waits up to `timeout` seconds for the first of them."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...
