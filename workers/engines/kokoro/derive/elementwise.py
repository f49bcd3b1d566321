"""Exact pass over single operators."""

from __future__ import annotations

from onnx.helper import make_node

from workers.engines.kokoro.derive.graph import Graph


def squares(graph: Graph) -> int:
    """Pow(x, 2) becomes Mul(x, x).

    Algebra: x² = x·x. Precondition: the exponent is a constant 2. Why: Pow calls the
    library's function for each element. Test: `test_squares_*`.
    """
    found = [node for node in graph.of("Pow") if graph.is_scalar(node.input[1], 2)]
    for node in found:
        graph.replace(node, [make_node("Mul", [node.input[0]] * 2, list(node.output))])
    return len(found)
