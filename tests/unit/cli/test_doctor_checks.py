"""What `supervisor doctor` finds on machines of the catalogue, and in directories."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from supervisor.broker.sockets.keys import Keys, new_pair
from supervisor.cli import place_checks
from supervisor.cli.host_checks import Clients, Finding, check_host
from supervisor.cli.journal_checks import check_journal
from supervisor.cli.place_checks import (
    check_fleet,
    check_models,
    check_run_directory,
    check_state_directory,
    check_tcp,
    check_wyoming,
)
from supervisor.cli.share_checks import check_shares
from supervisor.config import Settings
from supervisor.core.allocation.shares import Claim
from supervisor.host.roots import Host
from supervisor.installing import how_to_install
from supervisor.journal.store import JournalStore
from supervisor.pool.claims import Claims
from supervisor.wire.status import read
from tests.fixtures.hosts import materialise
from tests.fixtures.hosts.files import meminfo
from tests.fixtures.statuses import example

_LIMITS = """Limit                     Soft Limit           Hard Limit           Units
Max data size             {data:<20} unlimited            bytes
Max open files            {soft:<20} {hard:<20} files
Max address space         unlimited            unlimited            bytes
"""


def findings(name: str, tmp_path: Path, **files: str) -> dict[str, list[Finding]]:
    """By check, on one host of the catalogue; further files are given by their path."""
    tree = materialise(name, tmp_path)
    tree.write("proc/self/limits", limits())
    for path, text in files.items():
        tree.write(path, text)
    return by_check(tree.host)


def by_check(host: Host, *, clients: Clients | None = None) -> dict[str, list[Finding]]:
    """What is found there."""
    found: dict[str, list[Finding]] = {}
    for finding in check_host(host, clients or Clients()):
        found.setdefault(finding.check, []).append(finding)
    return found


def limits(soft: str = "65536", hard: str = "524288", data: str = "unlimited") -> str:
    """A file as /proc/PID/limits."""
    return _LIMITS.format(soft=soft, hard=hard, data=data)


def test_a_healthy_server_has_nothing_to_complain_about(tmp_path: Path) -> None:
    """No problem, and all cores usable."""
    found = findings("server-64", tmp_path)
    assert found["cpu"][0].level == "ok"
    assert not [f for group in found.values() for f in group if f.level == "problem"]


def test_a_fractional_quota_is_a_warning_that_says_what_to_do(tmp_path: Path) -> None:
    """One and a half cores hold one worker; the half is lost."""
    found = findings("container-quota-1.5", tmp_path)
    (quota,) = found["cgroup"]
    assert quota.level == "warning"
    assert "1.5 cores" in quota.found
    assert "whole number" in (quota.advice or "")
    assert found["cpu"][0].level == "warning", "one core cannot grow"


def test_a_cpuset_is_named_as_what_decides(tmp_path: Path) -> None:
    """An operator sees where the cores went."""
    (cpu,) = findings("container-cpuset-3", tmp_path)["cpu"]
    assert cpu.level == "note"
    assert cpu.found.startswith("3 of ")
    assert "cpuset" in cpu.found


@pytest.mark.parametrize(
    ("soft", "hard", "level"),
    [
        ("64", "64", "problem"),
        ("1024", "1200", "problem"),
        ("1024", "1400", "warning"),
        ("1024", "524288", "ok"),
        ("1024", "unlimited", "ok"),
        ("unlimited", "unlimited", "ok"),
    ],
)
def test_open_files_are_judged_as_start_judges_them(
    tmp_path: Path, soft: str, hard: str, level: str
) -> None:
    """It raises its own limit as far as the hard one, and refuses where there is no room."""
    tree = materialise("vm-2", tmp_path)
    tree.write("proc/self/limits", limits(soft, hard))
    (limit,) = by_check(tree.host)["limits"]
    assert limit.level == level
    assert (limit.advice is None) == (level == "ok")


def test_each_socket_needs_files_of_its_own(tmp_path: Path) -> None:
    """What is enough for ipc is not for ipc and tcp."""
    tree = materialise("vm-2", tmp_path)
    tree.write("proc/self/limits", limits(hard="2300"))
    assert by_check(tree.host)["limits"][0].level == "ok"
    (limit,) = by_check(tree.host, clients=Clients(1000, 2))["limits"]
    assert "room for 12 connections of 1000" in limit.found


def test_a_supervisor_that_runs_has_raised_its_limit_already(tmp_path: Path) -> None:
    """Its soft limit is the one that it has."""
    tree = materialise("vm-2", tmp_path)
    tree.write("proc/77/limits", limits("1024", "524288"))
    assert by_check(Host(tree.root, 77))["limits"][0].level == "problem"


def test_a_full_pool_of_many_cores_needs_more_files(tmp_path: Path) -> None:
    """A hundred workers hold more descriptors than are set aside for a small pool."""
    small, large = (materialise(name, tmp_path / name) for name in ("vm-2", "server-64"))
    for tree in (small, large):
        tree.write("proc/self/limits", limits(hard="2266"))
    assert by_check(small.host)["limits"][0].level == "ok"
    assert by_check(large.host)["limits"][0].level == "warning"


def test_a_limit_on_memory_per_process_is_a_warning(tmp_path: Path) -> None:
    """The cgroup is where memory is limited."""
    tree = materialise("vm-2", tmp_path)
    tree.write("proc/self/limits", limits(data="1000000000"))
    found = by_check(tree.host)["limits"]
    assert [f.level for f in found] == ["ok", "warning"]
    assert "MemoryMax" in (found[1].advice or "")


def test_a_quota_that_stopped_the_group_is_a_warning(tmp_path: Path) -> None:
    """With how often and how long; one that never did is said to be fine."""

    def throttled(periods: int, micros: int) -> Finding:
        stat = f"nr_periods 100\nnr_throttled {periods}\nthrottled_usec {micros}\n"
        path = tmp_path / str(periods)
        files = {"sys/fs/cgroup/cpu.stat": stat}
        (finding,) = findings("container-quota-1.5", path, **files)["throttling"]
        return finding

    assert throttled(0, 0).level == "ok"
    stopped = throttled(7, 2_500_000)
    assert stopped.level == "warning"
    assert "7 periods, 2.5 s" in stopped.found
    assert "quota" in (stopped.advice or "")


def test_heat_that_slowed_the_processor_down_is_a_note(tmp_path: Path) -> None:
    """The counters run since boot, so they alone are no fault."""
    (heat,) = [f for f in findings("laptop-20", tmp_path)["throttling"] if "heat" in f.found]
    assert heat.level == "note"
    assert "cooling" in (heat.advice or "")


def test_a_governor_that_saves_power_is_a_warning(tmp_path: Path) -> None:
    """One finding for each that is in use, with how many cores it has."""
    (saving,) = findings("laptop-20", tmp_path / "a")["governor"]
    assert saving.level == "warning"
    assert "powersave on 20 cores" in saving.found
    assert "cpupower" in (saving.advice or "")
    one = {"sys/devices/system/cpu/cpu3/cpufreq/scaling_governor": "performance\n"}
    both = findings("laptop-20", tmp_path / "b", **one)["governor"]
    assert {f.found: f.level for f in both} == {
        "powersave on 19 cores": "warning",
        "performance on 1 core": "ok",
    }
    (unknown,) = findings("vm-2", tmp_path / "c")["governor"]
    assert unknown.level == "note"


def test_an_affinity_that_leaves_cores_out_is_a_note(tmp_path: Path) -> None:
    """Somebody started it under taskset, and may not know any more."""
    status = "Name:\tpython\nCpus_allowed_list:\t0-3\n"
    (affinity,) = findings("laptop-20", tmp_path, **{"proc/self/status": status})["affinity"]
    assert affinity.level == "note"
    assert "4 of 20 cores" in affinity.found
    assert "taskset" in (affinity.advice or "")


@pytest.mark.parametrize(
    ("available_mb", "level"), [(50, "problem"), (150, "warning"), (3000, "ok")]
)
def test_memory_is_held_against_the_workers_of_a_full_pool(
    tmp_path: Path, available_mb: int, level: str
) -> None:
    """None fits, one of two fits, all fit."""
    memory = meminfo(4194304, available_mb * 1000)
    (found,) = findings("vm-2", tmp_path, **{"proc/meminfo": memory})["memory"]
    assert found.level == level
    assert (found.advice is None) == (level == "ok")


def test_tcp_is_judged_as_start_judges_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without keys it is a problem in the words of `start`; open to all a warning."""
    monkeypatch.setenv("SUPERVISOR_STATE_DIR", str(tmp_path))

    def tcp(**broker: Any) -> list[Finding]:
        return list(check_tcp(Settings.model_validate({"broker": broker})))

    assert tcp() == []
    keys, address = Keys(tmp_path), "127.0.0.1:8355"
    (nothing,) = tcp(tcp=address)
    assert nothing.level == "problem"
    assert "supervisor keygen" in nothing.found
    keys.make_server()
    assert "supervisor keys allow" in tcp(tcp=address)[0].found
    keys.allow(new_pair().public, "laptop")
    (open_,) = tcp(tcp=address)
    assert (open_.level, open_.found) == ("ok", f"{address}, 1 key is allowed")
    assert tcp(tcp=address, insecure_tcp=True)[0].level == "warning"


def test_wyoming_needs_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is asked for and cannot be served that is a problem, with what to install."""

    def wyoming(**http: Any) -> list[Finding]:
        return list(check_wyoming(Settings.model_validate({"http": http})))

    address = "127.0.0.1:10200"
    assert wyoming() == wyoming(wyoming=address, enabled=False) == []
    (found,) = wyoming(wyoming=address)
    assert (found.level, found.found) == ("ok", address)
    monkeypatch.setattr(place_checks, "find_spec", lambda _name: None)
    (missing,) = wyoming(wyoming=address)
    assert missing.level == "problem"
    assert missing.advice is not None
    assert how_to_install("wyoming") in missing.advice


def test_a_host_that_tells_nothing_yields_findings_and_no_failure(tmp_path: Path) -> None:
    """An empty root: everything unknown, nothing raised."""
    found = check_host(Host(tmp_path))
    assert any(f.check == "limits" and "unknown" in f.found for f in found)
    assert any(f.check == "monitor" for f in found)


def run_directory(path: Path, pid: int | None = None) -> list[Finding]:
    """Findings about a run directory."""
    return list(check_run_directory({"SUPERVISOR_RUN_DIR": str(path)}, pid))


def test_the_run_directory_is_judged_as_start_will_judge_it(tmp_path: Path) -> None:
    """Missing but possible, private, open to others, a file, too long."""
    path = tmp_path / "run"
    assert [f.level for f in run_directory(path)] == ["ok"]
    path.mkdir(mode=0o700)
    assert "free" in run_directory(path)[0].found
    assert "pid 77" in run_directory(path, 77)[0].found
    path.chmod(0o755)
    (finding, *_) = run_directory(path)
    assert finding.level == "problem"
    assert finding.advice == f"run: chmod 700 {path}"
    (tmp_path / "file").touch(mode=0o600)
    assert run_directory(tmp_path / "file")[0].level == "problem"
    assert run_directory(tmp_path / ("x" * 120))[0].level == "problem"


def test_a_state_directory_that_is_not_there_yet_is_no_problem(tmp_path: Path) -> None:
    """It is made when it is needed."""
    environ = {"SUPERVISOR_STATE_DIR": str(tmp_path / "deep" / "state")}
    (finding,) = check_state_directory(environ)
    assert finding.level == "ok"
    (tmp_path / "deep" / "state").mkdir(parents=True)
    assert next(iter(check_state_directory(environ))).level == "ok"


def journal(environ: dict[str, str], said: dict[str, Any] | None = None) -> list[Finding]:
    """What is found of the journal there; `said`: by a supervisor that runs."""
    document = example()
    document["journal"] |= said or {}
    return list(check_journal(environ, None if said is None else read(document).journal))


def test_the_journal_is_looked_at_and_left_as_it_is(tmp_path: Path) -> None:
    """Not there yet, sound, not closed, damaged, a directory, of a later version."""
    path, environ = tmp_path / "journal.sqlite", {"SUPERVISOR_STATE_DIR": str(tmp_path)}
    assert [f.level for f in journal(environ)] == ["ok"]
    JournalStore(path, "normal").close()
    assert [f.level for f in journal(environ)] == ["ok"]
    sound = path.read_bytes()
    log = tmp_path / "journal.sqlite-wal"
    log.write_bytes(b"something")
    assert [f.level for f in journal(environ)] == ["note"]
    log.unlink()
    path.write_bytes(sound[:4096] + bytes(4096) + sound[8192:])
    (finding,) = journal(environ)
    assert finding.level == "warning"
    assert "is damaged" in finding.found
    assert "keeps the damaged file" in str(finding.advice)
    path.write_bytes(b"garbage" * 100)
    assert "is damaged: it is no database" in journal(environ)[0].found
    path.write_bytes(sound[:60] + (99).to_bytes(4, "big") + sound[64:])
    assert journal(environ)[0].level == "problem"
    path.unlink()
    path.mkdir()
    assert [f.level for f in journal(environ)] == ["warning"]
    assert [p.name for p in tmp_path.iterdir()] == ["journal.sqlite"]


def test_what_was_kept_of_the_journal_is_named(tmp_path: Path) -> None:
    """Damaged files, and audio that belongs to no job, until somebody removes them."""
    environ = {"SUPERVISOR_STATE_DIR": str(tmp_path)}
    (tmp_path / "journal.sqlite.damaged-20300101T000000Z").touch()
    (tmp_path / "audio.orphaned" / "a").mkdir(parents=True)
    _journal, damaged, orphans = journal(environ)
    assert (damaged.level, orphans.level) == ("warning", "warning")
    assert "damaged-20300101T000000Z" in damaged.found
    assert "audio of 1 job" in orphans.found


def test_a_supervisor_that_runs_says_itself_how_its_journal_is(tmp_path: Path) -> None:
    """Its files are in use, and only it knows whether it can write them."""
    environ = {"SUPERVISOR_STATE_DIR": str(tmp_path)}
    (finding,) = journal(environ, {"problem": None, "damaged_rows": 0})
    assert finding.level == "ok"
    (finding,) = journal(environ, {"problem": None, "damaged_rows": 3})
    assert finding.level == "warning"
    assert "3 jobs" in finding.found
    (finding,) = journal(environ, {"problem": "disk full", "damaged_rows": 0})
    assert finding.level == "problem"
    assert "disk full" in finding.found


def test_models_of_the_engines_in_use_are_looked_for() -> None:
    """The default engine's model is in the base install; an engine nobody knows is a note."""
    settings = Settings.model_validate({"engines": {"preload": ["hibari", "noop"]}})
    found = {f.found.split()[0].rstrip(":"): f.level for f in check_models(settings, {})}
    assert found == {"hibari": "ok", "noop": "note"}


def test_neighbours_that_share_no_leases_are_named(tmp_path: Path) -> None:
    """A supervisor on the same CPUs that makes no claim where ours looks: it may be in a container,
    with another pid there. Who claims is named, who has CPUs of his own is not.
    """
    tree = materialise("laptop-20", tmp_path / "host")
    leases = tmp_path / "host" / "leases"
    for pid, inside, cpus in ((11, 1, "0-19"), (12, 7, "0-3"), (13, 13, "20-23"), (14, 14, "0")):
        program = "sleep" if pid == 14 else "/usr/bin/python3\0-m\0supervisor"
        tree.write(f"proc/{pid}/cmdline", f"{program}\0start\0--set\0pool.weight=1\0")
        tree.write(f"proc/{pid}/status", f"NSpid:\t{pid}\t{inside}\nCpus_allowed_list:\t{cpus}\n")
    with closing(Claims(leases)) as claims:
        claims.publish(Claim(pid=1, since=1.0, weight=1.0, wanted=1), 1.0)
        apart, sharing = check_shares(tree.host, {"SUPERVISOR_LEASE_DIR": "/leases"})
    assert (apart.level, sharing.level) == ("warning", "ok")
    assert "(pid 12)" in apart.found
    assert "(pid 11)" in sharing.found
    assert apart.advice is not None


def test_a_container_with_leases_of_its_own_does_not_see_its_neighbours(tmp_path: Path) -> None:
    """So much can be said from inside."""
    tree = materialise("laptop-20", tmp_path)
    assert not list(check_shares(tree.host, {}))
    tree.write(".dockerenv", "")
    (finding,) = check_shares(tree.host, {})
    assert finding.level == "note"
    assert "not seen" in finding.found


def test_a_fleet_that_cannot_be_joined_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without servers nothing is said; with them, where to look further."""

    def found(servers: list[str]) -> list[Finding]:
        return list(check_fleet(Settings.model_validate({"fleet": {"servers": servers}})))

    assert not found([])
    (note,) = found(["nats://10.0.0.1"])
    assert (note.level, note.advice) == ("note", "supervisor fleet doctor looks at them")
    monkeypatch.setattr(place_checks, "find_spec", lambda _name: None)
    (problem,) = found(["nats://10.0.0.1"])
    assert (problem.level, "fleet" in (problem.advice or "")) == ("problem", True)
