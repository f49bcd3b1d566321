"""The integer convolutions and matrix products of a dynamically quantized graph.

ONNX Runtime's quantizer writes y = x·w + b as

    q, s, z = DynamicQuantizeLinear(x)
    y = Cast((q - z)·(W - wz) + floor(b / (s·S))) · (s·S)

with q, z of type uint8, s the scale of the activations and S that of the weights. The
bias is part of convolutions only, and not of all.
"""

from __future__ import annotations

import msgspec
import numpy as np
import onnx

from workers.engines.kokoro.derive.graph import Array, Graph, Node, attributes, other

FLOAT = onnx.TensorProto.FLOAT


class Product(msgspec.Struct, frozen=True):
    """One site. `source` is x, `quantized`, `scale` and `zero_point` are q, s and z.

    `last` is the node that makes `output`, which is y, out of `total`, the sums in
    integers with the bias, and `total_scale`, which is s·S. `weights` is W with the layout
    and type of the graph, `weight_zero` and `weight_scale` have one value, or one for
    each column of a matrix; `bias` has shape [channels].
    """

    node: Node
    last: Node
    source: str
    quantized: str
    scale: str
    zero_point: str
    total: str
    total_scale: str
    weights: Array
    weight_zero: Array
    weight_scale: Array
    bias: Array | None

    @property
    def output(self) -> str:
        """The name of y."""
        return str(self.last.output[0])

    @property
    def weight_name(self) -> str:
        """The name of W, which names what passes make of it."""
        return str(self.node.input[1])

    @property
    def signed_weights(self) -> Array:
        """W - wz, int16."""
        signed: Array = self.weights.astype(np.int16) - self.weight_zero.astype(np.int16)
        return signed


def convolutions(graph: Graph) -> list[Product]:
    """Every ConvInteger in the pattern above, with one zero point and scale for all weights."""
    found = [_match(graph, node) for node in graph.of("ConvInteger")]
    return [one for one in found if one and one.weight_zero.size == one.weight_scale.size == 1]


def matrix_products(graph: Graph) -> list[Product]:
    """Every MatMulInteger in the pattern above."""
    found = [_match(graph, node) for node in graph.of("MatMulInteger")]
    return [one for one in found if one and one.bias is None]


def _match(graph: Graph, node: Node) -> Product | None:
    quantize = graph.producer(node.input[0], "DynamicQuantizeLinear")
    weights = graph.constant(node.input[1])
    if quantize is None or weights is None or len(node.input) != 4:
        return None
    weight_zero = graph.constant(node.input[3])
    add = graph.next(node, "Add")
    cast = graph.next(add or node, "Cast")
    last = graph.next(cast, "Mul") if cast else None
    if cast is None or last is None or weight_zero is None or attributes(cast)["to"] != FLOAT:
        return None
    if list(node.input[:3:2]) != [quantize.output[0], quantize.output[2]]:
        return None
    scales = graph.producer(other(last, cast.output[0]), "Mul")
    bias = _bias(graph, other(add, node.output[0])) if add else None
    if scales is None or (add and bias is None) or quantize.output[1] not in scales.input:
        return None
    weight_scale = graph.constant(other(scales, quantize.output[1]))
    if weight_scale is None:
        return None
    quantized, scale, zero_point = quantize.output
    return Product(
        node=node, last=last, source=quantize.input[0],
        quantized=quantized, scale=scale, zero_point=zero_point,
        total=cast.input[0], total_scale=scales.output[0],
        weights=weights, weight_zero=weight_zero, weight_scale=weight_scale, bias=bias,
    )  # fmt: skip


def _bias(graph: Graph, tensor: str) -> Array | None:
    """b in Reshape(Cast(Floor(b / (s·S))))."""
    for op_type in ("Reshape", "Cast", "Floor", "Div"):
        node = graph.producer(tensor, op_type)
        if node is None:
            return None
        tensor = node.input[0]
    return graph.constant(tensor)
