"""Directories on this machine, for run-time files, state and caches, from the environment.

This module only names them. Creating, locking and publishing belong to the
supervisor, reading what was published to `supervisor.client.discovery`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

NAME = "tts-supervisor"


def run_directory(environ: Mapping[str, str]) -> Path:
    """The directory of sockets, lock and `supervisor.json`; may vanish with a reboot.

    `$SUPERVISOR_RUN_DIR`, else `$XDG_RUNTIME_DIR/tts-supervisor`, else
    `tts-supervisor-<uid>` in the temporary directory.
    """
    own = environ.get("SUPERVISOR_RUN_DIR")
    if own:
        return Path(own).absolute()
    base = _xdg(environ, "XDG_RUNTIME_DIR")
    if base is not None:
        return base / NAME
    return Path(tempfile.gettempdir()) / f"{NAME}-{os.getuid()}"


def state_directory(environ: Mapping[str, str]) -> Path:
    """The directory of files that must outlive a reboot.

    `$SUPERVISOR_STATE_DIR`, else `$XDG_STATE_HOME/tts-supervisor`, else
    `~/.local/state/tts-supervisor`.
    """
    own = environ.get("SUPERVISOR_STATE_DIR")
    if own:
        return Path(own).absolute()
    return (_xdg(environ, "XDG_STATE_HOME") or _home(environ) / ".local" / "state") / NAME


def cache_directory(environ: Mapping[str, str]) -> Path:
    """The directory of files that can be made again, such as reassembled model weights.

    `$SUPERVISOR_CACHE_DIR`, else `$XDG_CACHE_HOME/tts-supervisor`, else
    `~/.cache/tts-supervisor`.
    """
    own = environ.get("SUPERVISOR_CACHE_DIR")
    if own:
        return Path(own).absolute()
    return (_xdg(environ, "XDG_CACHE_HOME") or _home(environ) / ".cache") / NAME


def _xdg(environ: Mapping[str, str], name: str) -> Path | None:
    """The variable's directory; the XDG specification says to ignore a relative one."""
    path = Path(environ.get(name, ""))
    return path if path.is_absolute() else None


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()
