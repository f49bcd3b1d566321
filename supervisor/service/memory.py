"""The memory of the service: what there is for the allocation to know, and what follows from it.

The states are `core.allocation.memory_states`' own. Measuring is left to `host.monitor`, what
workers take to `service.load`, and what others claim to `pool.memory_claims`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from supervisor.config import Settings
from supervisor.config.errors import ConfigError
from supervisor.core.allocation import events as e
from supervisor.core.allocation.memory_states import MemoryPolicy, MemorySeen, reserve_bytes
from supervisor.host.cgroups import GroupFinder
from supervisor.host.memory import Memory, read_memory
from supervisor.host.oom import read_score, set_score
from supervisor.host.roots import Host
from supervisor.host.sample import Sample
from supervisor.logs import get_logger
from supervisor.pool.memory_claims import MemoryClaims
from supervisor.service.load import Load
from supervisor.wire.status import MemoryEvent

MB = 1_000_000

GUESSED_BYTES = 100 * MB
"""What a worker is taken to need, for the time after its start, before one was seen."""

log = get_logger(__name__)

_WORDS = {
    "free": "there is room again",
    "tight": "no worker is added",
    "short": "workers trim their heaps, and idle ones go",
    "critical": "one worker stays, and only short texts are taken",
}


def memory_policy(settings: Settings) -> MemoryPolicy:
    """The policy of the core, out of the settings."""
    section = settings.performance.memory
    reserve = section.reserve_mb
    return MemoryPolicy(
        reserve=int(reserve * MB) if isinstance(reserve, int | float) else reserve,
        pressure_percent=section.pressure_percent,
        give_back=section.give_back,
    )


def check_reserve(settings: Settings, host: Host | None = None) -> None:
    """Raise ConfigError for a reserve that leaves no memory at all."""
    reserve = settings.performance.memory.reserve_mb
    if not isinstance(reserve, int | float):
        return
    host = host or Host()
    try:
        memory = read_memory(host, GroupFinder(host).current())
    except (OSError, LookupError, ValueError):
        return  # Not known: the monitor says so.
    finally:
        host.close()
    total = _total(memory)
    if reserve * MB >= total:
        of = "the machine's memory" if memory.limit is None else "the limit of its cgroup"
        raise ConfigError(
            f"performance.memory.reserve_mb must be below {of}, {total // MB} MB, but is "
            f"{reserve:.10g}",
            ("performance", "memory", "reserve_mb"),
        )


def _total(memory: Memory) -> int:
    return memory.total if memory.limit is None else memory.limit


class MemoryKeeper:
    """Sees memory for the allocation. `on_critical` is told whenever that state begins or ends,
    `trim` has the workers trim their heaps.
    """

    def __init__(
        self,
        settings: Settings,
        claims: MemoryClaims,
        on_critical: Callable[[bool], None],
        trim: Callable[[], None],
    ) -> None:
        self.policy = memory_policy(settings)
        self.claims = claims
        self.last_event: MemoryEvent | None = None
        self.seen: MemorySeen | None = None
        """As of the last sample."""
        self.claimed_by_others = 0
        self.pressure: float | None = None
        self._memory: Memory | None = None
        """As of the last sample, or of the start."""
        self._on_critical = on_critical
        self._trim = trim
        self.effects: Mapping[type, Callable[[Any], None]] = {
            e.MemoryChanged: self._changed,
            e.TrimWorkers: lambda _command: self._trim(),
        }

    def begin(self, memory: Memory | None) -> None:
        """Take what there is before the first sample, for the workers that start until then."""
        self._memory = memory

    @property
    def reserve(self) -> int:
        """Bytes that are left free; 0 while nothing is known."""
        return 0 if self._memory is None else reserve_bytes(self.policy, _total(self._memory))

    def look(self, sample: Sample, load: Load) -> MemorySeen | None:
        """What a sample says of memory; None where it cannot be read."""
        memory = self._memory = sample.memory
        self.pressure = sample.memory_pressure
        if memory is None:
            self.seen = None
            return None
        self.claimed_by_others = self.claims.others() if load.demand else 0
        self.seen = MemorySeen(
            total=_total(memory),
            available=memory.available,
            worker_bytes=load.worker_bytes,
            pressure=sample.memory_pressure,
            high=memory.high,
            oom=memory.oom,
            widths=tuple(map(len, load.leases.values())),
            idle=len(load.leases.keys() - load.busy),
        )
        return self.seen

    def cap(self, load: Load, width: int) -> int | None:
        """Cores whose workers fit: those held now, and those of the workers that have room yet.

        A worker takes memory, a core does not; what is held is paid for already. `width`: cores
        that one more worker brings with it.
        """
        # Those of workers that start count, too; and so do those of workers on their way out.
        seen, held = self.seen, max(len(load.held), sum(map(len, load.leases.values())))
        if seen is None:
            return None
        claimed = self.claims.own + self.claimed_by_others
        spare = seen.available - claimed - self.reserve
        if load.worker_bytes <= 0:
            return held if spare < 0 else None
        return held + width * max(0, spare // load.worker_bytes)

    def claim(self, size: int, *, first: bool = False) -> str | None:
        """Claim memory for a worker that starts now; or why it cannot, in one line.

        `size`: what it will take; 0 where that is not known. The first worker may in any case.
        """
        size = size or GUESSED_BYTES
        self.claims.claim(size)  # Before it is read what others claim: one of two sees the other.
        memory = self._memory
        if first or memory is None or self.policy.reserve is None:
            return None
        left = memory.available - self.claims.own - self.claims.others()
        if left >= self.reserve:
            return None
        self.claims.claim(-size)
        return f"there is no memory for it beside the reserve of {self.reserve // MB} MB"

    def _changed(self, command: e.MemoryChanged) -> None:
        left = command.available // MB
        why = {
            "available": f"{left} MB available",
            "pressure": f"tasks waited for memory {self.pressure or 0:.0f} % of the time",
            "limit_met": "the limit of its cgroup was met",
        }[command.cause]
        better = command.after == "free"
        say = log.info if better or command.after == "tight" else log.warning
        say(
            "memory: %s → %s (%s, reserve %d MB): %s",
            command.before,
            command.after,
            why,
            self.reserve // MB,
            _WORDS[command.after],
        )
        self.last_event = MemoryEvent(
            at=time.time(),
            before=command.before,
            after=command.after,
            cause=command.cause,
            available_bytes=command.available,
        )
        if "critical" in {command.before, command.after}:
            self._on_critical(command.after == "critical")


class OomScores:
    """The out-of-memory scores of our processes."""

    def __init__(self, settings: Settings) -> None:
        self._section = settings.performance.memory.oom_score_adj
        self._inherited = read_score()

    def configure(self, settings: Settings) -> None:
        """Take new settings: they hold for processes that are told from now on."""
        self._section = settings.performance.memory.oom_score_adj

    def worker(self, pid: int) -> None:
        """Score a worker process."""
        set_score(pid, self._section.worker, self._inherited)

    def template(self, pid: int) -> None:
        """Score the template."""
        set_score(pid, self._section.template, self._inherited)

    def gateway(self, pid: int) -> None:
        """Score the gateway."""
        set_score(pid, self._section.gateway, self._inherited)
