"""`supervisor models pull piper --from FILE`: what is taken, and what is refused in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from supervisor.speech import Speech
from tests.unit.engines.piper.small_voice import voice
from tts_supervisor_piper import Piper, stock
from workers.engines.base import PullError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of voices in a cache of its own."""
    monkeypatch.setenv("SUPERVISOR_CACHE_DIR", str(tmp_path / "cache"))
    return stock.folder()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A good voice somewhere else."""
    (tmp_path / "MODEL_CARD").write_text("# Model card\n\n* License: CC0\n")
    return voice(tmp_path / "anna.onnx")


def refused(source: Path | None) -> str:
    """Why a file is not taken; nothing of it is in the cache then."""
    with pytest.raises(PullError) as refusal:
        Piper({}).pull("piper", source)
    assert [path for path in stock.folder().glob("*") if path.suffix != ".lock"] == []
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_a_voice_is_copied_and_speaks_as_it_did(source: Path, cache: Path) -> None:
    """It is listed with licence and size, and its noise follows the seed as in its own place."""
    speech = Speech(engine="piper", voice="anna", seed=4)
    there = Piper({"voices_dir": str(source.parent)}).open(1).synthesize("hello.", speech).samples
    model = Piper({}).pull("piper", source)
    assert (model.name, model.licence, model.path) == ("anna", "CC0", str(cache / "anna.onnx"))
    engine = Piper({})
    assert np.array_equal(engine.open(1).synthesize("hello.", speech).samples, there)
    listed, how = engine.models()
    assert (listed.name, listed.size) == ("anna", (cache / "anna.onnx").stat().st_size)
    assert (how.name, how.path) == ("piper", None)
    assert "models pull piper --from" in how.how
    assert Piper({}).pull("anna", source).name == "anna", "once more is no error"


def test_the_description_must_lie_beside_it(source: Path) -> None:
    """Its name says which file is missing."""
    stock.beside(source).unlink()
    assert refused(source).endswith(
        "anna.onnx.json is missing: it is published beside the voice's model"
    )


@pytest.mark.parametrize("left", [0.0, 0.01, 0.5, 0.999])
def test_a_truncated_model_is_refused(source: Path, left: float) -> None:
    """Wherever it ends."""
    whole = source.read_bytes()
    source.write_bytes(whole[: int(len(whole) * left)])
    assert "anna.onnx" in refused(source)


def test_a_file_of_another_kind_is_refused(source: Path) -> None:
    """A picture under the name of a model."""
    source.write_bytes(b"\x89PNG\r\n" + bytes(2_000))
    assert refused(source).endswith("anna.onnx is no ONNX model, or is damaged")


def test_another_model_is_refused(source: Path) -> None:
    """One that takes something else than symbols."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y"))
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", [x], [y])
    onnx.save(helper.make_model(graph, ir_version=8), str(source))
    assert refused(source).endswith("is an ONNX model, but no Piper voice: it takes x")


def test_an_enormous_file_is_not_even_read(source: Path) -> None:
    """Its size says enough."""
    with source.open("r+b") as file:
        file.truncate(500_000_000)
    assert refused(source).endswith("has 500 MB, and no Piper voice more than 268 MB")


def test_a_model_with_fewer_symbols_than_are_described_is_refused(source: Path) -> None:
    """Else it would fail at the first text with one of the others."""
    voice(source, symbols=10)
    assert "cannot say the symbols of its description" in refused(source)


def test_a_model_of_one_speaker_is_no_model_of_two(source: Path) -> None:
    """The description belongs to another file."""
    one = source.read_bytes()
    voice(source, num_speakers=2)
    source.write_bytes(one)
    assert "does not fit its description, which has 2 speakers" in refused(source)


def test_what_is_no_file_of_a_voice_is_named(source: Path) -> None:
    """No file, a folder, a description, a name that means something else here."""
    assert "Piper's voices come from a file" in refused(None)
    assert "is a directory" in refused(source.parent)
    assert "not named like a Piper voice" in refused(stock.beside(source))
    assert "not named like a Piper voice" in refused(source.with_name("a#b.onnx"))
    assert "cannot copy" in refused(source.with_name("nobody.onnx"))


def test_a_broken_voice_is_listed_with_its_fault_and_hides_no_other(source: Path) -> None:
    """One bad file in a folder of good ones."""
    bad = source.with_name("bad.onnx")
    bad.write_bytes(source.read_bytes())
    stock.beside(bad).write_text('{"audio": ')
    engine = Piper({"voices_dir": str(source.parent)})
    assert [each.name for each in engine.describe().voices] == ["anna"]
    (fault,) = [model for model in engine.models() if model.name == "bad"]
    assert fault.path is None
    assert "describes no Piper voice" in fault.how
