"""`supervisor doctor`: problems of this machine and installation, each with what to do about it."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from supervisor.cli.common import Assignments, ConfigFile, OverrideFile
from supervisor.wording import counted

if TYPE_CHECKING:
    from supervisor.cli.host_checks import Finding, Level
    from supervisor.config.loading import Loaded
    from supervisor.wire.status import JournalStatus

_STATUS_S = 3.0

_SIGNS: dict[Level, tuple[str, str]] = {
    "ok": ("ok", "green"),
    "note": ("note", "cyan"),
    "warning": ("warning", "yellow"),
    "problem": ("problem", "bold red"),
}


def doctor(
    config: ConfigFile = None,
    override: OverrideFile = None,
    set_: Assignments = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look at cores, limits, memory, directories, settings and models; exit code 2 for a problem.

    It changes nothing, and needs no running supervisor; where one runs, its limits count.
    """
    from supervisor import config as configuration

    settings: Loaded | str
    try:
        given = configuration.assignments(set_ or [])
        settings = configuration.load(config, override, os.environ, given)
    except configuration.ConfigError as error:
        settings = str(error)
    report(examine(settings), as_json=as_json)


def report(findings: list[Finding], *, as_json: bool) -> NoReturn:
    """Print findings, and end the command: with exit code 2 where one is a problem."""
    import msgspec

    healthy = not any(finding.level == "problem" for finding in findings)
    if as_json:
        document = {"ok": healthy, "findings": msgspec.to_builtins(findings)}
        typer.echo(json.dumps(document, indent=2))
    else:
        _print(findings)
    raise typer.Exit(0 if healthy else 2)


def examine(settings: Loaded | str) -> list[Finding]:
    """All findings; `settings` is a line that says what is wrong with them, where they are."""
    from supervisor.broker.sockets.endpoints import sockets_of
    from supervisor.cli.host_checks import Clients, Finding, check_host
    from supervisor.cli.journal_checks import check_journal
    from supervisor.cli.place_checks import (
        check_fleet,
        check_host_profile,
        check_models,
        check_run_directory,
        check_state_directory,
        check_tcp,
        check_versions,
        check_wyoming,
    )
    from supervisor.cli.share_checks import check_shares
    from supervisor.host.roots import Host
    from supervisor.service.settings import make_setup

    running = _running()
    clients = Clients()
    if not isinstance(settings, str):
        broker = settings.settings.broker
        clients = Clients(broker.max_connections, sockets_of(broker))
    findings = [
        *check_host(Host(pid=running), clients),
        *check_shares(Host(pid=running), os.environ),
        *check_run_directory(os.environ, running),
        *check_state_directory(os.environ),
        *check_journal(os.environ, None if running is None else _journal_of_running()),
        *check_versions(),
    ]
    if isinstance(settings, str):
        advice = "mend it; supervisor config check FILE tells when a file is right"
        return [*findings, Finding("settings", "problem", settings, advice)]
    findings.append(Finding("settings", "ok", "valid"))
    findings += [
        Finding("settings", "warning", warning, "use the new name") for warning in settings.warnings
    ]
    engine_settings = make_setup(settings.settings).settings
    return [
        *findings,
        *check_tcp(settings.settings),
        *check_wyoming(settings.settings),
        *check_fleet(settings.settings),
        *check_host_profile(os.environ, settings.settings, engine_settings, time.time()),
        *check_models(settings.settings, engine_settings),
    ]


def _running() -> int | None:
    """Pid of the supervisor of this run directory, if one runs and is this user's."""
    from supervisor.client.discovery import read_supervisor_file
    from supervisor.client.errors import SupervisorError
    from supervisor.client.lock_holder import open_holder
    from supervisor.config.paths import run_directory

    directory = run_directory(os.environ)
    try:
        found = read_supervisor_file(directory)
        pidfd = None if found is None else open_holder(found.pid, directory / "lock")
    except (SupervisorError, OSError):
        return None
    if found is None or pidfd is None:
        return None
    os.close(pidfd)
    return found.pid


def _journal_of_running() -> JournalStatus | None:
    """Journal in the running supervisor's status; None if it does not answer, or not readably."""
    from supervisor.client import Client
    from supervisor.client.errors import SupervisorError
    from supervisor.wire.status import UnreadableStatusError, read

    try:
        with Client() as client:
            return read(client.status(timeout=_STATUS_S)).journal
    except (SupervisorError, UnreadableStatusError):
        return None


def _print(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        sign, style = _SIGNS[finding.level]
        line = Text.assemble((f"{sign:8}", style), f"  {finding.check:{width}}  {finding.found}")
        if finding.advice is not None:
            line.append(f"\n{'':{width + 12}}→ {finding.advice}", "dim")
        console.print(line, soft_wrap=True)
    levels: list[str] = [finding.level for finding in findings]
    typer.echo(", ".join(counted(levels.count(level), level) for level in ("problem", "warning")))
