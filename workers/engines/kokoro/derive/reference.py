"""The graph to judge others by: integer convolutions of the generator in float."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx.helper import make_node

from workers.engines.kokoro.derive import products
from workers.engines.kokoro.derive.graph import Graph, attributes
from workers.engines.kokoro.derive.snake import snakes


def float_generator(graph: Graph) -> int:
    """Integer convolutions behind a snake become float ones with the weights (W - wz)·S.

    Algebra: Conv(x, (W - wz)·S) + b is what the integer convolution rounds. Everything
    before the generator is left alone, so durations and pitch are the published
    graph's. Precondition: the pattern of `products`. Test: `test_float_generator`.
    """
    behind = snakes(graph)
    found = [site for site in products.convolutions(graph) if site.source in behind]
    for site in found:
        weights = site.signed_weights.astype(np.float32) * site.weight_scale.reshape(())
        inputs = [site.source, graph.add_constant(f"{site.weight_name}:float", weights)]
        if site.bias is not None:
            inputs.append(graph.add_constant(f"{site.output}:bias", site.bias.astype(np.float32)))
        node = make_node("Conv", inputs, [site.output], **attributes(site.node))
        graph.replace(site.last, [node])
    return len(found)


def write_reference(source: Path, target: Path) -> None:
    """Write the model at `source` with a float generator. Raises OSError."""
    model = onnx.load(source)
    graph = Graph(model)
    float_generator(graph)
    graph.commit()
    onnx.save(model, target)
