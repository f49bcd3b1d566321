"""Engines are found by entry point, and none takes another down."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.speech import Speech
from tests.toy_engine.install import install
from workers.engines import registry
from workers.engines.base import spoken


@pytest.fixture
def toy_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The toy package, installed where this process finds it."""
    monkeypatch.syspath_prepend(str(install(tmp_path)))
    return tmp_path


def test_own_engines_are_registered() -> None:
    """The distribution's entry points name every engine that it ships."""
    assert {"hibari", "kokoro", "noop"} <= set(registry.catalogue({}))


def test_separate_package_brings_an_engine(toy_package: Path) -> None:
    """An engine of another distribution is listed, made with its own settings, and speaks."""
    info = registry.catalogue({})["toy"]
    assert (info.sample_rate, info.default_voice, info.unavailable) == (8000, "plain", None)
    session = registry.make("toy", {"toy": {"level": 0.25}, "hibari": {}}).open(1)
    samples = session.synthesize("abc", Speech(engine="", voice="plain"))
    assert spoken(samples).samples.tolist() == [0.25] * 30


def test_engine_that_cannot_be_imported_is_listed_with_the_remedy(toy_package: Path) -> None:
    """A missing library makes one engine unavailable, with the pip command, and no other."""
    catalogue = registry.catalogue({})
    reason = catalogue["broken"].unavailable
    assert reason is not None
    assert "a_library_that_nobody_has" in reason
    assert "pip install 'toy-engine[broken]'" in reason
    assert catalogue["toy"].unavailable is None


def test_engine_of_a_later_protocol_is_refused_with_the_remedy(toy_package: Path) -> None:
    """One line says what to change, whatever else such an engine would have said of itself."""
    assert registry.catalogue({})["later"].unavailable == (
        "engine later speaks version 3 of the engine protocol, and this supervisor 1 to 2: "
        "pip install --upgrade tts-supervisor, or an older toy-engine"
    )


def test_engine_that_raises_is_listed_in_one_line(toy_package: Path) -> None:
    """What a constructor raises becomes the reason, without its line breaks."""
    reason = registry.catalogue({})["fussy"].unavailable
    assert reason == "engine fussy is broken (RuntimeError: no licence key set one)"


def test_unknown_engine_names_those_that_exist() -> None:
    """Making an engine that nobody registered says which there are."""
    with pytest.raises(LookupError, match=r"no engine 'hibaro'; there are .*hibari"):
        registry.make("hibaro", {})
