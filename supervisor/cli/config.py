"""`supervisor config show | check | profiles | reload`: see, check and apply the settings."""

from __future__ import annotations

import json
import os
import signal
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from supervisor.cli.common import Assignments, ConfigFile, OverrideFile, fail, local_time
from supervisor.cli.supervisor_process import running_supervisor

app = typer.Typer(help="See, check and apply the settings.", no_args_is_help=True)

_WIDEST = 100
"""Characters up to which a setting makes the column of origins begin further right."""

_MOST_SPANS = 40
"""Lines that fit on a screen."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command(short_help="Print the settings that hold here.")
def show(
    config: ConfigFile = None,
    override: OverrideFile = None,
    set_: Assignments = None,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value is from.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print every setting that `supervisor start` would use here with the same options."""
    from supervisor import config as configuration

    try:
        given = configuration.assignments(set_ or [])
        loaded = configuration.load(config, override, os.environ, given)
    except configuration.ConfigError as error:
        fail(2, str(error))
    for warning in loaded.warnings:
        typer.echo(f"supervisor: {warning}", err=True)
    values = configuration.flat(loaded.settings)
    if as_json and origin:
        report = {key: {"value": values[key], "origin": loaded.origins[key]} for key in values}
        typer.echo(json.dumps(report, indent=2))
    elif as_json:
        typer.echo(json.dumps(loaded.settings.model_dump(), indent=2))
    else:
        lines = {key: f"{key} = {json.dumps(value)}" for key, value in values.items()}
        width = max(len(line) for line in lines.values() if len(line) <= _WIDEST) if origin else 0
        for key, line in lines.items():
            typer.echo(f"{line:{width}}  {loaded.origins[key]}" if origin else line)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A config.json, an override.json, or a part.")],
    as_json: AsJson = False,
) -> None:
    """Check one file alone; exit code 2 and one line where it is wrong."""
    from supervisor import config as configuration

    try:
        warnings = configuration.check(file)
    except configuration.ConfigError as error:
        if as_json:
            typer.echo(json.dumps({"file": str(file), "ok": False, "error": str(error)}))
            raise typer.Exit(2) from None
        fail(2, str(error))
    if as_json:
        typer.echo(json.dumps({"file": str(file), "ok": True, "warnings": warnings}))
        return
    for warning in warnings:
        typer.echo(f"supervisor: {warning}", err=True)
    typer.echo(f"{file}: ok")


@app.command(short_help="Say which time profiles hold now, and in the coming days.")
def profiles(
    config: ConfigFile = None,
    override: OverrideFile = None,
    set_: Assignments = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="Days to look ahead.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Say which time profiles would hold here now, and when each begins and ends in the coming
    days, by this machine's clock.
    """
    from supervisor import config as configuration
    from supervisor.config.windows import DAY_S

    try:
        given = configuration.assignments(set_ or [])
        loaded = configuration.load(config, override, os.environ, given)
    except configuration.ConfigError as error:
        fail(2, str(error))
    now = time.time()
    until = now + days * DAY_S
    coming = sorted(
        (begin, profile.name, end)
        for profile in loaded.profiles
        for begin, end in profile.window.spans(now, until)
    )
    if as_json:
        report = {
            "profiles": [profile.name for profile in loaded.profiles],
            "active": loaded.active,
            "coming": [{"name": name, "from": _iso(a), "to": _iso(b)} for a, name, b in coming],
        }
        typer.echo(json.dumps(report, indent=2))
        return
    if not loaded.profiles:
        typer.echo("there are no profiles: see docs/CONFIGURATION.md, Time profiles")
        return
    typer.echo(f"now: {', '.join(loaded.active) or 'none'}")
    width = max(len(profile.name) for profile in loaded.profiles)
    for begin, name, end in coming[:_MOST_SPANS]:
        since = "now" if begin == now else local_time(begin)
        typer.echo(
            f"{name:{width}}  {since:24}  to  {'later' if end == until else local_time(end)}"
        )
    if len(coming) > _MOST_SPANS:
        typer.echo(f"and {len(coming) - _MOST_SPANS} more; --json lists them all")


@app.command("reload", short_help="Have the running supervisor read its settings again.")
def reload() -> None:
    """Have the running supervisor read its settings again; `supervisor status` shows an error."""
    with running_supervisor() as running:
        signal.pidfd_send_signal(running.pidfd, signal.SIGHUP)
    typer.echo(f"supervisor (pid {running.pid}) was asked to read its settings again")


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")
