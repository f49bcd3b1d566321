"""The graph that calibration runs: each run reports the range of its tensors."""

from __future__ import annotations

import msgspec
import numpy as np
import onnx
from onnx.helper import make_node

from workers.engines.kokoro.derive import products
from workers.engines.kokoro.derive.graph import Graph
from workers.engines.kokoro.derive.levels import rewrite
from workers.engines.kokoro.derive.snake import snakes

_TIME_AXIS = 2


class Probe(msgspec.Struct, frozen=True):
    """One site: the convolution's output, and the outputs of the model that hold, for each
    channel, the lowest and highest value of its input and of its output.
    """

    site: str
    input_low: str
    input_high: str
    output_low: str
    output_high: str


def add_probes(model: onnx.ModelProto) -> list[Probe]:
    """Have the model report every convolution behind a snake, and rewrite it exactly."""
    graph = Graph(model)
    behind = snakes(graph)
    axis = graph.add_constant("time_axis", np.array([_TIME_AXIS], np.int64))
    probes = []
    for site in products.convolutions(graph):
        if site.source not in behind:
            continue
        names = [f"{site.output}:probe{number}" for number in range(4)]
        tensors = (site.source, site.source, site.output, site.output)
        reduced = [
            make_node(kind, [tensor, axis], [name], keepdims=0)
            for kind, tensor, name in zip(
                ["ReduceMin", "ReduceMax"] * 2, tensors, names, strict=True
            )
        ]
        graph.replace(site.last, [site.last, *reduced])
        probes.append(Probe(site.output, *names))
    reported = [name for p in probes for name in msgspec.structs.astuple(p)[1:]]
    graph.commit(keep=reported)
    rewrite(model, None)
    return probes
