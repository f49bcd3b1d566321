"""Memory of the host and of its cgroups: total, limit, still available."""

from __future__ import annotations

import msgspec
import psutil

from supervisor.host.cgroups import Group, Groups
from supervisor.host.procfs import psutil_of
from supervisor.host.roots import Host


class Memory(msgspec.Struct, frozen=True):
    """Memory in bytes. `available` is the smaller of what the host and the cgroups have left.

    `limit` is the smallest cgroup limit up the tree; None if it does not bind.
    """

    total: int
    available: int
    limit: int | None


def read_memory(host: Host, groups: Groups) -> Memory:
    """Read the host's and the cgroups' memory. Raises OSError, LookupError or ValueError."""
    with psutil_of(host):
        machine = psutil.virtual_memory()
    total, available = machine.total, machine.available
    limit: int | None = None
    for group in groups.memory:
        for level in group.levels:
            bound = _limit(host, group, level)
            # v1 writes "no limit" as a number near 2^63; a limit above the machine is none.
            if bound is not None and bound < total:
                limit = bound if limit is None else min(limit, bound)
                available = min(available, bound - _unreclaimable(host, group, level))
    return Memory(total=total, available=max(0, available), limit=limit)


def _limit(host: Host, group: Group, level: str) -> int | None:
    name = "memory.max" if group.version == 2 else "memory.limit_in_bytes"
    text = host.poll_if_present(f"{level}/{name}")
    return None if text is None or text.strip() == b"max" else int(text)


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
