"""A job in our hands: what came from the queue, and what became of it here."""

from __future__ import annotations

import asyncio
from typing import Any

from supervisor.nats.audio import AudioWriter, Written
from supervisor.speech import Word
from supervisor.wire.client import End
from supervisor.wire.fleet.jobs import Job
from supervisor.wire.fleet.names import JobName


class Held:
    """One lease of ours, and all that belongs to it."""

    __slots__ = (
        "began",
        "delivery",
        "end",
        "first_segment",
        "given",
        "job",
        "lease",
        "name",
        "sample_rate",
        "seed",
        "task",
        "until",
        "words",
        "words_written",
        "writer",
        "written",
    )

    def __init__(self, lease: int, name: JobName, job: Job) -> None:
        self.lease = lease
        self.name = name
        self.delivery = lease
        """Number of the delivery that is answered for."""
        self.job = job
        self.given = False
        """Our supervisor has taken it."""
        self.began = False
        self.task: asyncio.Task[Any] | None = None
        self.writer: AudioWriter | None = None
        self.written: Written | None = None
        self.words: list[Word] = []
        self.words_written = 0
        self.end: End | None = None
        self.sample_rate = 0
        self.seed = 0
        self.first_segment = 0
        self.until: float | None = None
        """When it is to be done, by the machine's clock."""
