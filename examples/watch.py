"""Call a function for each change of the pool, and go on at the next supervisor after a restart.

    python examples/watch.py

Prints changes of the cores, workers that are lost and jobs that end, until Ctrl-C. A supervisor
that is not there yet is waited for. Exit codes: 0 after Ctrl-C, 4 where too many watch already.
"""

from __future__ import annotations

import sys
import time

from supervisor.client import (
    AllocationChanged,
    Client,
    EventsLost,
    JobChanged,
    NoSupervisor,
    SupervisorError,
    SupervisorGone,
    WorkerChanged,
)

PAUSE_S = 1.0
"""Between two looks for a supervisor."""


def cores_changed(change: AllocationChanged) -> None:
    """The pool has another number of cores."""
    print(f"cores: {change.before} -> {change.after}, {change.reason}", flush=True)


def worker_lost(worker: WorkerChanged) -> None:
    """A worker ended unasked; the supervisor starts another, and its segment is spoken again."""
    print(f"worker {worker.slot} is lost: {worker.reason}", flush=True)


def job_ended(job: JobChanged) -> None:
    """One of our own jobs has ended, well or not."""
    print(f"job {job.job}: {job.outcome} after {job.total_s:.3f} s {job.message}", flush=True)


def watch() -> None:
    """Call these functions, until the supervisor ends. Raises what the client raises."""
    with Client(name="examples/watch.py") as client, client.events() as events:
        print("watching", flush=True)
        for event in events:
            match event.about:
                case AllocationChanged() as change:
                    cores_changed(change)
                case WorkerChanged(what="lost") as worker:
                    worker_lost(worker)
                case JobChanged(what="ended") as job:
                    job_ended(job)
                case EventsLost(count):  # We were too slow for so many.
                    print(f"missed {count} events", flush=True)


def main() -> None:
    """Watch, at one supervisor after the other."""
    while True:
        try:
            watch()
        except (NoSupervisor, SupervisorGone) as error:
            print(f"watch.py: {error}", file=sys.stderr, flush=True)
            time.sleep(PAUSE_S)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
    except SupervisorError as error:
        print(f"watch.py: {error}", file=sys.stderr)
        sys.exit(4)
