"""The generator's activation function, as the published graph writes it:

snake(y) = y + 1/α · sin²(α·y),   α one number for each channel
"""

from __future__ import annotations

import msgspec

from workers.engines.kokoro.derive.graph import Array, Graph, Node, other


class Snake(msgspec.Struct, frozen=True):
    """One site: its input y, its output, and α of shape [channels]."""

    source: str
    output: str
    alpha: Array


def snakes(graph: Graph) -> dict[str, Snake]:
    """Every snake by the name of its output."""
    found = [_match(graph, node) for node in graph.of("Sin")]
    return {snake.output: snake for snake in found if snake}


def _match(graph: Graph, sine: Node) -> Snake | None:
    angle = graph.producer(sine.input[0], "Mul")
    square = graph.next(sine, "Pow")
    scaled = graph.next(square, "Mul") if square else None
    total = graph.next(scaled, "Add") if scaled else None
    if angle is None or square is None or scaled is None or total is None:
        return None
    alpha = graph.constant(angle.input[0])
    source = angle.input[1]
    if alpha is None:
        alpha, source = graph.constant(angle.input[1]), angle.input[0]
    inverse = graph.constant(other(scaled, square.output[0]))
    if alpha is None or inverse is None or not graph.is_scalar(square.input[1], 2):
        return None
    if other(total, scaled.output[0]) != source or abs(alpha * inverse - 1).max() > 1e-3:
        return None
    return Snake(source, total.output[0], alpha.reshape(-1))
