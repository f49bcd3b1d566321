"""What several commands share: options of the settings, ending with an error, times in words."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="Settings file; default: config.json, where there is one."),
]
OverrideFile = Annotated[
    Path | None,
    typer.Option("--override", help="Merged over it; default: override.json beside it."),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="One setting, over everything else."),
]


def fail(code: int, message: str) -> NoReturn:
    """Print one line on stderr and exit: 2 usage or configuration, 3 no supervisor reachable,
    4 refused or busy, 5 job failed.
    """
    typer.echo(f"supervisor: {message}", err=True)
    raise typer.Exit(code)


def local_time(at: float) -> str:
    """A time (Unix seconds) by this machine's clock."""
    return f"{datetime.fromtimestamp(at).astimezone():%a %Y-%m-%d %H:%M %Z}"
