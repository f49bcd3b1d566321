"""What `supervisor doctor` finds on machines of the catalogue, and in directories."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.cli.host_checks import Finding, check_host
from supervisor.cli.place_checks import check_models, check_run_directory, check_state_directory
from supervisor.config import Settings
from supervisor.host.roots import Host
from tests.fixtures.hosts import materialise

_LIMITS = """Limit                     Soft Limit           Hard Limit           Units
Max data size             {data:<20} unlimited            bytes
Max open files            {files:<20} 524288               files
Max address space         unlimited            unlimited            bytes
"""


def findings(
    name: str, tmp_path: Path, *, files: str = "65536", data: str = "unlimited"
) -> dict[str, list[Finding]]:
    """By check, on one host of the catalogue."""
    tree = materialise(name, tmp_path)
    tree.write("proc/self/limits", _LIMITS.format(files=files, data=data))
    found: dict[str, list[Finding]] = {}
    for finding in check_host(tree.host):
        found.setdefault(finding.check, []).append(finding)
    return found


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
    ("files", "level"),
    [("64", "problem"), ("1024", "warning"), ("65536", "ok"), ("unlimited", "ok")],
)
def test_open_files_are_compared_with_what_a_full_pool_needs(
    tmp_path: Path, files: str, level: str
) -> None:
    """Too few for the workers is a problem, too few for many clients a warning."""
    (limit,) = findings("vm-2", tmp_path, files=files)["limits"]
    assert limit.level == level
    assert (limit.advice is None) == (level == "ok")


def test_a_limit_on_memory_per_process_is_a_warning(tmp_path: Path) -> None:
    """The cgroup is where memory is limited."""
    limits = findings("vm-2", tmp_path, data="1000000000")["limits"]
    assert [f.level for f in limits] == ["ok", "warning"]
    assert "MemoryMax" in (limits[1].advice or "")


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


def test_models_of_the_engines_in_use_are_looked_for() -> None:
    """The default engine's model is in the base install; an engine nobody knows is a note."""
    settings = Settings.model_validate({"engines": {"preload": ["hibari", "noop"]}})
    found = {f.found.split()[0].rstrip(":"): f.level for f in check_models(settings, {})}
    assert found == {"hibari": "ok", "noop": "note"}
