"""Checks of the installation for `supervisor doctor`: settings, directories, engines, versions."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from supervisor.broker.sockets.endpoints import EndpointError, check_keys
from supervisor.cli.host_checks import Finding
from supervisor.config import Settings
from supervisor.config.paths import run_directory, state_directory
from supervisor.host.profile import take
from supervisor.installing import how_to_install, shadow
from supervisor.service.rundir import SOCKET, SOCKET_PATH_BYTES
from supervisor.wording import counted

_LEAST_FREE_BYTES = 100_000_000
_MODELS_S = 60.0
_LEAST_ONNXRUNTIME = (1, 31)


def check_run_directory(environ: Mapping[str, str], running: int | None) -> Iterator[Finding]:
    """Sockets and lock: present, private, short enough. `running`: the pid of the supervisor."""
    path = run_directory(environ)
    if len(os.fsencode(path / SOCKET)) > SOCKET_PATH_BYTES:
        advice = "set SUPERVISOR_RUN_DIR to a shorter path"
        yield Finding("run directory", "problem", f"{path} is too long for a socket", advice)
    try:
        status = path.lstat()
    except FileNotFoundError:
        yield _creatable("run directory", path)
        return
    except OSError as error:
        yield Finding("run directory", "problem", f"{path}: {error.strerror}", "make it yours")
        return
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        advice = "remove it, or set SUPERVISOR_RUN_DIR to a directory of yours"
        yield Finding("run directory", "problem", f"{path} is not your directory", advice)
    elif status.st_mode & 0o077:
        advice = f"run: chmod 700 {path}"
        yield Finding("run directory", "problem", f"{path} is open to others", advice)
    else:
        holder = "free" if running is None else f"held by the supervisor with pid {running}"
        yield Finding("run directory", "ok", f"{path}, {holder}")
    yield from _room("run directory", path)


def check_state_directory(environ: Mapping[str, str]) -> Iterator[Finding]:
    """State directory: writable, with room."""
    path = state_directory(environ)
    if not path.exists():
        yield _creatable("state directory", path)
    elif not os.access(path, os.W_OK | os.X_OK):
        advice = f"run: chown {os.getuid()} {path}, or set SUPERVISOR_STATE_DIR"
        yield Finding("state directory", "problem", f"{path} cannot be written", advice)
    else:
        yield Finding("state directory", "ok", str(path))
        yield from _room("state directory", path)


def check_versions() -> Iterator[Finding]:
    """Versions of the runtime: before 1.31 Kokoro took more than twice as long; and whether another
    project's package has our name.
    """
    clash = shadow()
    if clash is not None:
        yield Finding("packages", "warning", clash.found, clash.advice)
    try:
        found = version("onnxruntime")
    except PackageNotFoundError:
        advice = f"run: {how_to_install()}"
        yield Finding("onnxruntime", "problem", "not installed", advice)
        return
    new = tuple(int(part) for part in found.split(".")[:2]) >= _LEAST_ONNXRUNTIME
    yield Finding(
        "onnxruntime",
        "ok" if new else "warning",
        found,
        None if new else "run: pip install -U 'onnxruntime>=1.31'; it is more than twice as fast",
    )


def check_host_profile(
    environ: Mapping[str, str], settings: Settings, engine_settings: Mapping[str, Any], now: float
) -> Iterator[Finding]:
    """Whether the engines in use were measured on this host, and how long ago."""
    profile = take(state_directory(environ), engine_settings)
    advice = "run: supervisor bench host, with the supervisor stopped"
    if profile.ignored is not None:
        yield Finding("host profile", "note", f"not used: {profile.ignored}", advice)
    for engine in dict.fromkeys([settings.engines.default, *settings.engines.preload]):
        measured = profile.engines.get(engine)
        if measured is not None:
            days = counted(round(max(0.0, now - measured.measured_at) / 86_400), "day")
            yield Finding("host profile", "ok", f"{engine}: measured {days} ago")
        elif profile.ignored is None:
            found = f"{engine} was not measured on this host; typical figures are used"
            yield Finding("host profile", "note", found, advice)


def check_tcp(settings: Settings) -> Iterator[Finding]:
    """Whether tcp, where the settings ask for it, will be opened, and for how many keys."""
    tcp = settings.broker.tcp
    if tcp is None:
        return
    try:
        count = check_keys(settings.broker)
    except EndpointError as error:
        yield Finding("tcp", "problem", str(error), "docs/SECURITY.md shows all steps under Keys")
        return
    if settings.broker.insecure_tcp:
        advice = "use keys; every process of this machine may see and cancel what others speak"
        yield Finding("tcp", "warning", f"{tcp} is open without keys", advice)
    else:
        yield Finding("tcp", "ok", f"{tcp}, {counted(count, 'key is', 'keys are')} allowed")


def check_wyoming(settings: Settings) -> Iterator[Finding]:
    """Whether Home Assistant's protocol, where the settings ask for it, can be spoken."""
    if not settings.http.enabled or settings.http.wyoming is None:
        return
    if find_spec("wyoming") is None:
        found = f"{settings.http.wyoming} is not served: the library for it is missing"
        advice = f"run: {how_to_install('wyoming')}"
        yield Finding("wyoming", "problem", found, advice)
    else:
        yield Finding("wyoming", "ok", settings.http.wyoming)


def check_fleet(settings: Settings) -> Iterator[Finding]:
    """Whether the fleet of the settings can be joined; its servers have a doctor of their own."""
    servers = settings.fleet.servers
    if not servers:
        return
    if find_spec("nats") is None or find_spec("nkeys") is None:
        found = "fleet.servers is set, and this host joins none: the library for it is missing"
        yield Finding("fleet", "problem", found, f"run: {how_to_install('fleet')}")
    else:
        found = f"{counted(len(servers), 'server')} in fleet.servers"
        yield Finding("fleet", "note", found, "supervisor fleet doctor looks at them")


def check_models(settings: Settings, engine_settings: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether each engine in use has a model here."""
    program = [sys.executable, "-m", "workers.engines.models", "--settings"]
    command = [*program, msgspec.json.encode(engine_settings).decode(), "list"]
    environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, timeout=_MODELS_S, check=True
        )
        models: list[dict[str, Any]] = msgspec.json.decode(done.stdout)
    except (OSError, subprocess.SubprocessError, msgspec.MsgspecError) as error:
        advice = "run: supervisor models list"
        yield Finding("models", "problem", f"the engines do not answer: {error}", advice)
        return
    for engine in dict.fromkeys([settings.engines.default, *settings.engines.preload]):
        known = [model for model in models if model["engine"] == engine]
        here = [model for model in known if model["path"] is not None]
        if here:
            size = sum(model["size"] for model in here) / 1e6
            yield Finding("models", "ok", f"{engine}: {len(here)} here, {size:.0f} MB")
        elif known:
            yield Finding("models", "problem", f"{engine}: no model is here", known[0]["how"])
        else:
            advice = "supervisor start says whether it is installed"
            yield Finding("models", "note", f"{engine} says nothing of its models", advice)


def _creatable(check: str, path: Path) -> Finding:
    """Whether a directory that does not exist yet can be made."""
    parent = next(each for each in path.parents if each.exists())
    if os.access(parent, os.W_OK | os.X_OK):
        return Finding(check, "ok", f"{path} will be made at the first start")
    advice = f"make {path} and give it to user {os.getuid()}, or name another in the environment"
    return Finding(check, "problem", f"{path} cannot be made in {parent}", advice)


def _room(check: str, path: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(path).free
    if free < _LEAST_FREE_BYTES:
        yield Finding(check, "warning", f"{free / 1e6:.0f} MB free in {path}", "make room there")
