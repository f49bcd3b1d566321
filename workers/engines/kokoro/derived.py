"""Choose the derived model to speak with: found in the cache, or made once.

A derived model is keyed by all that it follows from: the source's content, the passes, the
gate, the ranges, the version of ONNX Runtime (it holds the graph as that optimizes it) and the
CPU's features. `derive.build` makes it, a program of its own, so that neither its threads nor its
memory stay in a template; it ends with the process that waits for it. An `Outcome` beside the model
is its result: a model that the gate refused is remembered as refused. Without a usable one the
engine speaks with the source as it is, and says so.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import onnxruntime as ort

from supervisor.installing import how_to_install
from workers import external_wait, lifeline
from workers.engines import files
from workers.engines.kokoro import features

LEVELS = ("calibrated", "exact")

UNCHANGED = "none"
"""The level of a graph that computes what the source does: the runtime has optimized it, once
instead of at each session, and no pass has touched it."""

_CODE = Path(__file__).parent / "derive"
_JUDGES = ("quality", "distance", "texts", "inputs")
"""Modules beside `derive` that decide whether a model passes its gate."""

_UNUSED_S = 30 * 86_400.0
"""A derived model that was not used for so long is deleted when another is made."""

_TIMEOUT_S = 280
"""For one level. Both together stay below what a template may take to load."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Outcome of deriving a model. `refused` is None, or one line that says why not to use it;
    `sites` counts what each pass rewrote; `sha256` is the model file's, and `stamp` its size and
    time of change when it was written: as long as they are the same, so is the file.
    """

    level: str
    sites: dict[str, int]
    refused: str | None
    sha256: str | None
    stamp: tuple[int, int] | None = None


class Ready(msgspec.Struct, frozen=True):
    """A model to build sessions with. `level` is `none` for the source itself, or for its graph
    as the runtime optimizes it, which is then `optimized`, as a derived one always is.
    """

    path: Path
    level: str
    optimized: bool = False


def choose(optimization: str, digest: str, source: Callable[[], Path]) -> Ready:
    """The model for a level of optimization (`auto` is the best that fits this CPU).

    `digest` is the source's SHA-256, `source` has it ready and is called only if it is
    needed. Takes seconds where a model has to be made. A level that fails is reported in one
    line on stderr, and the next one tried.
    """
    for level in _levels(optimization, digest):
        target = location(digest, level)
        outcome = known(target)
        if outcome is None:
            outcome = _make(source(), digest, level, target)
        if outcome is not None and outcome.refused is None:
            with suppress(OSError):  # A cache that others own is read all the same.
                os.utime(beside(target))
            return Ready(target, level, optimized=True)
        if outcome is not None:
            _tell(f"the {level} model is not used: {outcome.refused}")
    return Ready(source(), UNCHANGED)


def location(digest: str, level: str) -> Path:
    """Path of the model derived from this source on this machine, made or not."""
    follows_from = [digest, level, ort.__version__, *features.cpu_features(), _passes(digest)]
    key = hashlib.sha256(msgspec.json.encode(follows_from)).hexdigest()
    return files.cache("kokoro") / f"derived-{level}-{key[:16]}.onnx"


def ranges(digest: str) -> Path | None:
    """The calibration data for a source: the user's own, else what ships; None without."""
    candidates = (own_ranges(digest), _CODE / "data" / f"{digest}.json")
    return next((path for path in candidates if path.is_file()), None)


def own_ranges(digest: str) -> Path:
    """Path of the ranges that `supervisor models calibrate` finds."""
    return files.cache("kokoro") / f"ranges-{digest}.json"


def known(target: Path) -> Outcome | None:
    """Outcome of deriving this model before; None if it was not, or its file is damaged."""
    try:
        outcome = msgspec.json.decode(beside(target).read_bytes(), type=Outcome)
        if outcome.refused is None and stamp_of(target) != outcome.stamp:
            return outcome if digest_of(target) == outcome.sha256 else None
    except (OSError, msgspec.DecodeError):
        return None
    return outcome


def beside(target: Path) -> Path:
    """The outcome's file."""
    return target.with_suffix(".json")


def stamp_of(path: Path) -> tuple[int, int]:
    """Size in bytes and time of the last change in ns. Raises OSError."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def digest_of(path: Path) -> str:
    """SHA-256 of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove_unused(keep: Path) -> None:
    """Delete derived models of other versions that were not used for a month."""
    oldest = time.time() - _UNUSED_S
    for path in keep.parent.glob("derived-*.onnx"):
        with suppress(OSError):  # Another process may delete it at the same moment.
            if path != keep and _used_at(path) < oldest:
                for file in (beside(path), path, path.with_suffix(".lock")):
                    file.unlink(missing_ok=True)


def _used_at(path: Path) -> float:
    """Unix time of a model's last use; of one without an outcome, of its last change."""
    try:
        return beside(path).stat().st_mtime
    except FileNotFoundError:
        return path.stat().st_mtime


def _levels(optimization: str, digest: str) -> tuple[str, ...]:
    if optimization == UNCHANGED:
        return (UNCHANGED,)
    if optimization == "auto":
        calibrated = features.dot_product() and ranges(digest) is not None
        return LEVELS if calibrated else ("exact",)
    if optimization == "calibrated" and ranges(digest) is None:
        _tell("there are no ranges for this model (supervisor models calibrate)")
        return ("exact",)
    return LEVELS[LEVELS.index(optimization) :]


def _make(source: Path, digest: str, level: str, target: Path) -> Outcome | None:
    """Run the program; None, with a line on stderr, if it has no outcome."""
    if importlib.util.find_spec("onnx") is None:
        _tell(f"the {level} model cannot be made without onnx: {how_to_install('kokoro')}")
        return None
    takes = "2 s" if level == UNCHANGED else "10 to 30 s"
    _tell(f"making the {level} model, once for this machine ({takes})")
    build = ["workers.engines.kokoro.derive.build", str(source), digest, level, str(target)]
    try:
        with lifeline.lent() as fd, external_wait.waiting():
            done = subprocess.run(
                [sys.executable, "-m", "workers.with_lifeline", str(fd), *build],
                pass_fds=[fd],
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
    except (OSError, subprocess.TimeoutExpired) as error:
        _tell(f"the {level} model cannot be made: {error}")
        return None
    outcome = known(target) if done.returncode == 0 else None
    if outcome is None:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        _tell(f"the {level} model cannot be made: {said[-1]}")
    elif idle := [name for name, sites in outcome.sites.items() if not sites]:
        _tell(f"the {level} model: found nothing to rewrite: {', '.join(idle)}")
    return outcome


def _passes(digest: str) -> str:
    """A digest of the code of the passes and of the gate, and of the data they read."""
    data = ranges(digest)
    judges = [_CODE.with_name(f"{name}.py") for name in _JUDGES]
    paths = [*sorted(_CODE.glob("*.py")), *judges, *([data] if data else [])]
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def _tell(line: str) -> None:
    sys.stderr.write(f"kokoro: {line}\n")
    sys.stderr.flush()
