"""The passes of each level, in their order."""

from __future__ import annotations

import functools
from collections.abc import Callable

import onnx

from workers.engines.kokoro.derive.elementwise import squares
from workers.engines.kokoro.derive.graph import Graph
from workers.engines.kokoro.derive.integer import direct_products, signed_activations
from workers.engines.kokoro.derive.norms import instance_norms
from workers.engines.kokoro.derive.ranges import Ranges
from workers.engines.kokoro.derive.spectrum import spectra
from workers.engines.kokoro.derive.static import static_convolutions

Pass = Callable[[Graph], int]
"""Rewrites every site of its pattern; how many that were."""


def rewrite(model: onnx.ModelProto, ranges: Ranges | None) -> dict[str, int]:
    """Apply every pass to the model in place; with ranges the calibrated one too.

    Returns the number of sites of each pass by its name; 0 means that the pass did not
    find its pattern and left the graph alone.
    """
    passes: list[Pass] = [instance_norms]
    if ranges is not None:
        passes.append(functools.partial(static_convolutions, ranges=ranges))
    passes += [signed_activations, direct_products, squares, spectra]
    graph = Graph(model)
    sites = {}
    for one in passes:
        named = one.func if isinstance(one, functools.partial) else one
        sites[named.__name__] = one(graph)
        graph.commit()
    return sites
