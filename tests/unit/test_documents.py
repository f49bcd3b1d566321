"""The documents lead to what is there: every path, module and package that they name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PACKAGES = sorted(
    file.parent.relative_to(ROOT)
    for top in ("supervisor", "workers")
    for file in (ROOT / top).rglob("__init__.py")
)

CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
A_PATH = re.compile(r"[a-z_.][\w.-]*(/[\w.-]+)*/?")
A_MODULE = re.compile(r"(supervisor\.[a-z_]\w*|workers|benchmarks|tests|scripts)(\.[a-z_]\w*)+")
"""`supervisor.name` alone may be a field of the status."""

PLACEHOLDER = re.compile(r"\b[A-Z]+\b")
"""`workers/N.log` is a file of a running supervisor."""


def named(page: Path) -> set[str]:
    """What stands between backticks in the page's prose."""
    return set(CODE.findall(FENCED.sub("", page.read_text())))


def is_there(name: str, bases: list[Path]) -> bool:
    """Whether it is a file, a folder or a module below one of these."""
    return any((base / name).exists() or (base / f"{name}.py").exists() for base in bases)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_a_document_names_is_there(page: Path) -> None:
    """Of the checkout, and the architecture's rooms below supervisor/; links of files, too."""
    bases = [ROOT, ROOT / "tests"]
    if page.name == "ARCHITECTURE.md":
        bases.append(ROOT / "supervisor")
    ours = {path.name for path in ROOT.iterdir() if path.is_dir()}
    lost = {
        name
        for name in named(page)
        if A_PATH.fullmatch(name) and "/" in name and not PLACEHOLDER.search(name)
        if name.split("/")[0] in ours or page.name == "ARCHITECTURE.md"
        if not is_there(name, bases)
    }
    prose = CODE.sub("", FENCED.sub("", page.read_text()))
    links = {link for link in LINK.findall(prose) if not link.startswith("http")}
    lost |= {link for link in links if not (page.parent / link).exists()}
    assert lost == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_module_that_a_document_names_is_there(page: Path) -> None:
    """Or what it names in one: the last part may be a word of the file."""
    lost = []
    for name in named(page):
        if not A_MODULE.fullmatch(name):
            continue
        module, _, last = name.replace(".", "/").rpartition("/")
        file = ROOT / f"{module}.py"
        if not is_there(f"{module}/{last}", [ROOT]) and not (
            file.exists() and re.search(rf"\b{last}\b", file.read_text())
        ):
            lost.append(name)
    assert lost == []


def test_the_architecture_has_each_package() -> None:
    """A package that stands on no line of the map is one that nothing leads to."""
    rooms = named(ROOT / "docs/ARCHITECTURE.md")
    paths = [package.as_posix().removeprefix("supervisor/") for package in PACKAGES]
    assert [path for path in paths if path not in {*rooms, "supervisor"}] == []


def test_the_contributors_map_has_each_part() -> None:
    """Every package and every file directly in supervisor/, and every other folder with code."""
    parts = {
        path.as_posix() for path in PACKAGES if len(path.parts) == 2 and path.parts[0] != "workers"
    }
    parts |= {f"supervisor/{file.name}" for file in (ROOT / "supervisor").glob("[!_]*.py")}
    parts |= {file.parent.name for file in ROOT.glob("[!.]*/*.py")} - {"supervisor", "docs"}
    assert parts - named(ROOT / "CONTRIBUTING.md") == set()


def test_the_readme_stays_a_first_look() -> None:
    """What it is, a first sound, some figures, and links: all else stands behind one of these."""
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120
