"""The engine in docs/ENGINES.md, as a reader would have it: written out, installed, spoken with."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from supervisor.client import Client
from tests.fixtures.staged import static_pool
from tests.supervised import Supervised
from tests.toy_engine.install import install

ROOT = Path(__file__).parents[2]
FILE = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```\n", re.DOTALL)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the files of the document."""
    directory = tmp_path_factory.mktemp("tone")
    for name, text in FILE.findall((ROOT / "docs/ENGINES.md").read_text()):
        (directory / name).write_text(text)
    return directory


@pytest.fixture(scope="module")
def toned(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    """A supervisor where it is installed, preloaded, and set as the document sets it."""
    engines = {
        "engines.default": "tone",
        "engines.preload": ["tone"],
        "engines.options": {"tone": {"level": 0.2}},
    }
    supervised = Supervised({**static_pool(1), **engines})
    site = install(tmp_path_factory.mktemp("site"), source)
    supervised.environ["PYTHONPATH"] = os.pathsep.join([str(site), *sys.path])
    with supervised:
        yield supervised
        assert supervised.stop() == 0, supervised.output


def test_it_speaks(toned: Supervised) -> None:
    """With its setting, its sample rate, its voices, and the same for the same seed."""
    with Client(toned.endpoint) as client:
        low = client.synthesize("Hello there.", seed=1)
        high = client.synthesize("Hello there.", voice="high", seed=1)
        again = client.synthesize("Hello there.", seed=1)
    assert low.sample_rate == 16_000
    assert low.samples.size == round(len("Hello there.") * 0.05 * 16_000)
    assert np.abs(low.samples).max() == pytest.approx(0.2, abs=0.001)
    assert np.array_equal(low.samples, again.samples)
    assert np.count_nonzero(np.diff(np.sign(high.samples))) > 3 * np.count_nonzero(
        np.diff(np.sign(low.samples))
    )


def test_it_is_listed(toned: Supervised) -> None:
    """`supervisor models list` shows what it speaks with, and a client what it can do."""
    listed = json.loads(toned.python("-m", "supervisor", "models", "list", "--json"))
    (model,) = [model for model in listed if model["engine"] == "tone"]
    assert (model["name"], model["licence"]) == ("tone-wave", "CC0-1.0")
    with Client(toned.endpoint) as client:
        engine = client.engines()["tone"]
    assert (set(engine["voices"]), engine["unavailable"]) == ({"low", "high"}, None)


def test_its_own_tests_pass(toned: Supervised, source: Path) -> None:
    """The tests that the document gives run as it says, all of them."""
    test = str(source / "test_tone_engine.py")
    said = toned.python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", test)
    assert "5 passed" in said
