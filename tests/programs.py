"""Programs that a shell in a test finds by their names, and command lines of ours."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import typer

from supervisor.cli import app


def install(directory: Path, name: str, script: str) -> None:
    """A program of these lines of sh in `directory`, which is made if it is not there."""
    directory.mkdir(exist_ok=True)
    program = directory / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def install_supervisor(directory: Path) -> None:
    """`supervisor`, as this interpreter runs it."""
    install(directory, "supervisor", f'exec {shlex.quote(sys.executable)} -m supervisor "$@"')


def parse(*words: str) -> None:
    """Parse a command line of `supervisor` without running it. Raises what typer does."""
    group: Any = typer.main.get_command(app)
    arguments = list(words)
    context = group.make_context("supervisor", list(arguments))
    while hasattr(group, "commands"):
        name, group, arguments = group.resolve_command(context, arguments)
        context = group.make_context(name, list(arguments), parent=context)
