"""Piper's distribution installed beside a supervisor: pulled, listed, spoken with, and killed."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from supervisor.client import Client
from tests.fixtures.piper_voice import VOICE, folder
from tests.fixtures.staged import static_pool
from tests.supervised import Supervised, eventually
from tests.toy_engine.install import install

SOURCE = Path(__file__).parents[2] / "engines/piper"
TEXT = " ".join(f"This is sentence number {n}, which is as long as the others." for n in range(6))


@pytest.fixture(scope="module")
def supervised(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    """Two workers with the engine preloaded; its voice was pulled as a user does it."""
    voice = folder() / f"{VOICE}.onnx"
    supervised = Supervised(
        {**static_pool(2), "engines.default": "piper", "engines.preload": ["piper"]}
    )
    site = install(tmp_path_factory.mktemp("site"), SOURCE)
    supervised.environ["PYTHONPATH"] = os.pathsep.join([str(site), *sys.path])
    supervised.environ["SUPERVISOR_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))
    supervised.python("-m", "supervisor", "models", "pull", "piper", "--from", str(voice))
    with supervised:
        supervised.workers(2)
        yield supervised
        assert supervised.stop() == 0, supervised.output


def test_it_is_listed_with_its_rate(supervised: Supervised) -> None:
    """On disk, and among the voices that a client may ask for."""
    listed = json.loads(supervised.python("-m", "supervisor", "models", "list", "--json"))
    assert VOICE in {model["name"] for model in listed if model["path"]}
    with Client(supervised.endpoint) as client:
        engine = client.engines()["piper"]
        assert (engine["voices"], engine["unavailable"]) == ({VOICE: "en-US"}, None)
        assert client.synthesize("Hello.").sample_rate == 22_050


def test_both_workers_say_the_same_and_none_is_missed(supervised: Supervised) -> None:
    """The same seed, whichever worker speaks; and one that is killed meanwhile is not noticed."""
    with Client(supervised.endpoint) as client:
        whole = client.synthesize(TEXT, seed=3)
        job = client.submit(TEXT, seed=3)
        busy = eventually(
            lambda: [w["pid"] for w in supervised.status()["workers"] if w["state"] == "busy"],
            "a worker that speaks",
        )
        os.kill(busy[0], signal.SIGKILL)
        again = job.result()
    assert np.array_equal(whole.samples, again.samples)
    assert whole.samples.size > 10 * whole.sample_rate
