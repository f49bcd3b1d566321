"""Outcomes of durable jobs that are being written down: told when the journal has them.

A client that was told `cancelled` must not find its job running after a restart. A
journal that cannot be written holds an outcome back for `PATIENCE_S` and no longer; the
client is then told what is known, and the journal goes on trying.

`done` needs no such care: the audio is in the journal before a byte of it is released,
so a successor that lacks the outcome finds the job complete, and says the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from supervisor.core.jobs.events import FailureCode
from supervisor.core.jobs.job import Job

PATIENCE_S = 5.0


class Verdict(NamedTuple):
    """How a job ended, and since when the journal has been asked to write it down."""

    job: Job
    code: FailureCode
    since: float


class Untold:
    """Verdicts by job, the oldest first."""

    def __init__(self) -> None:
        self._verdicts: dict[str, Verdict] = {}

    def __len__(self) -> int:
        """How many wait."""
        return len(self._verdicts)

    def __contains__(self, job: str) -> bool:
        """Whether this job's outcome is not in the journal yet."""
        return job in self._verdicts

    def add(self, job: Job, code: FailureCode, now: float) -> None:
        """The job has ended; from now on the journal is asked."""
        self._verdicts[job.id] = Verdict(job, code, now)

    def pop(self, job: str) -> Verdict | None:
        """It may be told."""
        return self._verdicts.pop(job, None)

    def overdue(self, now: float) -> Iterator[Verdict]:
        """Take those that have waited for long enough."""
        while self._verdicts:
            verdict = next(iter(self._verdicts.values()))
            if now - verdict.since < PATIENCE_S:
                return
            yield self._verdicts.pop(verdict.job.id)
