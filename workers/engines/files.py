"""Files that engines keep in the user's cache: their places, locks, and atomic writing."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from supervisor.config.paths import cache_directory
from supervisor.files import PRIVATE, replace_file


def cache(engine: str) -> Path:
    """The directory of an engine in the user's cache; it may not exist yet."""
    return cache_directory(os.environ) / engine


def package(name: str) -> Path | None:
    """The directory of an installed package, found without importing it."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


@contextmanager
def locked(target: Path) -> Iterator[None]:
    """Be the only process that writes `target`; its directory is made. Raises OSError.

    The lock ends with the process that holds it, however that ends.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def locked_now(target: Path) -> Iterator[bool]:
    """The same without waiting: False while another process writes `target`. Raises OSError."""
    with target.with_suffix(".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def write(target: Path, blocks: Iterable[bytes]) -> None:
    """Replace the content of `target` by these blocks, once the last of them is on disk.

    To be called within `locked`. Raises OSError (no space, read-only); then nothing is
    left behind.
    """
    with replace_file(target, durable=True, mode=PRIVATE) as file:
        file.writelines(blocks)
