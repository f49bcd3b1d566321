"""A supervisor whose machine has as much memory left as a file says, or a cgroup of its own.

The file is bound over /proc/meminfo in a mount namespace (`unshare`); a cgroup needs a place where
groups can be made, of the first version or the second.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from supervisor.testing import PrivateSupervisor

_BIND = 'mount --bind "$1" /proc/meminfo && shift && exec "$@"'
_KB = 1024
_MB = 1_000_000
_NAMESPACE = ("unshare", "--map-root-user", "--mount")


def can_bind() -> bool:
    """Whether a mount namespace can be made here."""
    try:
        done = subprocess.run([*_NAMESPACE, "true"], capture_output=True, check=False, timeout=10)
    except OSError:
        return False
    return done.returncode == 0


def bind_meminfo(supervisor: PrivateSupervisor, megabytes: int) -> Path:
    """Have a supervisor that is not started yet read such a file; returns it, for `leave`."""
    path = supervisor.directory / "meminfo"
    leave(path, megabytes)
    shell = [*_NAMESPACE, "sh", "-c", _BIND, "sh", str(path)]
    supervisor.program = [*shell, *supervisor.program]
    return path


def leave(path: Path, megabytes: int) -> None:
    """So many MB are available from now on; the rest of the file is this machine's."""
    lines = [
        f"MemAvailable:   {megabytes * _MB // _KB} kB" if line.startswith("MemAvailable:") else line
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    ]
    # In place, as the mount is of this very file, and in one piece.
    with path.open("r+b" if path.exists() else "wb") as file:
        file.write("\n".join([*lines, ""]).encode())
        file.truncate()


class MemoryGroup:
    """A memory cgroup with a limit; `program` starts a command in it."""

    def __init__(self, directory: Path, version: int) -> None:
        self.directory = directory
        self._v2 = version == 2

    @property
    def peak_bytes(self) -> int:
        """The most that it ever held; 0 where the kernel does not tell."""
        name = "memory.peak" if self._v2 else "memory.max_usage_in_bytes"
        with suppress(OSError):
            return int((self.directory / name).read_text(encoding="ascii"))
        return 0

    @property
    def kills(self) -> int:
        """Processes that the kernel killed in it."""
        name = "memory.events" if self._v2 else "memory.oom_control"
        for line in (self.directory / name).read_text(encoding="ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
        return 0

    def limit(self, megabytes: int) -> None:
        """Hold no more than that, swap included."""
        size = str(megabytes * _MB)
        if self._v2:
            (self.directory / "memory.max").write_text(size, encoding="ascii")
            with suppress(OSError):
                (self.directory / "memory.swap.max").write_text("0", encoding="ascii")
        else:
            (self.directory / "memory.limit_in_bytes").write_text(size, encoding="ascii")

    def enter(self, supervisor: PrivateSupervisor) -> None:
        """Have a supervisor that is not started yet run in it."""
        supervisor.program = self.moved(supervisor.program)

    def moved(self, program: Sequence[str]) -> list[str]:
        """A command that runs another one in it."""
        return [
            "sh",
            "-c",
            f'echo $$ > "{self.directory}/cgroup.procs" && exec "$@"',
            "sh",
            *program,
        ]


@contextmanager
def memory_group(megabytes: int) -> Iterator[MemoryGroup | None]:
    """A group below our own with this limit, removed at the end; None where none can be made."""
    group = _made()
    if group is None:
        yield None
        return
    try:
        group.limit(megabytes)
        yield group
    finally:
        deadline = time.monotonic() + 10.0
        while time.monotonic() < deadline:  # Until the last of its processes is reaped.
            with suppress(OSError):
                group.directory.rmdir()
                break
            time.sleep(0.05)


def _made() -> MemoryGroup | None:
    """The first place where a group with a limit can be made."""
    for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
        _number, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            places, version = [Path("/sys/fs/cgroup/memory")], 1
        elif not controllers:
            places, version = [Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified")], 2
        else:
            continue
        for place in places:
            directory = place / path.strip("/") / f"tts-benchmark-{os.getpid()}"
            with suppress(OSError):
                directory.mkdir()
                name = "memory.max" if version == 2 else "memory.limit_in_bytes"
                if (directory / name).exists():
                    return MemoryGroup(directory, version)
                directory.rmdir()
    return None
