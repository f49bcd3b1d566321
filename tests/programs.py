"""Programs that a shell in a test finds by their names."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path


def install(directory: Path, name: str, script: str) -> None:
    """A program of these lines of sh in `directory`, which is made if it is not there."""
    directory.mkdir(exist_ok=True)
    program = directory / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def install_supervisor(directory: Path) -> None:
    """`supervisor`, as this interpreter runs it."""
    install(directory, "supervisor", f'exec {shlex.quote(sys.executable)} -m supervisor "$@"')
