"""The fence: of all attempts at a job, the one whose outcome is written first counts.

An acknowledgement is none: the queue takes it from whoever once held the job. So an attempt ends
with the first writing of the outcome, which names it; one that finds another's there has lost, and
its audio goes. A writing that was not answered may have been done: then the outcome is read.
"""

from __future__ import annotations

from typing import Literal

from supervisor.core.fleet import events as e

Verdict = Literal["won", "lost", "read", "write"]
"""won, lost: it is decided. read: read the outcome. write: write it, now or after a pause."""


def answered(answer: e.FenceAnswer) -> Verdict:
    """What a first writing of our outcome has come to.

    "exists" does not say whose it is: ours, where the answer to an earlier try was lost.
    """
    return "won" if answer == "won" else "read"


def read(attempt: str, found: str | None, *, ok: bool) -> Verdict:
    """What the outcome that was read says of our attempt; `ok`: it could be read."""
    if not ok:
        return "read"
    if found is None:
        return "write"
    return "won" if found == attempt else "lost"


def attempt_name(job: str, host: str, epoch: str, number: int) -> str:
    """Name of an attempt at a job, and of its audio: no other host, agent or try has the same."""
    return f"{job}.{host}.{epoch}.{number}"
