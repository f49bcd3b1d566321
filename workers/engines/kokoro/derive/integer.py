"""Exact passes over integer convolutions and matrix products: the same sums, on faster kernels."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto
from onnx.helper import make_node

from workers.engines.kokoro.derive import products
from workers.engines.kokoro.derive.graph import Graph, Node, attributes

_FLIP = "flip_sign_bit"


def signed_activations(graph: Graph) -> int:
    """Integer convolutions take signed activations.

    Algebra: q xor 128, read as a signed byte, is q - 128, so (q - z) stays what it was
    when both are flipped, and so does every sum. Cast(n)·(s·S) is DequantizeLinear(n,
    s·S). The result is the same to the bit.

    Precondition: weights are at most 127 as unsigned bytes. Then no kernel saturates:
    two products of a weight and a signed byte are at most 2·127·128 < 2^15.

    Why: for unsigned × unsigned the runtime has no VNNI kernel, for unsigned × signed
    it has. Test: `test_signed_activations_*` in tests/unit/workers/engines/test_kokoro_passes.py.
    """
    found = [one for one in products.convolutions(graph) if _fits(one)]
    flipped: set[str] = set()
    for site in found:
        flip = [] if site.source in flipped else _flip(graph, site)
        flipped.add(site.source)
        weights, zero = site.node.input[1], site.node.input[3]
        inputs = [f"{site.source}:signed", weights, f"{site.source}:signed_zero", zero]
        total = site.node.output[0]
        sums = make_node("ConvInteger", inputs, [total], **attributes(site.node))
        graph.replace(site.node, [*flip, sums])
        real = make_node("DequantizeLinear", [site.total, site.total_scale], [site.output])
        graph.replace(site.last, [real])
    return len(found)


def direct_products(graph: Graph) -> int:
    """Integer matrix products and their scaling become one operator.

    Algebra: MatMulIntegerToFloat(q, W, s, S, z, wz) is ((q - z)·(W - wz))·(s·S) by
    definition.

    Precondition: the pattern of `products`, without a bias inside. Why: the runtime
    fuses this by itself only where each scale has one reader. Test:
    `test_direct_products_*`.
    """
    found = products.matrix_products(graph)
    for site in found:
        scale = graph.add_constant(
            f"{site.weight_name}:scale", site.weight_scale.astype(np.float32)
        )
        weights, zero = site.node.input[1], site.node.input[3]
        inputs = [site.quantized, weights, site.scale, scale, site.zero_point, zero]
        node = make_node("MatMulIntegerToFloat", inputs, [site.output], domain="com.microsoft")
        graph.replace(site.last, [node])
    return len(found)


def _fits(site: products.Product) -> bool:
    return site.weights.dtype == np.uint8 and int(site.weights.max()) <= 127


def _flip(graph: Graph, site: products.Product) -> list[Node]:
    """q and z of one tensor as signed bytes, 128 lower."""
    bit = graph.add_constant(_FLIP, np.uint8(128))
    nodes = []
    for unsigned, signed in ((site.quantized, "signed"), (site.zero_point, "signed_zero")):
        name = f"{site.source}:{signed}"
        nodes += [
            make_node("BitwiseXor", [unsigned, bit], [f"{name}_bits"]),
            make_node("Cast", [f"{name}_bits"], [name], to=TensorProto.INT8),
        ]
    return nodes
