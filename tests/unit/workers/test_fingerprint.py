"""The fingerprint of what speaks: another one for another model, voice, setting or package."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from supervisor.speech import Speech
from workers import fingerprint
from workers.engines.base import Samples, Session
from workers.engines.hibari import HibariSession
from workers.engines.kokoro.derived import Ready
from workers.engines.kokoro.engine import Kokoro, KokoroSession
from workers.engines.kokoro.voices import ROWS, WIDTH


class Plain:
    """A session that does not tell what it speaks with."""

    def synthesize(self, text: str, speech: Speech) -> Samples:
        del text, speech
        return np.zeros(1, np.float32)

    def terminate(self) -> None:
        pass


class Told(Plain):
    """One that tells it."""

    def __init__(self, own: str) -> None:
        self._own = own

    def fingerprint(self, voice: str) -> str:
        return f"{self._own}/{voice}" if self._own else ""


def made(session: Session, voice: str, engine: str, settings: dict[str, Any]) -> str:
    """The fingerprint of a voice, spoken by a session of an engine with these settings."""
    return fingerprint.fingerprint(fingerprint.own_part(session, voice), engine, settings)


def test_everything_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The session's own part, the voice, the engine, its settings, and what all stand on."""
    found = {
        made(Told("1"), "v", "e", {}),
        made(Told("2"), "v", "e", {}),
        made(Told("1"), "w", "e", {}),
        made(Told("1"), "v", "f", {}),
        made(Told("1"), "v", "e", {"optimization": "none"}),
    }
    monkeypatch.setattr(fingerprint, "surroundings", lambda: "another package")
    found.add(made(Told("1"), "v", "e", {}))
    assert len(found) == 6
    assert all(len(each) == 32 for each in found)


def test_the_same_is_the_same() -> None:
    """In whatever order its settings come."""
    one, two = {"a": 1, "b": 2}, {"b": 2, "a": 1}
    assert made(Told("1"), "v", "e", one) == made(Told("1"), "v", "e", two)


def test_who_does_not_know_has_none() -> None:
    """Then nothing of it is cached."""
    assert made(Plain(), "v", "e", {}) == ""
    assert made(Told(""), "v", "e", {}) == ""


def test_packages_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By their versions."""
    before = fingerprint.surroundings()
    (tmp_path / "onnxruntime-9.9.9.dist-info").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    fingerprint.surroundings.cache_clear()
    try:
        assert fingerprint.surroundings() != before
    finally:
        fingerprint.surroundings.cache_clear()


def test_a_hibari_voice_is_its_model() -> None:
    """By content."""
    session = HibariSession({}, {"v": "digest"})
    assert session.fingerprint("v") == "digest"
    assert session.fingerprint("w") == ""


def kokoro_session(folder: Path, digest: str = "model") -> KokoroSession:
    """A session over voices in a folder, without a model that it never runs."""

    class Model:
        def get_outputs(self) -> list[Any]:
            return []

    names = {path.stem: folder for path in folder.glob("*.bin")}
    return KokoroSession(cast("Any", Model()), names, digest)


def test_a_kokoro_voice_is_its_table(tmp_path: Path) -> None:
    """As the session has read it: a file that is replaced meanwhile is what the next one reads."""
    for name in ("af_a", "af_b"):
        np.full(ROWS * WIDTH, 0.5, "<f4").tofile(tmp_path / f"{name}.bin")
    before = kokoro_session(tmp_path)
    mixed = before.fingerprint("af_a(2)+af_b(1)")
    assert before.fingerprint("af_a") == kokoro_session(tmp_path).fingerprint("af_a")
    assert before.fingerprint("af_a") != kokoro_session(tmp_path, "other").fingerprint("af_a")
    assert kokoro_session(tmp_path, "").fingerprint("af_a") == ""
    np.full(ROWS * WIDTH, 0.25, "<f4").tofile(tmp_path / "af_a.bin")
    after = kokoro_session(tmp_path)
    assert before.fingerprint("af_a") != after.fingerprint("af_a")
    assert mixed != after.fingerprint("af_a(2)+af_b(1)")
    assert before.fingerprint("af_b") == after.fingerprint("af_b")


def test_a_kokoro_model_is_its_file(tmp_path: Path) -> None:
    """Taken anew where that has changed since."""
    path = tmp_path / "model.onnx"
    engine = Kokoro({"model_path": str(path)})
    digests = set()
    for content in (b"one", b"other"):
        path.write_bytes(content)
        digests.add(engine._identify(Ready(path, "none")))
    assert len(digests) == 2
