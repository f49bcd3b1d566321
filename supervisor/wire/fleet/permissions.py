"""What each kind of user may send and hear on the servers: subjects, as permissions name them.

Hosts trust each other: whoever may acknowledge jobs can settle any. Gateways and clients do not:
all that one may use names its tenant, and there is nothing among it that lists, removes or reads
what is of another one. Operators may everything.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from supervisor.wire.fleet.names import (
    AUDIO,
    BACKLOG,
    CONFIG,
    DEAD,
    FLEET,
    JOBS,
    OUTCOMES,
    PREFIX,
    token,
)

Role = Literal["host", "gateway", "operator"]

INBOX: Final = "_I"
"""First token of an inbox; the second is the user's public key: each hears its own alone."""

_API: Final = "$JS.API"
_BUCKETS: Final = tuple(f"KV_{name}" for name in (OUTCOMES, DEAD, FLEET))
_DIRECT: Final = f"{_API}.DIRECT.GET"


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """Subjects that a user may publish to and subscribe to. `answers`: it may also publish to the
    reply of a message that it has received, and as often as it likes for an hour.
    """

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    answers: bool = False


def rights(role: Role, name: str, tenant: str, inbox: str) -> Rights:
    """What a user may do: a host of this name, or the gateways and clients of a tenant. `inbox` is
    how its inboxes begin. Raises NameRefused.
    """
    token(name)
    heard = (f"{inbox}.>", *HEARD)
    if role == "operator":
        return Rights(publish=(">",), subscribe=(">",))
    asking = (*requests(tenant), *conversations(tenant), *SHARED, *QUESTIONS)
    if role == "gateway":
        return Rights(publish=asking, subscribe=heard)
    return Rights(
        # A host has a gateway of its own, which asks for speech under this tenant.
        publish=tuple(dict.fromkeys((*_host_publishes(name), *asking))),
        subscribe=(
            *heard,
            f"{PREFIX}.bid.*",
            f"{PREFIX}.who",
            f"{PREFIX}.ctl.*.*",
            f"{PREFIX}.talk.{name}.*.*",
            f"{PREFIX}.drain.{name}",
        ),
        answers=True,
    )


def requests(tenant: str) -> tuple[str, ...]:
    """What a tenant sends that is answered once: its jobs and their texts, its outcomes and audio,
    and what is to become of a job.
    """
    token(tenant)
    jobs, audio = f"{PREFIX}.job.*.*.*.{tenant}.*", f"{PREFIX}.audio.{tenant}.>"
    texts = f"{PREFIX}.text.{tenant}.>"
    return (
        jobs,
        texts,
        f"{PREFIX}.ctl.{tenant}.*",
        # The subject names what is read, so that a permission can; a body is refused.
        f"{_DIRECT}.{JOBS}.{jobs}",
        f"{_DIRECT}.{AUDIO}.{audio}",
        f"{_DIRECT}.{AUDIO}.{texts}",
        f"{_DIRECT}.KV_{OUTCOMES}.$KV.{OUTCOMES}.{tenant}.*",
    )


SHARED: Final = tuple(f"{_DIRECT}.KV_{FLEET}.$KV.{FLEET}.{key}" for key in (CONFIG, BACKLOG))
"""What every tenant may ask, and is answered once."""

QUESTIONS: Final = (f"{PREFIX}.bid.*", f"{PREFIX}.who")
"""What every tenant may ask of all hosts; several answer."""

HEARD: Final = (f"{PREFIX}.hb.*",)
"""What a tenant hears without having asked."""


def conversations(tenant: str) -> tuple[str, ...]:
    """Where a tenant speaks with a host; each packet may be answered by many."""
    return (f"{PREFIX}.talk.*.{token(tenant)}.*",)


def _host_publishes(name: str) -> tuple[str, ...]:
    streams = (JOBS, AUDIO, *_BUCKETS)
    return (
        f"{_API}.INFO",
        f"{_API}.CONSUMER.INFO.{JOBS}.*",
        f"{_API}.CONSUMER.MSG.NEXT.{JOBS}.*",
        f"$JS.ACK.{JOBS}.>",
        *(f"{_API}.STREAM.INFO.{stream}" for stream in streams),
        *(f"{_API}.STREAM.MSG.GET.{stream}" for stream in (JOBS, *_BUCKETS)),
        *(f"{_DIRECT}.{stream}.>" for stream in streams),
        # A cancelled job leaves the queue, and the audio of an attempt that lost is removed.
        *(f"{_API}.STREAM.PURGE.{stream}" for stream in (JOBS, AUDIO)),
        f"$KV.{OUTCOMES}.>",
        f"$KV.{DEAD}.>",
        f"$KV.{FLEET}.attempts.>",
        f"$KV.{FLEET}.janitor",
        f"$KV.{FLEET}.{BACKLOG}",
        f"{PREFIX}.audio.>",
        f"{PREFIX}.hb.{name}",
        f"{PREFIX}.ev.*",
    )
