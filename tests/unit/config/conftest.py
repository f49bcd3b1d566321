"""Each test has a directory of its own for settings files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.config.places import Place


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An empty place, which is also the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "override.json").write_text("{}")
    return Place(tmp_path)
