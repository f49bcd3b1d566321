"""Exact pass: normalization over time, written out in ten nodes, becomes one."""

from __future__ import annotations

import numpy as np
from onnx.helper import make_node

from workers.engines.kokoro.derive.graph import Graph, Node, other

_EPSILON = 1e-5
_FLAT = "flat_shape"


def instance_norms(graph: Graph) -> int:
    """Normalization of each channel over time becomes InstanceNormalization.

    Algebra: (x - mean x) / sqrt(mean (x - mean x)² + ε) · γ + β, with means over axis
    2, is InstanceNormalization(x, γ, β) by definition.

    Precondition: x has shape [1, channels, time] (the model takes one text), ε is
    1e-5, γ and β have one value for each channel. The last is not known before a run;
    the operator refuses any other number, so a graph that breaks it fails its gate.

    The result differs by rounding. So whatever durations and pitch follow from is left
    alone: a phase is a sum over all the pitch before it, and small differences grow.
    Test: `test_instance_norms_*`.
    """
    found = 0
    decisive = graph.upstream("CumSum")
    for divide in graph.of("Div"):
        if divide.output[0] in decisive:
            continue
        source = _normalized(graph, divide)
        ends = [_affine(graph, mul) for mul in graph.consumers(divide.output[0])]
        if source is None or not all(ends):
            continue
        for mul, add in filter(None, ends):
            name = add.output[0]
            shape = graph.add_constant(_FLAT, np.array([-1], np.int64))
            gamma, beta = f"{name}:gamma", f"{name}:beta"
            inputs = [source, gamma, beta]
            graph.replace(add, [
                make_node("Reshape", [other(mul, divide.output[0]), shape], [gamma]),
                make_node("Reshape", [other(add, mul.output[0]), shape], [beta]),
                make_node("InstanceNormalization", inputs, [name], epsilon=_EPSILON),
            ])  # fmt: skip
            found += 1
    return found


def _normalized(graph: Graph, divide: Node) -> str | None:
    """x, where a division is (x - mean x) / sqrt(variance + ε) over axis 2."""
    centred = graph.producer(divide.input[0], "Sub")
    root = graph.producer(divide.input[1], "Sqrt")
    added = graph.producer(root.input[0], "Add") if root else None
    if centred is None or added is None:
        return None
    source, difference = centred.input[0], centred.output[0]
    means = [graph.producer(name, "ReduceMean") for name in added.input]
    variance = next((mean for mean in means if mean is not None), None)
    mean = graph.producer(centred.input[1], "ReduceMean")
    if variance is None or mean is None or mean.input[0] != source:
        return None
    square = graph.producer(variance.input[0], "Mul")
    if square is None or set(square.input) != {difference}:
        return None
    if not graph.is_scalar(other(added, variance.output[0]), _EPSILON):
        return None
    over_time = all(graph.is_scalar(node.input[1], 2) for node in (mean, variance))
    return source if over_time else None


def _affine(graph: Graph, mul: Node) -> tuple[Node, Node] | None:
    add = graph.next(mul, "Add") if mul.op_type == "Mul" else None
    return (mul, add) if add is not None else None
