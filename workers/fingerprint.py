"""The fingerprint of what speaks: another one wherever the same text could sound otherwise.

Audio is cached under it (`supervisor.core.jobs.repeats`). A session knows the weights and the voice
that it has read; put to that are the settings of its engine, and all that an engine may stand on:
the CPU, the installed packages by version, and our own code by content.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from workers.engines.base import Identified, Session

_BYTES = 16
_CODE = Path(__file__).parent
_SUFFIXES = (".dist-info", ".egg-info")
_OF_CPU = ("model name", "flags", "CPU part", "Features")
"""Lines of /proc/cpuinfo that kernels are chosen by, on x86 and on Arm."""


def own_part(session: Session, voice: str) -> str:
    """What a session tells of itself and a voice or a mix; empty if it knows nothing."""
    if not hasattr(session, "fingerprint"):  # Asking for the protocol takes 10 µs.
        return ""
    return cast("Identified", session).fingerprint(voice)


def fingerprint(own: str, name: str, settings: Mapping[str, Any]) -> str:
    """That of what a session of the engine `name` with these settings tells of itself; empty if it
    knows nothing.
    """
    decides = msgspec.json.encode([surroundings(), name, settings, own], order="deterministic")
    return _digest(decides) if own else ""


@functools.cache
def surroundings() -> str:
    """That of machine, interpreter, packages and code; takes 10 ms once in a process."""
    parts = [platform.machine(), sys.version, *_cpu(), *_packages()]
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=_BYTES)
    for path in sorted(_CODE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _cpu() -> list[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return sorted({line for line in lines if line.partition("\t")[0].strip() in _OF_CPU})


def _packages() -> list[str]:
    """Names of the directories that hold what is known of installed packages, versions in them."""
    found: set[str] = set()
    for directory in sys.path:
        try:
            found.update(name for name in os.listdir(directory or ".") if name.endswith(_SUFFIXES))
        except OSError:
            continue
    return sorted(found)


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=_BYTES).hexdigest()
