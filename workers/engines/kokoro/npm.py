"""The npm package that carries Kokoro's voices: fetched with the npm client, checked, unpacked."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path, PurePosixPath

import numpy as np

from workers.engines.base import PullError
from workers.engines.kokoro import voices

PACKAGE = "kokoro-js@1.2.1"
SHA512 = "oq0HZJWis3t8lERkMJh84WLU86dpYD0EuBPtqYnLlQzyFP1OkyBRDcweAqCfhNOpltyN9j/azp1H6uuC47gShw=="
"""The package's `dist.integrity` in the registry, which never changes for a published version."""

_TIMEOUT_S = 600
_BYTES = voices.ROWS * voices.WIDTH * 4


def fetch(directory: Path) -> Path:
    """Download the package into `directory` with `npm pack`. Raises PullError."""
    npm = shutil.which("npm")
    offline = "or fetch the package elsewhere and give it with --from"
    if npm is None:
        raise PullError(f"npm is not installed: install Node.js, {offline} (npm pack {PACKAGE})")
    command = [npm, "pack", PACKAGE, "--silent", "--pack-destination", str(directory)]
    try:
        done = subprocess.run(
            command, cwd=directory, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise PullError(
            f"npm pack {PACKAGE} took over {_TIMEOUT_S} s: try again, {offline}"
        ) from None
    fetched = next(directory.glob("*.tgz"), None)
    if done.returncode or fetched is None:
        raise PullError(f"npm pack {PACKAGE} failed ({_reason(done.stderr)}): try again, {offline}")
    return fetched


def unpack(package: Path) -> dict[str, voices.Style]:
    """The voices in the package, if it is the published one to the bit. Raises PullError."""
    with package.open("rb") as file:
        digest = hashlib.file_digest(file, "sha512").digest()
    if base64.b64encode(digest).decode() != SHA512:
        raise PullError(
            f"{package} is not {PACKAGE} as published, or it is damaged: fetch it again"
        )
    found: dict[str, voices.Style] = {}
    with tarfile.open(package, "r:gz") as archive:
        for member in archive:
            path = PurePosixPath(member.name)
            if path.parent.name == "voices" and path.suffix == ".bin" and member.size == _BYTES:
                content = archive.extractfile(member)
                data = content.read() if content else b""
                found[path.stem] = voices.table(path.stem, np.frombuffer(data, "<f4"))
    return found


def _reason(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if "npm error" in line or "npm ERR" in line]
    return lines[0].strip() if lines else "no reason given"
