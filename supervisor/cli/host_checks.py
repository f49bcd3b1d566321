"""Checks of the machine for `supervisor doctor`: one function a subject, one or more findings each.

Nothing here changes anything, and nothing fails: what cannot be read is a finding, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec

from supervisor.broker.sockets.connections import FEW, RESERVED_FILES, files_for
from supervisor.core.machine import Machine
from supervisor.host.governor import read_governors
from supervisor.host.limits import Limits
from supervisor.host.memory import Memory
from supervisor.host.monitor import CPUUtilizationMonitor
from supervisor.host.roots import Host
from supervisor.host.throttling import Throttling
from supervisor.wording import counted

Level = Literal["ok", "note", "warning", "problem"]

_WORKER_MB = 100
"""Memory that a worker takes for itself at most, with the engines of the base install."""

_FILES_PER_WORKER = 6
_OWN_FILES = 100
_BUSY_PERCENT = 20.0
_HOT_C = 85.0
_UNLIMITED = "unlimited"
_OPEN_FILES = "Max open files"


class Finding(msgspec.Struct, frozen=True):
    """Result of a check. `advice`: what to do about it, None where nothing has to be done.

    note: good to know. warning: it works, but not as well as it could. problem: it does
    not work, or not for long.
    """

    check: str
    level: Level
    found: str
    advice: str | None = None


class Clients(NamedTuple):
    """Connections that the settings allow on each socket, and the number of sockets."""

    connections: int = 1000
    sockets: int = 1


def check_host(
    host: Host,
    clients: Clients = Clients(),  # noqa: B008 (an immutable value)
) -> list[Finding]:
    """All findings about a machine. The limits are those of the host's process: a supervisor that
    runs, or ourselves for one that is to be started.
    """
    monitor = CPUUtilizationMonitor(host)
    try:
        sample = monitor.sample(0.0, {})
        findings = [
            *_cpus(sample.limits, "this process" if host.pid is None else "the supervisor"),
            *_throttling(sample.throttling),
            *_temperature(sample.temperature),
            *_governors(host, monitor.machine),
            *_files(host, len(sample.limits.cpus), clients),
            *_memory(sample.memory, sample.limits.count),
        ]
        if sample.pressure is not None and sample.pressure.some > _BUSY_PERCENT:
            findings.append(
                Finding(
                    "pressure",
                    "warning",
                    f"others keep the cores busy: tasks waited for a CPU in "
                    f"{sample.pressure.some:.0f} % of the last 10 s",
                    "give the service cores of its own (cpuset), or set max_cores lower",
                )
            )
        findings += [
            Finding("monitor", "warning", str(error), "the pool goes on without this reading")
            for error in sample.errors
        ]
        return findings
    finally:
        monitor.close()


def _cpus(limits: Limits, who: str) -> Iterator[Finding]:
    """cgroup quota, cpuset and affinity, and what they leave."""
    usable, online = limits.count, len(limits.online)
    found = f"{usable} of {counted(online, 'core')} usable (decided by {limits.won})"
    if usable == 1:
        yield Finding(
            "cpu",
            "warning",
            found,
            "the pool cannot grow with one core; raise what limits it, if there is more",
        )
    else:
        yield Finding("cpu", "ok" if usable == online else "note", found)
    if limits.quota is not None and limits.quota < len(limits.cpus):
        whole = limits.quota == int(limits.quota)
        cores = "core" if limits.quota == 1 else "cores"
        yield Finding(
            "cgroup",
            "note" if whole and limits.quota >= 1 else "warning",
            f"CPU quota of {limits.quota:g} {cores} in {limits.quota_directory}",
            None
            if whole and limits.quota >= 1
            else "use a whole number of cores (CPUQuota=200%): the fraction cannot hold a worker",
        )
    if len(limits.affinity) < online:
        yield Finding(
            "affinity",
            "note",
            f"{who} may run on {len(limits.affinity)} of {counted(online, 'core')}",
            "start the supervisor without taskset if it is to use them all",
        )


def _throttling(throttling: Throttling) -> Iterator[Finding]:
    if throttling.cgroup_periods:
        yield Finding(
            "throttling",
            "warning",
            f"the cgroup quota stopped this group in {throttling.cgroup_periods} periods, "
            f"{throttling.cgroup_seconds or 0:.1f} s in all",
            "raise the quota, or lower max_cores below it",
        )
    elif throttling.cgroup_periods is not None:
        yield Finding("throttling", "ok", "the cgroup quota has never stopped this group")
    if throttling.thermal_events:
        yield Finding(
            "throttling",
            "note",
            "the processor slowed down for heat "
            f"{counted(throttling.thermal_events, 'time')} since boot",
            "look at cooling if the number grows under load; thermal_protection acts on it",
        )


def _temperature(temperature: float | None) -> Iterator[Finding]:
    if temperature is None:
        yield Finding("temperature", "note", "unknown: there is no sensor to read")
    elif temperature >= _HOT_C:
        yield Finding(
            "temperature",
            "warning",
            f"{temperature:.0f} °C",
            "the pool is held smaller until 80 °C",
        )
    else:
        yield Finding("temperature", "ok", f"{temperature:.0f} °C")


def _governors(host: Host, machine: Machine) -> Iterator[Finding]:
    try:
        governors = read_governors(host, machine)
    except (OSError, ValueError) as error:
        yield Finding("governor", "note", f"unknown: {error}")
        return
    if not governors:
        yield Finding("governor", "note", "unknown: frequencies are not ours to see here")
    for name, cpus in governors.items():
        slow = name == "powersave"
        yield Finding(
            "governor",
            "warning" if slow else "ok",
            f"{name} on {counted(len(cpus), 'core')}",
            "speech comes sooner with: cpupower frequency-set -g performance" if slow else None,
        )


def _files(host: Host, cpus: int, clients: Clients) -> Iterator[Finding]:
    """RLIMIT_NOFILE and the limits on memory, of this process or of the supervisor that runs."""
    try:
        text = host.read(f"{host.process}/limits").decode()
        soft, hard = _resource_limits(text, "Soft", "Hard"), _resource_limits(text, "Hard", "Units")
    except (OSError, ValueError) as error:
        yield Finding("limits", "note", f"unknown: {error}")
        return
    # The supervisor raises its own soft limit when it starts, as far as it may.
    judged = hard if host.pid is None else soft
    yield _open_files(judged.get(_OPEN_FILES, _UNLIMITED), cpus, clients)
    for name in ("Max address space", "Max data size", "Max resident set"):
        size = soft.get(name, _UNLIMITED)
        if size != _UNLIMITED:
            yield Finding(
                "limits",
                "warning",
                f"{name.lower()} {int(size) / 1e6:.0f} MB",
                "models are mapped many times over; limit the service by its cgroup (MemoryMax=)",
            )


def _open_files(allowed: str, cpus: int, clients: Clients) -> Finding:
    """Check the limit as `supervisor start` does, and against the need of a full pool."""
    own = max(RESERVED_FILES, _OWN_FILES + _FILES_PER_WORKER * cpus) - RESERVED_FILES
    if allowed == _UNLIMITED or int(allowed) >= files_for(*clients) + own:
        return Finding("limits", "ok", f"{allowed} open files")
    room = (int(allowed) - own - files_for(0, clients.sockets)) // clients.sockets
    wanted = max(files_for(*clients) + own, 65_536)
    advice = f"set LimitNOFILE={wanted} in the unit, or `ulimit -n {wanted}` before the start"
    if room < 1:
        least = files_for(FEW, clients.sockets) + own
        found = f"{allowed} open files: no room for clients; a full pool and some need {least}"
        return Finding("limits", "problem", found, advice)
    found = f"{allowed} open files: room for {counted(room, 'connection')} of {clients.connections}"
    return Finding("limits", "warning", found, advice)


def _resource_limits(text: str, column: str, following: str) -> dict[str, str]:
    """Limits of a column by name, from /proc/PID/limits: columns of fixed width."""
    header, *lines = text.splitlines()
    name, start, end = header.index("Soft"), header.index(column), header.index(following)
    return {line[:name].strip(): line[start:end].strip() for line in lines}


def _memory(memory: Memory | None, cores: int) -> Iterator[Finding]:
    if memory is None:
        yield Finding("memory", "note", "unknown")
        return
    workers = int(memory.available // (_WORKER_MB * 1_000_000))
    limit = "" if memory.limit is None else f", cgroup limit {memory.limit / 1e9:.1f} GB"
    found = f"{memory.available / 1e9:.1f} GB available{limit}"
    if workers < 1:
        yield Finding("memory", "problem", found, "free some: a worker needs about 100 MB")
    elif workers < cores:
        yield Finding(
            "memory",
            "warning",
            f"{found}: enough for about {counted(workers, 'worker')} on {counted(cores, 'core')}",
            "give it more memory, or set max_cores to that number",
        )
    else:
        yield Finding("memory", "ok", found)
