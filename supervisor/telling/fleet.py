"""A fleet in a person's words: its hosts, and what waits; for the page and for commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

import msgspec

from supervisor.wire.fleet.live import Backlog, Heartbeat
from supervisor.wording import counted

HostKind = Literal["ready", "busy", "held", "draining"]
"""ready: it takes jobs. busy: all its slots are taken. held: something keeps it from taking any.
draining: it takes none any more.
"""

_WORDS: Final[Mapping[HostKind, str]] = {
    "ready": "takes jobs",
    "busy": "all it can",
    "held": "takes none",
    "draining": "leaving",
}


class HostRow(msgspec.Struct, frozen=True, kw_only=True):
    """A host as it is shown. `speed`: seconds of one core's work that it does in a second."""

    name: str
    state: HostKind
    said: str
    slots: int
    free: int
    running: int
    waits_s: float
    speed: float
    engines: list[str]
    version: str
    schema: str


def host_kind(host: Heartbeat) -> HostKind:
    """The state of a host in a word for programs."""
    if host.draining:
        return "draining"
    if host.free > 0:
        return "ready"
    return "held" if host.why or not host.slots else "busy"


def host_row(host: Heartbeat) -> HostRow:
    """A host as it is shown."""
    kind = host_kind(host)
    schema = f"{host.min_schema}–{host.max_schema}"
    return HostRow(
        name=host.host,
        state=kind,
        said=f"{_WORDS[kind]}: {host.why}" if host.why and kind != "draining" else _WORDS[kind],
        slots=host.slots,
        free=host.free,
        running=host.running,
        waits_s=round(host.backlog_s, 3),
        speed=round(host.speed, 3),
        engines=sorted({*host.made_by, *host.engines}),
        version=host.version,
        schema=str(host.max_schema) if host.min_schema == host.max_schema else schema,
    )


def summary(hosts: Sequence[HostRow], waiting: Mapping[str, int] | None) -> str:
    """One sentence on the whole: its hosts, what they speak, and what waits by class, where that is
    known.
    """
    waits = "" if waiting is None else f"; {_waiting(waiting)}"
    if not hosts:
        return f"No host answers{waits}."
    slots = sum(host.slots for host in hosts)
    running = counted(sum(host.running for host in hosts), "job")
    text = f"{counted(len(hosts), 'host')} with {counted(slots, 'slot')}: {running} at work"
    for kind in ("held", "draining"):
        some = [host.name for host in hosts if host.state == kind]
        if some:
            verb = {"held": ("takes none", "take none"), "draining": ("leaves", "leave")}[kind]
            text += f", {_names(some)} {verb[len(some) > 1]}"
    return f"{text}{waits}."


def unlike(hosts: Iterable[HostRow]) -> str | None:
    """What differs between hosts and should not for long: their versions."""
    versions = sorted({host.version for host in hosts if host.version})
    return f"hosts run {' and '.join(versions)}" if len(versions) > 1 else None


def _waiting(waiting: Mapping[str, int]) -> str:
    found = {name: count for name, count in waiting.items() if count}
    if not found:
        return "nothing waits"
    total = sum(found.values())
    by_class = ", ".join(f"{count:,} {name}" for name, count in found.items())
    return f"{counted(total, 'job waits', 'jobs wait')} ({by_class})"


_NAMED: Final = 3


def _names(names: Sequence[str]) -> str:
    told = ", ".join(names[:_NAMED])
    return told if len(names) <= _NAMED else f"{told} and {len(names) - _NAMED} more"


_OLD_MS: Final = 180_000
"""Figures that are older tell nothing; clocks may be a minute off."""

_BECAUSE: Final[Mapping[str, str]] = {
    "idle": "nothing is to be done",
    "use": "that is enough for what is done and what comes",
    "backlog": "what waits would take too long otherwise",
    "settling": "fewer would do, but not for long enough yet",
    "bounds": "that is a bound",
    "unknown": "work waits, and no host says how fast it is",
}


class FleetSize(msgspec.Struct, frozen=True, kw_only=True):
    """How many hosts a fleet has and should have, and why; as `GET /fleet/size` has it.

    By class: jobs that wait, their predicted seconds of one core, and the age of the oldest. Speed
    in core-seconds per second, of all hosts and of those that work. wait_seconds: until all that
    waits would be done; null: never. `at`: Unix time.
    """

    hosts: int
    hosts_desired: int
    because: str
    said: str
    jobs_waiting: dict[str, int]
    backlog_seconds: dict[str, float]
    oldest_seconds: dict[str, float]
    wait_seconds: float | None
    speed: float
    busy: float
    at: float


def fleet_size(found: Backlog | None, now: float) -> FleetSize | None:
    """What the keeper of the figures has written; None where there is none, or none any more.
    `now`: Unix time.
    """
    if found is None or 1000 * now - found.at_ms > _OLD_MS:
        return None
    waits = sum(found.seconds.values())
    return FleetSize(
        hosts=found.hosts,
        hosts_desired=found.desired,
        because=found.because,
        said=f"{counted(found.hosts, 'host')}, {found.desired} wanted: "
        f"{_BECAUSE.get(found.because, found.because)}.",
        jobs_waiting=found.jobs,
        backlog_seconds=found.seconds,
        oldest_seconds=found.oldest_s,
        wait_seconds=round(waits / found.speed, 1) if found.speed else (None if waits else 0.0),
        speed=found.speed,
        busy=found.busy,
        at=found.at_ms / 1000,
    )


NO_FIGURES: Final = "no host of the fleet keeps its figures: `supervisor fleet status` shows them"
"""Where there is no `fleet_size`."""
