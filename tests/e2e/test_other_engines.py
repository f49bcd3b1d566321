"""Engines of other packages, as a user meets them: installed, started, spoken with."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.fixtures.staged import static_pool
from tests.supervised import Supervised
from tests.toy_engine.install import install


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    """A supervisor where the toy package is installed, with an engine of it as the default."""
    engines = {
        "engines.default": "toy",
        "engines.preload": ["toy"],
        "engines.options": {"toy": {"level": 0.25}},
    }
    supervised = Supervised({**static_pool(1), **engines})
    site = install(tmp_path_factory.mktemp("site"))
    supervised.environ["PYTHONPATH"] = os.pathsep.join([str(site), *sys.path])
    with supervised:
        yield supervised
        assert supervised.stop() == 0, supervised.output


def say(supervised: Supervised, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `supervisor say`."""
    command = [sys.executable, "-W", "error", "-m", "supervisor", "say", *arguments]
    return subprocess.run(
        command, env=supervised.environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_an_engine_of_a_separate_package_speaks(toys: Supervised, tmp_path: Path) -> None:
    """Nothing but its entry point tells us of it: it has its settings, its rate and its say."""
    target = tmp_path / "toy.raw"
    result = say(toys, "Ten samples each.", "-o", str(target))
    assert (result.returncode, result.stderr) == (0, "")
    samples = np.fromfile(target, "<f4")
    assert samples.tolist() == [0.25] * (10 * len("Ten samples each."))


def test_an_engine_whose_extra_is_missing_says_which(toys: Supervised, tmp_path: Path) -> None:
    """One line with the pip command, exit code 4, no file; the others go on."""
    target = tmp_path / "broken.wav"
    result = say(toys, "Hello.", "--engine", "broken", "-o", str(target))
    assert result.returncode == 4
    (line,) = result.stderr.splitlines()
    assert "pip install 'toy-engine[broken]'" in line
    assert not target.exists()
    assert say(toys, "Hello.", "-o", str(target)).returncode == 0
