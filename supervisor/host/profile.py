"""`host-profile.json` in the state directory: reading, writing, and the key of its machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from supervisor.core.allocation.host_profile import (
    MAX_BYTES,
    SCHEMA,
    EngineProfile,
    HostProfile,
    InForce,
    MachineKey,
    ProfileError,
    decode,
    encode,
    in_force,
    measured_otherwise,
)
from supervisor.files import replace_file
from supervisor.host.limits import read_online
from supervisor.host.roots import Host

FILE = "host-profile.json"

_MODEL_FIELDS = ("model name", "cpu model", "Processor", "cpu", "CPU part")
"""Names of the CPU's model in /proc/cpuinfo, by architecture; the first that is there counts."""


def machine_key(host: Host) -> MachineKey:
    """Key of this machine now; an unreadable part is "unknown", which equals only itself."""
    try:
        cores = len(read_online(host))
    except (OSError, ValueError):
        cores = os.cpu_count() or 1
    try:
        runtime = version("onnxruntime")
    except PackageNotFoundError:
        runtime = "unknown"
    return MachineKey(_cpu_model(host), cores, runtime)


def read(directory: Path) -> HostProfile | None:
    """The profile in this state directory; None if there is none. Raises ProfileError."""
    path = directory / FILE
    try:
        # Not opened before it is known to be a file: a pipe would block the reader.
        if not path.is_file():
            if path.exists():
                raise ProfileError("it is not a file")
            return None
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ProfileError(str(error.strerror)) from None
    return decode(data)


def take(
    directory: Path, options: Mapping[str, Mapping[str, Any]], host: Host | None = None
) -> InForce:
    """The part of the profile that holds on this machine; a bad one is reported, not raised."""
    try:
        profile = read(directory)
    except ProfileError as error:
        return InForce(ignored=str(error))
    if profile is None:
        return InForce()
    return in_force(profile, machine_key(host or Host()), options)


def add(directory: Path, engines: Mapping[str, EngineProfile], host: Host | None = None) -> Path:
    """Write new figures beside those of other engines that still hold.

    Returns the file's path. Raises OSError.
    """
    machine = machine_key(host or Host())
    try:
        before = read(directory)
    except ProfileError:
        before = None
    kept = before.engines if before and measured_otherwise(before, machine) is None else {}
    return write(directory, HostProfile(SCHEMA, machine, {**kept, **engines}))


def write(directory: Path, profile: HostProfile) -> Path:
    """Replace the profile, whole or not at all; returns its path. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / FILE
    with replace_file(path, durable=True) as file:
        file.write(encode(profile))
    return path


def _cpu_model(host: Host) -> str:
    try:
        text = host.read(host.proc + "/cpuinfo").decode(errors="replace")
    except OSError:
        text = ""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), " ".join(value.split()))
    found = (fields[name] for name in _MODEL_FIELDS if fields.get(name))
    return next(found, platform.machine() or "unknown")
