"""Install the toy package without a network: what an installer leaves in site-packages."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

HERE = Path(__file__).parent


def install(target: Path) -> Path:
    """Put the package and its metadata into `target`, a directory to go on sys.path."""
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    shutil.copytree(HERE / "toy_engine", target / "toy_engine")
    metadata = target / f"toy_engine-{project['version']}.dist-info"
    metadata.mkdir()
    extras = "".join(f"Provides-Extra: {extra}\n" for extra in project["optional-dependencies"])
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n{extras}"
    )
    lines = [
        f"[{group}]\n" + _entries(entries) for group, entries in project["entry-points"].items()
    ]
    (metadata / "entry_points.txt").write_text("\n".join(lines))
    return target


def _entries(entries: dict[str, str]) -> str:
    return "".join(f"{name} = {value}\n" for name, value in entries.items())
