"""Network namespaces as machines: a bridge, and one namespace a machine, whose cable can be cut.

Needs root and iproute2; where these are missing `missing` says so, and what is tested without them
is told by the tests that are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import Self


def missing() -> str | None:
    """What is missing to make namespaces; None: nothing."""
    if os.geteuid() != 0:
        return "not root"
    if shutil.which("ip") is None:
        return "no iproute2"
    tried = subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False)
    return None if tried.returncode == 0 else "no network namespaces here"


class Namespaces:
    """Machines by name, for a `with` block. This process sits at the same switch."""

    def __init__(self, machines: Sequence[str]) -> None:
        self._tag = f"tts{os.getpid() % 100_000}"
        # Of its own, as others may do the same at once.
        self._net = f"10.{64 + os.getpid() % 64}.{os.getpid() // 64 % 256}"
        self._machines = {name: number for number, name in enumerate(machines, 1)}

    def address(self, name: str) -> str:
        """The address of a machine."""
        return f"{self._net}.{self._machines[name]}"

    def prefix(self, name: str) -> tuple[str, ...]:
        """What is put before a command to run it on a machine."""
        return ("ip", "netns", "exec", f"{self._tag}-{name}")

    def cut(self, name: str) -> None:
        """Pull a machine's cable."""
        _ip("link", "set", self._cable(name), "down")

    def mend(self, name: str) -> None:
        """Plug it in again."""
        _ip("link", "set", self._cable(name), "up")

    def _cable(self, name: str) -> str:
        return f"{self._tag}{name}"[:15]

    def __enter__(self) -> Self:
        self.close()
        try:
            bridge = self._cable("br")
            _ip("link", "add", bridge, "type", "bridge")
            _ip("addr", "add", f"{self._net}.254/24", "dev", bridge)
            _ip("link", "set", bridge, "up")
            for name in self._machines:
                space, cable = f"{self._tag}-{name}", self._cable(name)
                _ip("netns", "add", space)
                _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space)
                _ip("link", "set", cable, "master", bridge)
                _ip("link", "set", cable, "up")
                inside = ("-n", space)
                _ip(*inside, "addr", "add", f"{self.address(name)}/24", "dev", "eth0")
                _ip(*inside, "link", "set", "eth0", "up")
                _ip(*inside, "link", "set", "lo", "up")
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Remove all of it."""
        for name in self._machines:
            with suppress(subprocess.CalledProcessError):
                _ip("netns", "del", f"{self._tag}-{name}")
            with suppress(subprocess.CalledProcessError):
                _ip("link", "del", self._cable(name))
        with suppress(subprocess.CalledProcessError):
            _ip("link", "del", self._cable("br"))

    def __exit__(self, *_: object) -> None:
        self.close()


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], capture_output=True, check=True)
