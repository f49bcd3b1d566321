"""Memory of the host and of its cgroups: total, limit, still available, and limits met."""

from __future__ import annotations

import msgspec
import psutil

from supervisor.host.cgroups import Group, Groups
from supervisor.host.procfs import psutil_of
from supervisor.host.roots import Host


class Memory(msgspec.Struct, frozen=True):
    """Memory in bytes. `available` is the smaller of what the host and the cgroups have left.

    `limit` is the smallest cgroup limit up the tree; None if it does not bind. `high` and `oom`
    count how often our own group met its soft limit, and ran out under the hard one.
    """

    total: int
    available: int
    limit: int | None
    high: int = 0
    oom: int = 0


def read_memory(host: Host, groups: Groups) -> Memory:
    """Read the host's and the cgroups' memory. Raises OSError, LookupError or ValueError."""
    with psutil_of(host):
        machine = psutil.virtual_memory()
    total, available = machine.total, machine.available
    limit: int | None = None
    high = oom = 0
    for group in groups.memory:
        for level in group.levels:
            bound = _limit(host, group, level)
            # v1 writes "no limit" as a number near 2^63; a limit above the machine is none.
            if bound is not None and bound < total:
                limit = bound if limit is None else min(limit, bound)
                available = min(available, bound - _unreclaimable(host, group, level))
        events = _events(host, group)
        high += events.get(b"high", 0)
        oom += events.get(b"oom", 0) + events.get(b"oom_kill", 0)
    return Memory(total=total, available=max(0, available), limit=limit, high=high, oom=oom)


def _limit(host: Host, group: Group, level: str) -> int | None:
    """The hard limit, or the soft one of v2, above which every allocation is slowed down."""
    names = ("memory.max", "memory.high") if group.version == 2 else ("memory.limit_in_bytes",)
    found = (host.poll_if_present(f"{level}/{name}") for name in names)
    return min((int(text) for text in found if text and text.strip() != b"max"), default=None)


def _events(host: Host, group: Group) -> dict[bytes, int]:
    """Counters of our own group; v1 has `oom_kill` alone."""
    name = "memory.events" if group.version == 2 else "memory.oom_control"
    return _table(host.poll_if_present(f"{group.levels[0]}/{name}") or b"")


def _unreclaimable(host: Host, group: Group, level: str) -> int:
    """Used memory less the idle page cache, which the kernel gives back when it is needed."""
    usage = "memory.current" if group.version == 2 else "memory.usage_in_bytes"
    idle = b"inactive_file" if group.version == 2 else b"total_inactive_file"
    used = int(host.poll_if_present(f"{level}/{usage}") or 0)
    stat = _table(host.read_if_present(f"{level}/memory.stat") or b"")
    return max(0, used - stat.get(idle, 0))


def _table(text: bytes) -> dict[bytes, int]:
    """Lines of a name and a number."""
    return {fields[0]: int(fields[1]) for line in text.splitlines() if (fields := line.split())}
