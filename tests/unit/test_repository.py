"""The checkout is consistent: what is declared is locked, and nothing names a place of ours."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]

NAMED = re.compile(r"`(?:tests/)?([a-z0-9_/]+\.py)?(?:::(test_[a-z0-9_]+))?`")
"""A test file, a test in it, or (`::test_…`) one more test in the file named before."""

LOCKED = re.compile(r"([A-Za-z0-9._-]+)==([0-9][0-9A-Za-z.+!]*)")


def locked() -> dict[str, str]:
    """Name to version of every line of constraints.txt that is no comment."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    matches = [LOCKED.fullmatch(line) for line in lines if not line.startswith("#")]
    return {canonicalize_name(match[1]): match[2] for match in matches if match}


def declared() -> list[Requirement]:
    """Every dependency of pyproject.toml, those of the extras too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    return [Requirement(line) for line in project["dependencies"] + extras]


def build_backend() -> list[Requirement]:
    """What pip fetches by itself in order to build us."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return [Requirement(line) for line in pyproject["build-system"]["requires"]]


def test_the_lock_holds_names_and_versions_only() -> None:
    """No address, path, option or hash of one index can slip into constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#") and not LOCKED.fullmatch(line)] == []


def test_every_declared_dependency_is_locked_at_a_version_it_allows() -> None:
    """A dependency that was added without `make lock` is noticed; what builds us is locked too."""
    versions = locked()
    for requirement in declared() + build_backend():
        version = versions.get(canonicalize_name(requirement.name))
        assert version, f"{requirement.name} is not in constraints.txt; run make lock"
        assert requirement.specifier.contains(version), f"{requirement} is locked at {version}"


def test_every_declared_dependency_is_explained() -> None:
    """docs/DEPENDENCIES.md says of each one why it is there."""
    page = (ROOT / "docs/DEPENDENCIES.md").read_text()
    missing = [str(r) for r in declared() if f"| [{r.name}](" not in page]
    assert missing == []


@pytest.mark.parametrize("page", ["docs/OPERATIONS.md", "docs/SECURITY.md"])
def test_every_test_that_a_promise_names_is_there(page: str) -> None:
    """A promise is worth its proof: a test that was renamed or removed is missed here."""
    file, named = "", 0
    for path, test in NAMED.findall((ROOT / page).read_text()):
        file = path or file
        if not path and not test:
            continue
        source = ROOT / "tests" / file
        if not test and not source.exists():
            assert (ROOT / file).exists(), f"{page} names {file}"
            continue
        assert source.exists(), f"{page} names tests/{file}"
        if test:
            named += 1
            assert f"def {test}(" in source.read_text(), f"{page} names {test} in tests/{file}"
    assert named >= 10, "the page names its tests"


def test_unit_tests_lie_where_their_packages_do() -> None:
    """A folder of tests/unit has the name of a package, or of a folder beside supervisor/."""
    folders = {path.name for path in (ROOT / "tests/unit").glob("[!_]*/")}
    packages = {file.parent.name for file in (ROOT / "supervisor").glob("*/__init__.py")}
    assert folders - packages - {path.name for path in ROOT.glob("[!.]*/")} == set()
