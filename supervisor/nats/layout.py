"""What a fleet keeps on the servers: streams, buckets and consumers, as JetStream's own documents.

Data alone: `setup` makes it so. The names are those of `wire.fleet.names`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from supervisor.nats.pulls import GROUP
from supervisor.wire.fleet import names

MAX_CONSUMERS: Final = 48
"""Most consumers of a fleet: at three replicas each of them is a Raft group of its own."""

MAX_WAITING: Final = 10_000
"""Open pulls of a consumer, which bounds the hosts that wait; the servers' default is 512."""

MAX_UNACKNOWLEDGED: Final = 50_000
"""Jobs of a consumer that hosts hold at once."""

DEAD_S: Final = 30 * 86_400
"""How long a job that failed for good can be looked at and handed in again."""

LEAST_SERVER: Final = (2, 12, 3)
"""Oldest version of the servers: it serves pulls by priority, and loses no acknowledged message
that older ones lost.
"""

_DUPLICATES_S: Final = 120

Document = dict[str, Any]
"""Configuration of a stream or consumer, by the names of JetStream's API."""


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """What decides the documents. `replicas` and `audio_replicas`: servers that hold each message.
    `max_bytes` bounds the jobs, and the audio too; times in seconds.
    """

    engines: tuple[str, ...]
    lanes: int = 1
    replicas: int = 1
    audio_replicas: int = 1
    lease_s: float = 30.0
    max_jobs: int = 100_000
    max_bytes: int = 4096 * 1_000_000
    retention_s: float = 86_400.0
    part_s: float = 60.0


def streams(layout: Layout) -> Iterator[Document]:
    """Configuration of each stream; a bucket is the stream `KV_<bucket>`."""
    yield {
        "name": names.JOBS,
        "subjects": [f"{names.PREFIX}.job.>"],
        "retention": "workqueue",
        "storage": "file",
        "discard": "new",
        "discard_new_per_subject": True,
        "max_msgs_per_subject": 1,
        "max_msgs": layout.max_jobs,
        "max_bytes": layout.max_bytes,
        "duplicate_window": _nanoseconds(_DUPLICATES_S),
        "num_replicas": layout.replicas,
        "allow_direct": True,
    }
    yield {
        "name": names.AUDIO,
        "subjects": [f"{names.PREFIX}.audio.>", f"{names.PREFIX}.text.>"],
        "retention": "limits",
        "storage": "file",
        # Full, it takes no more: what was spoken is not lost to what is spoken next.
        "discard": "new",
        "max_msgs_per_subject": 1,
        "max_bytes": layout.max_bytes,
        "max_age": _nanoseconds(layout.retention_s),
        "num_replicas": layout.audio_replicas,
        "allow_direct": True,
    }
    yield _bucket(names.OUTCOMES, layout.replicas, layout.retention_s)
    yield _bucket(names.DEAD, layout.replicas, DEAD_S)
    yield _bucket(names.FLEET, layout.replicas, 0)


def consumers(layout: Layout) -> Iterator[Document]:
    """Configuration of each consumer of the jobs: one for a class, engine and lane."""
    for engine in layout.engines:
        for lane in range(layout.lanes):
            for klass in names.CLASSES:
                name = names.consumer(klass, engine, lane)
                yield {
                    "name": name,
                    "durable_name": name,
                    "filter_subject": names.consumer_filter(klass, engine, lane),
                    "ack_policy": "explicit",
                    "ack_wait": _nanoseconds(layout.lease_s),
                    # A delivery is no attempt: what is returned or was held by a host that is
                    # gone comes again.
                    "max_deliver": -1,
                    "max_ack_pending": MAX_UNACKNOWLEDGED,
                    "max_waiting": MAX_WAITING,
                    "priority_policy": "prioritized",
                    "priority_groups": [GROUP],
                }


def _bucket(name: str, replicas: int, kept_s: float) -> Document:
    """A bucket as every NATS client lays it out; a key may have a time to live of its own."""
    return {
        "name": f"KV_{name}",
        "subjects": [f"$KV.{name}.>"],
        "retention": "limits",
        "storage": "file",
        "discard": "new",
        "max_msgs_per_subject": 1,
        "max_age": _nanoseconds(kept_s),
        "num_replicas": replicas,
        "allow_direct": True,
        "allow_rollup_hdrs": True,
        "allow_msg_ttl": True,
        "deny_delete": True,
    }


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)
