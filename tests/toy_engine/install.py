"""Install an engine's package without a network: what an installer leaves in site-packages."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

HERE = Path(__file__).parent


def install(target: Path, source: Path = HERE) -> Path:
    """Put the package in `source`, the toy without one, and its metadata into `target`, a directory
    to go on sys.path.
    """
    document = tomllib.loads((source / "pyproject.toml").read_text())
    project = document["project"]
    package = project["name"].replace("-", "_")
    for module in document.get("tool", {}).get("setuptools", {}).get("py-modules", []):
        shutil.copy(source / f"{module}.py", target)
    if (source / package).is_dir():
        shutil.copytree(source / package, target / package)
    metadata = target / f"{package}-{project['version']}.dist-info"
    metadata.mkdir()
    optional = project.get("optional-dependencies", {})
    extras = "".join(f"Provides-Extra: {extra}\n" for extra in optional)
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
