"""Check of the neighbours for `supervisor doctor`: other supervisors on the same CPUs, and whether
they share them with us.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from supervisor.cli.host_checks import Finding
from supervisor.host.cpulist import parse_cpulist
from supervisor.host.monitor import CPUUtilizationMonitor
from supervisor.host.roots import Host
from supervisor.pool.claims import Claims
from supervisor.pool.leases import lease_directory
from supervisor.wording import counted

_ADVICE = (
    "give both the same SUPERVISOR_LEASE_DIR (containers: mount the host's directory of leases, "
    "docs/OPERATIONS.md), or CPUs of their own"
)
_CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv")


def check_shares(host: Host, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Supervisors that may use our CPUs but make no claim where ours does: the process of `host`,
    or one that is to be started with `environ`.

    Those in containers show in the host's list of processes, and no others do in a container's.
    """
    monitor = CPUUtilizationMonitor(host)
    limits = monitor.limits
    monitor.close()
    directory = Path(host.at(str(lease_directory(_environ(host) or environ))))
    sharing, apart = set[int](), set[int]()
    claimed = _claimed(directory)
    for pid in map(int, filter(str.isdecimal, host.list(host.proc))):
        cpus, inside = _supervisor(host, pid)
        if pid != host.pid and not cpus.isdisjoint(limits.cpus):
            (sharing if inside in claimed else apart).add(pid)
    if apart:
        found = f"{_named(apart)} may use our cores, without a claim in {directory}"
        yield Finding("neighbours", "warning", found, _ADVICE)
    if sharing:
        found = f"the cores are shared by weight with {_named(sharing)}"
        yield Finding("neighbours", "ok", found)
    contained = any(Path(host.at(path)).exists() for path in _CONTAINER_FILES)
    if contained and len(limits.affinity) == len(limits.online) and not directory.is_mount():
        found = "supervisors outside this container may use its cores and are not seen"
        yield Finding("neighbours", "note", found, _ADVICE)


def _environ(host: Host) -> dict[str, str]:
    """The environment of the process of `host`; empty where there is none, or not for us."""
    if host.pid is None:
        return {}
    try:
        words = host.read(f"{host.process}/environ").decode(errors="surrogateescape").split("\0")
    except OSError:
        return {}
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def _claimed(directory: Path) -> set[int]:
    """Pids of the claims there, as those who made them know themselves."""
    claims = Claims(directory)
    if directory.is_dir():
        claims.look(0.0)
    return {claim.pid for claim in claims.others}


def _supervisor(host: Host, pid: int) -> tuple[frozenset[int], int]:
    """CPUs that it may use, none where this is no supervisor, and its pid in its own namespace."""
    try:
        words = host.read(f"{host.proc}/{pid}/cmdline").decode(errors="replace").split("\0")[:5]
        if "start" not in words or "supervisor" not in {Path(word).name for word in words}:
            return frozenset(), pid
        lines = host.read(f"{host.proc}/{pid}/status").decode(errors="replace").splitlines()
        fields = {name: value.split() for name, _, value in (at.partition(":") for at in lines)}
        cpus = parse_cpulist(fields["Cpus_allowed_list"][0].encode())
        return frozenset(cpus), int(fields.get("NSpid", [str(pid)])[-1])
    except (OSError, ValueError, LookupError):
        return frozenset(), pid


def _named(pids: set[int]) -> str:
    listed = ", ".join(map(str, sorted(pids)))
    return f"{counted(len(pids), 'other supervisor')} (pid {listed})"
