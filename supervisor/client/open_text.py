"""The text of a durable open job: how much of it is written down, and what is not."""

from __future__ import annotations

from supervisor.client.errors import SupervisorError


class OpenText:
    """The text of a durable open job, as this client writes it; bytes are counted in the text.

    `kept` is what was given and is not known to be `written` down: it is sent again to the next
    supervisor, and to one whose journal could not take it, after a while (`again_at`).
    """

    def __init__(self, written: int = 0) -> None:
        self.written = written
        self.kept = bytearray()
        self.flush = False
        """Whether all that is kept is to be spoken at once."""
        self.ended = False
        self.end_written = False
        self.again_at: float | None = None
        """When what was refused is sent again; None where nothing was."""
        self.attempt = 1
        """Counts how often what is kept was sent."""
        self.error: SupervisorError | None = None
        """Why nothing can be added."""

    @property
    def size(self) -> int:
        """Bytes of the text so far."""
        return self.written + len(self.kept)

    @property
    def settled(self) -> bool:
        """Whether all that was given is written down, or never will be."""
        done = not self.kept and (self.end_written or not self.ended)
        return done or self.error is not None

    def add(self, data: bytes, *, flush: bool) -> None:
        """Keep more of the text."""
        self.kept += data
        self.flush = self.flush or flush

    def take(self, written: int) -> str | None:
        """Take what the supervisor says that it has; returns its defect, if any."""
        if written < self.written:
            return f"a text of {written} bytes; it had written down {self.written}"
        del self.kept[: written - self.written]
        self.written = written
        self.flush = self.flush and bool(self.kept)
        return None
