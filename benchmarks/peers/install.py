"""The peers' virtual environments: `python -m benchmarks.peers.install [DIRECTORY …]`.

Each has the product, editable and with its own constraints, so that the model code and
ONNX Runtime are the same everywhere; and the peer, at the versions of its requirements.txt.
Made once and kept in .venv-peers/ until one of those files changes.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from benchmarks.harness import say
from benchmarks.peers.arms import PEERS, Peer

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".venv-peers"

_PATIENCE_S = 180
"""How long an index may be silent: some fetch a package when they are first asked for it."""


class InstallError(Exception):
    """A peer could not be installed; the end of what pip said."""


def interpreter(peer: Peer) -> Path:
    """The peer's Python."""
    return CACHE / peer.directory / "bin" / "python"


def install(peer: Peer) -> None:
    """Have the peer's environment ready. Raises InstallError."""
    stamp = CACHE / peer.directory / "installed"
    wanted = _digest(peer)
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    say(f"{peer.name}: installing into {CACHE.name}/{peer.directory} (a minute the first time)")
    try:
        _make(peer)
    except InstallError as error:
        say(f"{peer.name}: {error}; trying once more, from nothing")
        shutil.rmtree(CACHE / peer.directory, ignore_errors=True)
        _make(peer)
    stamp.write_text(wanted)


def _make(peer: Peer) -> None:
    _run([sys.executable, "-m", "venv", str(CACHE / peer.directory)])
    _run(
        [
            *(str(interpreter(peer)), "-m", "pip", "install", "--quiet"),
            *("--disable-pip-version-check", "--no-input"),
            *("--timeout", str(_PATIENCE_S), "--retries", "5"),
            *("--constraint", str(ROOT / "constraints.txt")),
            *("--requirement", str(peer.requirements), "--editable", f"{ROOT}[kokoro]"),
        ]
    )


def _digest(peer: Peer) -> str:
    """Digest of what the environment was made from; the linters' part of pyproject.toml is not."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = [path.read_bytes() for path in (ROOT / "constraints.txt", peer.requirements)]
    return hashlib.sha256(b"".join([repr(project).encode(), *pinned])).hexdigest()


def _run(command: list[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise InstallError(" ".join(lines[-3:]))


def main(directories: list[str]) -> int:
    """Install those named, or all; 1 when one failed."""
    failed = 0
    for peer in PEERS:
        if not directories or peer.directory in directories:
            try:
                install(peer)
            except InstallError as error:
                print(f"{peer.name}: {error}", file=sys.stderr)
                failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
