"""What must not be changed in streams and consumers that are there: what they are, and limits.

The servers drop the oldest of what no longer fits into a lower limit, so none is lowered unasked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from supervisor.nats.layout import Document

_IDENTITY: Final = ("retention", "storage", "subjects")
"""What a stream is. Where these differ, it is somebody else's of the same name."""

_CONSUMER_IDENTITY: Final = ("filter_subject", "ack_policy", "max_waiting", "priority_policy")
"""What the servers do not change in a consumer."""

_LIMITS: Final = {
    "max_msgs": "fleet.max_jobs",
    "max_bytes": "fleet.max_bytes_mb",
    "max_age": "fleet.retention_s",
    "num_replicas": "fleet.replicas",
}
"""Limits that are not lowered, and the settings that they come from."""


def refused(
    want: Document,
    have: Document | None,
    state: Mapping[str, Any],
    now: str = "",
    *,
    lower: bool = False,
) -> Iterator[str]:
    """Why a stream must not be made from what it is into what is wanted: a line each, none for
    none. `state` and `now` are the servers' word on what it holds, and their time.
    """
    if have is None:
        return
    name = want["name"]
    for field in _IDENTITY:
        if differs(want, have, field):
            yield (
                f"stream {name} is there and is not ours ({field} is {have.get(field)!r}): use an "
                "account of NATS for the fleet alone"
            )
            return
    for field, setting in _LIMITS.items():
        if field not in want or not _is_lower(want[field], have.get(field)):
            continue
        change = (
            f"stream {name}: {field} {_shown(field, have[field])} → {_shown(field, want[field])}"
        )
        if not lower:
            yield f"{change} would be lower ({setting}); keep it, or allow it with --lower"
        elif not _fits(field, want[field], state, now):
            yield f"{change} would drop what is stored ({setting}); keep it until less is"


def refused_consumer(want: Document, have: Document | None) -> Iterator[str]:
    """Why a consumer cannot be made into what is wanted: a line each, none for none."""
    for field in _CONSUMER_IDENTITY:
        if have is not None and differs(want, have, field):
            yield (
                f"consumer {want['name']}: {field} is {have.get(field)!r}, needed is "
                f"{want[field]!r}, and the servers do not change it: remove the consumer while no "
                "host works, and run this again"
            )


def differs(want: Document, have: Document, field: str) -> bool:
    """Whether a field is other than it should be; the servers leave out what is nothing."""
    return (have.get(field) or None) != (want[field] or None)


def _is_lower(want: int, have: int | None) -> bool:
    """Whether a limit is below another; 0 and -1 are none."""
    return want > 0 and (have is None or have <= 0 or want < have)


def _fits(field: str, limit: int, state: Mapping[str, Any], now: str) -> bool:
    """Whether all that a stream holds is within a limit."""
    if field == "max_msgs":
        return int(state["messages"]) <= limit
    if field == "max_bytes":
        return int(state["bytes"]) <= limit
    if field == "max_age" and state["messages"]:
        age = server_time(now) - server_time(state["first_ts"])
        return age < limit / 1e9
    return True


def server_time(text: str) -> float:
    """A time of the servers (RFC 3339, nanoseconds) as Unix seconds."""
    return datetime.fromisoformat(text).timestamp()


def _shown(field: str, limit: int) -> str:
    if limit <= 0:
        return "no limit"
    return f"{limit / 1e9:,g} s" if field == "max_age" else f"{limit:,}"
