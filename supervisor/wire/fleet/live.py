"""What hosts say of themselves and to each other at once: heartbeats, bids, control of a job."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from supervisor.wire.fleet.codec import Record

JobState = Literal["waiting", "running", "done", "failed", "cancelled", "expired", "unknown"]


class Heartbeat(Record, frozen=True, kw_only=True):
    """How a host is, once a second, when its free slots change, and as the answer to WHO.

    `epoch` is new with every start of its agent. `slots` is how many jobs it takes in all, `free`
    how many more now, `running` those of the fleet that it speaks. `speed` is in core-seconds per
    second. `made_by` is the speech fingerprint of each engine that it speaks; with the answer to
    WHO `engines` and `default_engine` are as in WELCOME, and `limits`.
    """

    host: str
    epoch: str
    version: str = ""
    min_schema: int = 1
    max_schema: int = 1
    slots: int = 0
    free: int = 0
    running: int = 0
    draining: bool = False
    why: str = ""
    """Why none is free, for people; empty where some are, or all are busy."""
    backlog_s: float = 0.0
    speed: float = 0.0
    at_ms: int = 0
    made_by: dict[str, str] = msgspec.field(default_factory=dict)
    default_engine: str = ""
    engines: dict[str, Any] = msgspec.field(default_factory=dict)
    limits: dict[str, Any] = msgspec.field(default_factory=dict)


class Backlog(Record, frozen=True, kw_only=True):
    """What waits in the whole fleet, as its janitor keeps it: the key BACKLOG.

    `jobs`, predicted `seconds` of one core and the age of the oldest (`oldest_s`) by class;
    `first_seq` is the oldest that waits. `speed` is what the live `hosts` do, in core-seconds per
    second, `busy` what of it they do now, on average; `desired` is how many hosts there should be,
    `because` of that (`core.fleet.sizing`). `at_ms` is Unix time by the servers' clock.
    """

    jobs: dict[str, int] = msgspec.field(default_factory=dict)
    seconds: dict[str, float] = msgspec.field(default_factory=dict)
    oldest_s: dict[str, float] = msgspec.field(default_factory=dict)
    first_seq: int = 0
    speed: float = 0.0
    busy: float = 0.0
    hosts: int = 0
    desired: int = 0
    because: str = ""
    at_ms: int = 0


class Bid(Record, frozen=True, kw_only=True):
    """Who could start this soonest? Of no `segments`, only which hosts there are. `below_s` is the
    start that the asker has already: a host that is not sooner need not answer. `ref` is the
    asker's word for it, which nobody else knows.
    """

    ref: str = ""
    segments: int = 1
    below_s: float | None = None
    voice: str | None = None
    language: str | None = None
    made_by: str | None = None


class Answer(Record, frozen=True, kw_only=True):
    """A host could start in `start_s`; for a start at once it keeps room for a moment."""

    host: str
    epoch: str
    start_s: float
    made_by: str = ""


class Drain(Record, frozen=True, kw_only=True):
    """Take no more work of the fleet, and return what has not begun; or, with `off`, take part
    again. At `names.drain_subject`; the host answers with its heartbeat.
    """

    off: bool = False


class Control(Record, frozen=True, kw_only=True):
    """About one job, at its `names.control_subject`: `cancel` it, `forget` it (and nothing of it is
    left), or ask for its `state`.

    `name` is its public id, or that of a part: an agent that does not hold it learns from it where
    it waits. A job in parts is named as a whole to be ended, and has ended with the first of its
    parts that has. Answered with `ControlAnswer`: `state` by the holder alone, the others by one
    agent of all.
    """

    what: Literal["cancel", "forget", "state"]
    name: str


class ControlAnswer(Record, frozen=True, kw_only=True):
    """State of a job. Of one that is `running`: by which host, and how far it is."""

    state: JobState
    host: str = ""
    segments_done: int = 0
    segments: int = 0
    audio_s: float = 0.0
    message: str = ""
