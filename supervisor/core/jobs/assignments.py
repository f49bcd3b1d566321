"""Which worker runs which segment, and which workers are free."""

from __future__ import annotations

from supervisor.core.jobs.job import Job

Run = tuple[Job, int]
"""A job and the index of its segment."""


class Assignments:
    """Workers by their epoch. A retired worker is let go once it runs nothing."""

    def __init__(self) -> None:
        self.idle: list[int] = []
        self.running: dict[int, Run | None] = {}
        self._retired: set[int] = set()

    @property
    def busy(self) -> list[int]:
        """Workers that run a segment."""
        return [worker for worker, run in self.running.items() if run is not None]

    @property
    def busy_count(self) -> int:
        """How many these are, without a look at each: it is asked for at every event."""
        return len(self.running) - len(self.idle)

    def running_of(self, job: Job) -> list[tuple[int, int]]:
        """Workers that run a segment of this job, and which."""
        return [(worker, run[1]) for worker, run in self.running.items() if run and run[0] is job]

    def is_idle(self, worker: int) -> bool:
        """Whether this worker is known and runs nothing."""
        return worker in self.running and self.running[worker] is None

    def add(self, worker: int) -> None:
        """A worker can take a segment."""
        self.running[worker] = None
        self.idle.append(worker)

    def retire(self, worker: int) -> bool:
        """Give it nothing more; True if it can be let go at once."""
        if worker not in self.running:
            return True
        if self.running[worker] is not None:
            self._retired.add(worker)
            return False
        self._drop(worker)
        return True

    def lose(self, worker: int) -> Run | None:
        """A worker is gone; returns what it ran."""
        run = self.running.get(worker)
        self._drop(worker)
        return run

    def give(self, run: Run) -> int:
        """Give a segment to the idle worker that was used last: its caches are warm."""
        worker = self.idle.pop()
        self.running[worker] = run
        return worker

    def free(self, worker: int) -> bool:
        """A worker has answered; True if it is retired and can be let go."""
        self.running[worker] = None
        if worker in self._retired:
            self._drop(worker)
            return True
        self.idle.append(worker)
        return False

    def _drop(self, worker: int) -> None:
        self.running.pop(worker, None)
        self._retired.discard(worker)
        if worker in self.idle:
            self.idle.remove(worker)

    def check(self) -> None:
        """Raise AssertionError if an invariant is broken."""
        assert len(self.busy) == self.busy_count, "a worker is neither idle nor busy"
        assert len(set(self.idle)) == len(self.idle), "a worker is idle twice"
        for worker in self.idle:
            assert self.running.get(worker, ()) is None, f"idle worker {worker} runs something"
            assert worker not in self._retired, f"retired worker {worker} is idle"
        for worker, run in self.running.items():
            if run is not None:
                assert run[0].segments[run[1]].worker == worker, "worker and segment disagree"
