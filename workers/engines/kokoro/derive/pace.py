"""The speed of each token, and how long each becomes: what the published graph keeps to itself.

It takes one speed for a whole run and gives audio alone. No pass of `levels`: it rewrites nothing,
and every level has it. Which speeds is for `pacing` to say.
"""

from __future__ import annotations

import onnx
from onnx.helper import make_node, make_tensor_value_info

from workers.engines.kokoro.derive.graph import Graph, Node, attributes
from workers.engines.kokoro.inputs import DURATIONS, SPEED, SPEEDS


def prepare(model: onnx.ModelProto) -> bool:
    """Have the model take a speed for each token and give their durations, in frames; edited in
    place. False, and nothing edited, where its durations are not made as the published model's.

    Algebra: max(1, round(frames / speed)) with frames [1, tokens] and speed [1]. The division takes
    a speed of [tokens] as it is; only the input's declaration forbids one. Precondition: the
    speed is read by this division alone. Test: `test_kokoro_pace`.
    """
    graph = Graph(model)
    found = _durations(graph)
    speed = next((one for one in model.graph.input if one.name == SPEED), None)
    if found is None or speed is None:
        return False
    shape = speed.type.tensor_type.shape
    del shape.dim[:]
    shape.dim.add().dim_param = SPEEDS
    model.graph.node.append(make_node("Cast", [found], [DURATIONS], to=onnx.TensorProto.INT64))
    told = make_tensor_value_info(DURATIONS, onnx.TensorProto.INT64, [1, "tokens"])
    model.graph.output.append(told)
    return True


def _durations(graph: Graph) -> str | None:
    """The tensor with each token's number of frames, [1, tokens]."""
    readers = graph.consumers(SPEED)
    if len(readers) != 1 or readers[0].op_type != "Div" or readers[0].input[1] != SPEED:
        return None
    division = readers[0]
    rounded = graph.next(division, "Round")
    clipped = graph.next(rounded, "Clip") if rounded is not None else None
    frames = graph.producer(division.input[0], "ReduceSum")
    if clipped is None or frames is None or not _drops_its_axis(frames):
        return None
    return str(clipped.output[0])


def _drops_its_axis(node: Node) -> bool:
    """Whether what is summed up has one dimension less: [1, tokens], not [1, tokens, 1]."""
    return bool(attributes(node).get("keepdims", 1) == 0)
