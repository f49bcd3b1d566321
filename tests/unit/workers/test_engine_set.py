"""The sessions of one process: which one speaks, and what a replacement that fails changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from supervisor.speech import Speech
from workers.engine_set import EngineSet
from workers.engines import registry
from workers.engines.base import EngineInfo, Samples, Voice


class Fake:
    """An engine that cannot build sessions of `too_many` threads."""

    too_many = 3

    def __init__(self, name: str) -> None:
        self.name = name
        self.loaded = 0

    def describe(self) -> EngineInfo:
        return EngineInfo(self.name, 24_000, "v", (Voice("v", "en", "CC0-1.0"),), "CC0-1.0")

    def load(self) -> None:
        self.loaded += 1

    def open(self, threads: int) -> FakeSession:
        if threads >= self.too_many and self.name == "second":
            raise MemoryError("no room")
        return FakeSession(threads)


class FakeSession:
    """Remembers what it was asked to speak."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.spoken: list[str] = []

    def synthesize(self, text: str, speech: Speech) -> Samples:
        self.spoken.append(text)
        return np.zeros(1, np.float32)

    def terminate(self) -> None:
        pass


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> EngineSet:
    """Two engines, loaded, with their single-threaded sessions."""
    made: dict[str, Fake] = {}

    def make(name: str, settings: Mapping[str, Any]) -> Fake:
        assert name not in made, "an engine is made once"
        return made.setdefault(name, Fake(name))

    monkeypatch.setattr(registry, "make", make)
    engines = EngineSet({})
    engines.load(["first", "second"])
    assert all(engine.loaded == 1 for engine in made.values())
    return engines


def session(engines: EngineSet, name: str, *, reproducible: bool = False) -> FakeSession:
    """The session that would speak."""
    found = engines.session(name, reproducible=reproducible)
    assert isinstance(found, FakeSession)
    return found


def test_a_replacement_is_warm_before_it_speaks(engines: EngineSet) -> None:
    """Every engine has a session of the new width that has spoken once; the generation counts."""
    engines.rebuild(2, warm=True)
    for name in ("first", "second"):
        assert session(engines, name).threads == 2
        assert session(engines, name).spoken == ["One."]
    assert (engines.threads, engines.session_generation) == (2, 1)


def test_the_first_of_a_worker_does_not_wait_to_be_warm(engines: EngineSet) -> None:
    """Nobody speaks meanwhile, so the first segment may as well do it."""
    engines.rebuild(2, warm=False)
    assert session(engines, "first").threads == 2
    assert session(engines, "first").spoken == []


def test_a_replacement_that_fails_changes_nothing(engines: EngineSet) -> None:
    """Also where the first of two engines had its new session already."""
    engines.rebuild(2, warm=True)
    before = [session(engines, name) for name in ("first", "second")]
    took = engines.session_build_s
    with pytest.raises(MemoryError, match="no room"):
        engines.rebuild(3, warm=True)
    assert [session(engines, name) for name in ("first", "second")] == before
    assert (engines.threads, engines.session_generation) == (2, 1)
    assert engines.session_build_s == took
    engines.rebuild(1, warm=True)
    assert session(engines, "first").threads == 1


def test_the_session_of_one_thread_is_never_given_up(engines: EngineSet) -> None:
    """It speaks what has to be the same to the sample, and going back to it costs nothing."""
    single = session(engines, "first")
    engines.rebuild(2, warm=True)
    assert session(engines, "first", reproducible=True) is single
    wide = session(engines, "first")
    engines.rebuild(1, warm=True)
    assert session(engines, "first") is single
    engines.rebuild(2, warm=True)
    assert session(engines, "first") is not wide, "a wider one is dropped"


def test_an_engine_that_is_not_loaded_is_loaded_at_its_first_session(engines: EngineSet) -> None:
    """With the width of now."""
    engines.rebuild(2, warm=True)
    assert session(engines, "third").threads == 2
