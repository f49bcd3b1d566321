"""Noise that follows the seed, for models that draw their own.

VITS and its like hold nodes that draw from a generator of the runtime's, which goes on from run to
run: the same text never sounds the same twice. `seeded_noise` puts an input in their place, and
`noise_inputs` fills it from the seed of the job. The graph takes from it as much as each node used
to draw, one after the other, and begins again at its first value where it has too few.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnxruntime as ort

from workers.session import Tensor

if TYPE_CHECKING:
    import onnx

NOISE: Final = "seeded_noise"
"""Name of the input: float32 of any shape [n]."""

VALUES: Final = 1 << 17
"""Values that a run gets: they last for 8 s of VITS, and take 2 ms to draw."""

_NORMAL: Final = frozenset({"RandomNormal", "RandomNormalLike"})
_OTHERS: Final = frozenset({"RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"})
_LEAST_OPSET: Final = 13
_FLOAT32: Final = 1


def seeded_noise(model: str | Path) -> bytes:
    """The model, with the input `NOISE` in the place of every node that draws normal noise.

    One that draws none stays as it is. Needs the package `onnx`. Raises OSError, or ValueError in
    one line for a file that is no ONNX model, and for one whose noise cannot be seeded.
    """
    import onnx  # noqa: PLC0415 - a process that only speaks has no use for it

    try:
        loaded = onnx.load(str(model))
    except OSError:
        raise
    except Exception as error:  # protobuf has no exception type of its own to import
        raise ValueError(f"{model} is no ONNX model, or is damaged") from error
    if not loaded.graph.node:
        raise ValueError(f"{model} is no ONNX model: there is no graph in it")
    if _seed(loaded):
        loaded.graph.input.append(
            onnx.helper.make_tensor_value_info(NOISE, onnx.TensorProto.FLOAT, ["noise"])
        )
    return bytes(loaded.SerializeToString())


def noise_inputs(session: ort.InferenceSession, seed: int) -> dict[str, Tensor]:
    """What a session over a seeded model is fed beside its own inputs; {} where it draws none."""
    if not any(each.name == NOISE for each in session.get_inputs()):
        return {}
    return {NOISE: np.random.default_rng(seed).standard_normal(VALUES, np.float32)}


def _seed(model: onnx.ModelProto) -> int:
    """Replace the nodes in place; returns how many there were. Raises ValueError."""
    for op in _inner_ops(model.graph):
        if op in _NORMAL | _OTHERS:
            raise ValueError(f"the model draws noise inside a branch or a loop ({op})")
    drawn = [node for node in model.graph.node if node.op_type in _NORMAL]
    for node in model.graph.node:
        if node.op_type in _OTHERS:
            raise ValueError(f"the model draws noise by {node.op_type}, which cannot be seeded")
    opset = max((each.version for each in model.opset_import if not each.domain), default=0)
    if drawn and opset < _LEAST_OPSET:
        raise ValueError(
            f"the model is of ONNX opset {opset}: export it with {_LEAST_OPSET} or later"
        )
    nodes: list[onnx.NodeProto] = []
    before = ""
    for node in model.graph.node:
        if node.op_type in _NORMAL:
            made, before = _taken(node, before)
            nodes += made
        else:
            nodes.append(node)
    if drawn:
        del model.graph.node[:]
        model.graph.node.extend(nodes)
    return len(drawn)


def _inner_ops(graph: onnx.GraphProto) -> Iterator[str]:
    """Operators of the graphs inside the nodes of this one."""
    for node in graph.node:
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                for each in inner.node:
                    yield each.op_type
                yield from _inner_ops(inner)


def _taken(node: onnx.NodeProto, before: str) -> tuple[list[onnx.NodeProto], str]:
    """Nodes that take what `node` drew from the input, from where the last one ended (`before`);
    and the name of where this one ends.
    """
    from onnx import helper  # noqa: PLC0415 - as above

    out = node.output[0]
    given: dict[str, Any] = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    made: list[onnx.NodeProto] = []

    def name(part: str) -> str:
        return f"{out}/{NOISE}/{part}"

    def step(op: str, inputs: list[str], part: str, **attributes: Any) -> str:  # noqa: ANN401 (ONNX)
        made.append(helper.make_node(op, inputs, [name(part)], name=name(part), **attributes))
        return name(part)

    def whole(value: int, part: str) -> str:
        return step("Constant", [], part, value_ints=[value])

    if node.op_type == "RandomNormal":
        shape = step("Constant", [], "shape", value_ints=list(given["shape"]))
    else:
        shape = step("Shape", [node.input[0]], "shape")
    size = step("ReduceProd", [shape], "size", keepdims=1)
    begin = before or whole(0, "begin")
    end = step("Add", [begin, size], "end")
    length = step("Shape", [NOISE], "length")
    rest = step("Sub", [length, whole(1, "one")], "rest")
    times = step("Div", [step("Add", [end, rest], "sum"), length], "times")
    tiled = step("Tile", [NOISE, times], "tiled")
    value = step("Reshape", [step("Slice", [tiled, begin, end], "part"), shape], "normal")
    if (scale := given.get("scale", 1.0)) != 1.0:
        value = step("Mul", [value, step("Constant", [], "scale", value_float=scale)], "scaled")
    if (mean := given.get("mean", 0.0)) != 0.0:
        value = step("Add", [value, step("Constant", [], "mean", value_float=mean)], "moved")
    made.append(helper.make_node("Cast", [value], [out], name=name("cast"), to=_dtype(given)))
    return made, end


def _dtype(given: dict[str, Any]) -> int:
    """The element type of what a node drew; one that names none has mostly float32."""
    return int(given.get("dtype", _FLOAT32))
