"""What engines of other packages build on: noise from the seed, and voices in bounded number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from workers.engines import toolkit
from workers.engines.noise import NOISE
from workers.engines.toolkit import (
    Kept,
    Tensor,
    build_session,
    noise_inputs,
    seeded_noise,
    with_output,
)

FLOAT = TensorProto.FLOAT


def model(path: Path, *nodes: onnx.NodeProto, opset: int = 15) -> Path:
    """A graph x [n] -> a, b of these nodes, written to `path`."""
    tensors = [helper.make_tensor_value_info(name, FLOAT, None) for name in ("x", "a", "b")]
    graph = helper.make_graph(list(nodes), "drawing", tensors[:1], tensors[1:])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.save(made, str(path))
    return path


def like(name: str, scale: float = 1.0, mean: float = 0.0) -> onnx.NodeProto:
    """A node that draws as many values as `x` has."""
    drawing = {"dtype": FLOAT, "scale": scale, "mean": mean}
    node = helper.make_node("RandomNormalLike", ["x"], [name])
    node.attribute.extend(helper.make_attribute(key, value) for key, value in drawing.items())
    return node


def run(graph: bytes, seed: int, count: int) -> list[Tensor]:
    """Both outputs for so many values."""
    session = build_session(graph, 1)
    given: dict[str, Tensor] = {"x": np.zeros(count, np.float32), **noise_inputs(session, seed)}
    return list(session.run(None, given))


def test_noise_follows_the_seed(tmp_path: Path) -> None:
    """In a session of another process, too; another seed is another noise, and so is each node."""
    graph = seeded_noise(model(tmp_path / "m.onnx", like("a"), like("b", scale=2.0, mean=3.0)))
    one, two = run(graph, 7, 5_000)
    assert np.array_equal([one, two], run(graph, 7, 5_000))
    assert not np.array_equal(one, run(graph, 8, 5_000)[0])
    expected = np.random.default_rng(7).standard_normal(10_000, np.float32)
    assert np.array_equal(one, expected[:5_000])
    assert np.allclose(two, expected[5_000:] * 2 + 3)


def test_noise_of_a_fixed_shape_is_replaced(tmp_path: Path) -> None:
    """RandomNormal names its shape where the others borrow one."""
    fixed = helper.make_node("RandomNormal", [], ["a"], shape=[2, 3])
    graph = seeded_noise(model(tmp_path / "m.onnx", fixed, like("b")))
    one, two = run(graph, 1, 4)
    assert (one.shape, two.shape) == ((2, 3), (4,))
    assert len({*one.reshape(-1).tolist(), *two.tolist()}) == 10


def test_a_long_text_does_not_run_out_of_noise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins again at the first value."""
    monkeypatch.setattr("workers.engines.noise.VALUES", 4)
    graph = seeded_noise(model(tmp_path / "m.onnx", like("a"), like("b")))
    one, two = run(graph, 3, 6)
    assert np.array_equal(np.concatenate([one, two]), np.tile(one[:4], 3))


def test_a_model_without_noise_stays_as_it_is(tmp_path: Path) -> None:
    """And is fed nothing that it does not take; nor does a second time change anything."""
    plain = [helper.make_node("Neg", ["x"], [name]) for name in ("a", "b")]
    graph = seeded_noise(model(tmp_path / "m.onnx", *plain))
    assert noise_inputs(build_session(graph, 1), 1) == {}
    (tmp_path / "seeded.onnx").write_bytes(
        seeded_noise(model(tmp_path / "noisy.onnx", like("a"), like("b")))
    )
    again = build_session(seeded_noise(tmp_path / "seeded.onnx"), 1)
    assert [each.name for each in again.get_inputs()] == ["x", NOISE]


@pytest.mark.parametrize(
    ("op", "opset", "reason"),
    [
        ("RandomUniformLike", 15, "draws noise by RandomUniformLike, which cannot be seeded"),
        ("RandomNormalLike", 11, "of ONNX opset 11: export it with 13 or later"),
    ],
)
def test_noise_that_cannot_be_seeded_is_named(
    tmp_path: Path, op: str, opset: int, reason: str
) -> None:
    """In one line, instead of speech that differs from run to run."""
    nodes = [helper.make_node(op, ["x"], [name]) for name in ("a", "b")]
    with pytest.raises(ValueError, match=reason):
        seeded_noise(model(tmp_path / "m.onnx", *nodes, opset=opset))


def test_noise_inside_a_branch_is_refused(tmp_path: Path) -> None:
    """It may be drawn or not, so nobody knows which values are whose."""
    inner = helper.make_graph(
        [like("y")], "then", [], [helper.make_tensor_value_info("y", FLOAT, None)]
    )
    yes = helper.make_node("Cast", ["x"], ["yes"], to=TensorProto.BOOL)
    branch = helper.make_node("If", ["yes"], ["a"], then_branch=inner, else_branch=inner)
    copy = helper.make_node("Neg", ["x"], ["b"])
    with pytest.raises(ValueError, match="inside a branch or a loop"):
        seeded_noise(model(tmp_path / "m.onnx", yes, branch, copy))


@pytest.mark.parametrize("content", [b"", b"\xff\xd8 a picture", b'{"a": "JSON"}' * 20])
def test_what_is_no_model_is_said_so(tmp_path: Path, content: bytes) -> None:
    """By its name, whatever the file is."""
    path = tmp_path / "other.onnx"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"other\.onnx is no ONNX model"):
        seeded_noise(path)


@pytest.mark.parametrize("inside", ["n", "n" * 126, "n" * 300])
def test_a_value_inside_a_model_is_given_out(tmp_path: Path, inside: str) -> None:
    """After its own outputs, which stay; its name may be as long as exporters make them."""
    nodes = (("Neg", "x", inside), ("Abs", inside, "a"), ("Neg", inside, "b"))
    path = model(tmp_path / "m.onnx", *(helper.make_node(op, [to], [of]) for op, to, of in nodes))
    session = build_session(with_output(path.read_bytes(), inside), 1)
    given = {"x": np.asarray([1.0, -2.0], np.float32)}
    a, b, told = (output.tolist() for output in session.run(None, given))
    assert (a, b, told) == ([1.0, 2.0], [1.0, -2.0], [-1.0, 2.0])


def test_few_things_are_kept_and_none_is_made_twice_in_a_row() -> None:
    """The one that was not asked for longest goes first; one that fails leaves the others."""
    made: list[str] = []

    def make(name: str) -> str:
        if name == "broken":
            raise ValueError(name)
        made.append(name)
        return name.upper()

    kept = Kept(make, 2)
    assert [kept.get(name) for name in "abab"] == ["A", "B", "A", "B"]
    kept.get("a")
    kept.get("c")
    assert kept.get("a") == "A"
    assert made == ["a", "b", "c"]
    with pytest.raises(ValueError, match="broken"):
        kept.get("broken")
    assert kept.get("a") == "A"


def test_every_name_of_the_toolkit_is_explained() -> None:
    """Its docstring is the page that an engine's author reads."""
    assert toolkit.__doc__ is not None
    assert [name for name in toolkit.__all__ if f"`{name}`" not in toolkit.__doc__] == []
