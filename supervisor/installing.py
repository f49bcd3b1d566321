"""How this product was installed, so that an error can name a command that brings what is missing.

It may have come from a checkout, a file, an image or an index; `importlib.metadata` knows which
(PEP 610). Nothing is imported to find out, and nothing is looked up in a network.
"""

from __future__ import annotations

import functools
import json
import os
import shlex
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from importlib.metadata import Distribution

NAME: Final = "tts-supervisor"

IMAGE: Final = "TTS_SUPERVISOR_IMAGE"
"""Set in an image (deploy/docker/Dockerfile), in which nothing can be installed."""

_ORIGIN: Final = "direct_url.json"

SHADOW: Final = "supervisor"
"""Name in the index of another project whose package has the name of ours."""


@functools.cache
def how_to_install(*extras: str) -> str:
    """The command that brings these extras to this installation, and what it needs without any."""
    wanted = ",".join(extras)
    if os.environ.get(IMAGE):
        added = f" with {wanted} added to --build-arg EXTRAS" if wanted else ""
        return f"build the image anew{added}"
    return f"{_pip()} install {_target(wanted)}"


class Shadow(NamedTuple):
    """Another project whose package has the name of ours: what was found, and what to do."""

    found: str
    advice: str

    def __str__(self) -> str:
        return f"{self.found}: {self.advice}"


def shadow() -> Shadow | None:
    """The package `supervisor` of another project in this environment; None where there is none."""
    other = _distribution(SHADOW)
    if other is None or not any(part.parts[:1] == (SHADOW,) for part in other.files or ()):
        return None
    return Shadow(
        f"the package supervisor {other.version} (supervisord) is installed here too, and has the "
        f"import name of {NAME}",
        f"give each an environment of its own ({_pip()} uninstall {SHADOW}, "
        f"then {_pip()} install --force-reinstall --no-deps {_target('')})",
    )


def _pip() -> str:
    """What calls the pip of this interpreter, as short as it can be said."""
    found = shutil.which("pip")
    ours = found is not None and Path(found).parent == Path(sys.executable).parent
    if ours:
        return "pip"
    python = shlex.quote(sys.executable)
    # Environments that uv or `venv --without-pip` made have none: another one can install there.
    return f"{python} -m pip" if find_spec("pip") else f"pip --python {python}"


def _target(extras: str) -> str:
    """What pip is to install, with extras."""
    extra = f"[{extras}]" if extras else ""
    origin = _origin(_distribution(NAME))
    url = str(origin.get("url", ""))
    path = unquote(urlsplit(url).path)
    if url.startswith("file:") and Path(path).is_dir():
        editable = "-e " if origin.get("dir_info", {}).get("editable") else ""
        return editable + shlex.quote(path + extra)
    if url.startswith("file:") and Path(path).is_file():
        return shlex.quote(path + extra)
    if url and not url.startswith("file:"):
        repository = origin.get("vcs_info")
        if repository:
            url = f"{repository.get('vcs')}+{url}@{repository.get('commit_id')}"
        return shlex.quote(f"{NAME}{extra} @ {url}")
    return f"'{NAME}{extra}'" if extra else NAME


def _distribution(name: str) -> Distribution | None:
    # Late: it takes some milliseconds that every start would pay.
    from importlib.metadata import distributions  # noqa: PLC0415

    # The build of a checkout leaves metadata in it, which knows nothing of an installation.
    found = list(distributions(name=name))
    installed = (each for each in found if each.read_text(_ORIGIN))
    return next(installed, found[0] if found else None)


def _origin(dist: Distribution | None) -> dict[str, Any]:
    """`direct_url.json`; empty for what came from an index."""
    try:
        found = json.loads((dist and dist.read_text(_ORIGIN)) or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
