"""What an error tells to install fits how the product was installed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from supervisor import installing


class Installed:
    """An installed distribution: its version, its `direct_url.json`, its files."""

    def __init__(self, origin: dict[str, Any] | None, files: tuple[Path, ...] = ()) -> None:
        self.version = "4.3.0"
        self.files = files
        self._origin = origin

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return None if self._origin is None else json.dumps(self._origin)


@pytest.fixture(autouse=True)
def _asked_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The pip of this interpreter is the one that is found."""
    monkeypatch.setattr(installing, "_pip", lambda: "pip")
    installing.how_to_install.cache_clear()
    yield
    installing.how_to_install.cache_clear()


def test_what_is_named_can_be_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a checkout, a directory, a wheel, an address, and an index."""
    wheel = tmp_path / "tts_supervisor-0.1.0-py3-none-any.whl"
    wheel.touch()
    spaced = tmp_path / "my checkout"
    spaced.mkdir()
    cases = [
        ({"url": f"file://{tmp_path}", "dir_info": {"editable": True}}, f"-e '{tmp_path}[kokoro]'"),
        ({"url": f"file://{tmp_path}", "dir_info": {}}, f"'{tmp_path}[kokoro]'"),
        ({"url": spaced.as_uri(), "dir_info": {"editable": True}}, f"-e '{spaced}[kokoro]'"),
        ({"url": f"file://{wheel}", "archive_info": {}}, f"'{wheel}[kokoro]'"),
        ({"url": "file:///gone.whl"}, "'tts-supervisor[kokoro]'"),
        (
            {"url": "https://x/y.git", "vcs_info": {"vcs": "git", "commit_id": "0a1b"}},
            "'tts-supervisor[kokoro] @ git+https://x/y.git@0a1b'",
        ),
        ({"url": "https://x/y.whl"}, "'tts-supervisor[kokoro] @ https://x/y.whl'"),
        (None, "'tts-supervisor[kokoro]'"),
    ]
    for origin, target in cases:
        installing.how_to_install.cache_clear()
        monkeypatch.setattr(installing, "_distribution", lambda _, found=origin: Installed(found))
        assert installing.how_to_install("kokoro") == f"pip install {target}"


def test_in_an_image_nothing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is built anew."""
    monkeypatch.setenv(installing.IMAGE, "1")
    told = installing.how_to_install("kokoro", "languages")
    assert told == "build the image anew with kokoro,languages added to --build-arg EXTRAS"
    assert installing.how_to_install() == "build the image anew"


def test_another_project_of_the_same_import_name_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that merely has the name is not, nor none."""
    theirs: dict[str, Installed | None] = {"supervisor": None, "tts-supervisor": Installed(None)}
    monkeypatch.setattr(installing, "_distribution", theirs.get)
    assert installing.shadow() is None
    theirs["supervisor"] = Installed(None, (Path("supervisor_of/other.py"),))
    assert installing.shadow() is None
    theirs["supervisor"] = Installed(None, (Path("supervisor/__init__.py"),))
    told = installing.shadow()
    assert told is not None
    assert "supervisor 4.3.0 (supervisord)" in told.found
    assert "pip uninstall supervisor, then pip install --force-reinstall" in told.advice
