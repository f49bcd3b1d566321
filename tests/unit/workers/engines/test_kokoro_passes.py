"""Each rewrite on a small graph in its pattern: the same result, by other operators; and a
graph that breaks its precondition is left as it is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import pytest

from tests.unit.workers.engines.int8_graphs import Drawing, op_types, run
from workers.engines.kokoro.derive import static
from workers.engines.kokoro.derive.elementwise import squares
from workers.engines.kokoro.derive.graph import Array, Graph
from workers.engines.kokoro.derive.integer import direct_products, signed_activations
from workers.engines.kokoro.derive.norms import instance_norms
from workers.engines.kokoro.derive.probe import add_probes
from workers.engines.kokoro.derive.ranges import Range, Ranges
from workers.engines.kokoro.derive.reference import float_generator
from workers.engines.kokoro.derive.spectrum import spectra
from workers.engines.kokoro.derive.static import (
    ADDED_SHARE,
    INPUT_SHARE,
    NORMALIZED_SHARE,
    static_convolutions,
)

CHANNELS, TIME = 16, 50
X = {"x": (1, CHANNELS, "time")}


def random() -> np.random.Generator:
    """The same numbers in every test."""
    return np.random.default_rng(7)


def signal(size: float = 1.0) -> Array:
    """Something to put into x."""
    return (size * random().normal(size=(1, CHANNELS, TIME))).astype(np.float32)


def weights(highest: int = 127) -> tuple[Array, Array, Array]:
    """Unsigned bytes, their zero point and their scale."""
    values = random().integers(0, highest + 1, (24, CHANNELS, 3)).astype(np.uint8)
    return values, np.asarray(60, np.uint8), np.asarray(0.002, np.float32)


BIAS = np.linspace(-1, 1, 24).astype(np.float32)
CONV = {"kernel_shape": [3], "pads": [2, 2], "dilations": [2], "strides": [1], "group": 1}


def convolution(bias: Array | None = BIAS, highest: int = 127) -> Graph:
    """One integer convolution."""
    drawing = Drawing()
    drawing.quantized("x")
    drawing.product("ConvInteger", "x", "y", weights(highest), bias, **CONV)
    return drawing.model(X, ["y"])


def applied(graph: Graph, one: Callable[[Graph], int]) -> int:
    """Run a pass to its end."""
    sites = one(graph)
    graph.commit()
    return sites


@pytest.mark.parametrize("bias", [None, BIAS])
def test_signed_activations(bias: Array | None) -> None:
    """The sums of bytes are the same, and the result is to the bit."""
    graph = convolution(bias)
    before = run(graph, x=signal())[0]
    assert applied(graph, signed_activations) == 1
    assert "DequantizeLinear" in op_types(graph)
    assert len(graph.of("BitwiseXor")) == 2
    assert np.array_equal(run(graph, x=signal())[0], before)


def test_signed_activations_share_what_two_sites_read() -> None:
    """Two convolutions of one tensor flip it once."""
    drawing = Drawing()
    drawing.quantized("x")
    for output in ("y", "z"):
        drawing.product("ConvInteger", "x", output, weights(), BIAS, **CONV)
    graph = drawing.model(X, ["y", "z"])
    assert applied(graph, signed_activations) == 2
    assert len(graph.of("BitwiseXor")) == 2
    first, second = run(graph, x=signal())
    assert np.array_equal(first, second)


def test_signed_activations_leave_weights_that_may_saturate() -> None:
    """Weights above 127 are not touched."""
    graph = convolution(highest=255)
    before = graph.model.SerializeToString()
    assert signed_activations(graph) == 0
    graph.commit()
    assert graph.model.SerializeToString() == before


def test_direct_products() -> None:
    """A matrix product with a scale for each column gives the same bits in one node."""
    drawing = Drawing()
    drawing.quantized("x")
    values = random().integers(-127, 128, (TIME, 8)).astype(np.int8)
    scales = np.linspace(0.001, 0.002, 8).astype(np.float32)
    drawing.product("MatMulInteger", "x", "y", (values, np.zeros(8, np.int8), scales))
    graph = drawing.model(X, ["y"])
    before = run(graph, x=signal())[0]
    assert applied(graph, direct_products) == 1
    assert op_types(graph) == {"DynamicQuantizeLinear", "MatMulIntegerToFloat"}
    assert np.array_equal(run(graph, x=signal())[0], before)


def normed(axis: int = 2) -> Graph:
    """One normalization with γ and β from outside."""
    drawing = Drawing()
    drawing.norm("x", "y", "gamma", "beta", axis)
    return drawing.model({**X, "gamma": (1, CHANNELS, 1), "beta": (1, CHANNELS, 1)}, ["y"])


def test_instance_norms() -> None:
    """Ten nodes become one, with the same result."""
    graph = normed()
    affine = np.linspace(0.5, 1.5, CHANNELS).astype(np.float32).reshape(1, -1, 1)
    given = {"x": signal(3), "gamma": affine, "beta": -affine}
    before = run(graph, **given)[0]
    assert applied(graph, instance_norms) == 1
    assert op_types(graph) == {"Reshape", "InstanceNormalization"}
    assert np.allclose(run(graph, **given)[0], before, atol=2e-6)


def test_instance_norms_leave_other_axes() -> None:
    """Normalization over channels is another thing."""
    graph = normed(axis=1)
    assert applied(graph, instance_norms) == 0
    assert "InstanceNormalization" not in op_types(graph)


def test_instance_norms_leave_what_pitch_follows_from() -> None:
    """What a running sum depends on keeps its rounding."""
    drawing = Drawing()
    affine = drawing.constant("affine", np.ones((1, CHANNELS, 1), np.float32))
    drawing.norm("x", "y", affine, affine)
    drawing.node("CumSum", ["y", drawing.constant("two", np.asarray(2, np.int64))], "z")
    drawing.norm("x", "w", affine, affine)
    graph = drawing.model(X, ["z", "w"])
    assert applied(graph, instance_norms) == 1
    assert graph.of("InstanceNormalization")[0].output[0] == "w"


def test_squares() -> None:
    """Pow with 2 becomes a product of the same bits; a cube stays."""
    drawing = Drawing()
    drawing.node("Pow", ["x", drawing.constant("two", np.float32(2))], "y")
    drawing.node("Pow", ["x", drawing.constant("three", np.float32(3))], "z")
    graph = drawing.model(X, ["y", "z"])
    before = run(graph, x=signal())
    assert applied(graph, squares) == 1
    assert [node.op_type for node in graph.nodes] == ["Mul", "Pow"]
    after = run(graph, x=signal())
    assert all(np.array_equal(*pair) for pair in zip(before, after, strict=True))


def spectrum(*, onesided: int = 1) -> Graph:
    """The spectrum of the generator's source: frames of 20, 5 apart."""
    drawing = Drawing()
    steps = drawing.constant("step", np.asarray(5, np.int64))
    length = drawing.constant("length", np.asarray(20, np.int64))
    window = drawing.constant("window", np.hanning(21)[:-1].astype(np.float32))
    inputs = ["x", steps, window, length]
    drawing.node("STFT", inputs, "y", onesided=onesided)
    return drawing.model({"x": (1, "time")}, ["y"])


def test_spectra() -> None:
    """A convolution gives the same to rounding, and rounding alone decides the sign of the
    imaginary part of the first and the last bin: that is the same, too.
    """
    x = random().normal(size=(1, 20_000)).astype(np.float32)
    graph = spectrum()
    before = run(graph, x=x)[0]
    assert applied(graph, spectra) == 1
    assert op_types(graph) == {"Reshape", "Conv", "Transpose"}
    after = run(graph, x=x)[0]
    assert after.shape == before.shape == (1, 3997, 11, 2)
    assert np.allclose(after, before, atol=3e-6)
    for edge in (0, -1):
        imaginary = (before[0, :, edge, 1], after[0, :, edge, 1])
        assert np.abs(imaginary[0]).max() < 1e-4
        assert (np.sign(imaginary[0]) == np.sign(imaginary[1])).mean() > 0.95


def test_spectra_leave_whole_spectra() -> None:
    """With both halves of the spectrum it is not what the generator has."""
    graph = spectrum(onesided=0)
    assert applied(graph, spectra) == 0
    assert op_types(graph) == {"STFT"}


def generator(alpha: float = 1.0, *, normalized: bool = True) -> Graph:
    """Normalization, snake and integer convolution, as in the generator."""
    drawing = Drawing()
    source = "x"
    if normalized:
        gamma = drawing.constant(
            "gamma", np.linspace(0.5, 1.5, CHANNELS, dtype=np.float32).reshape(1, -1, 1)
        )
        beta = drawing.constant(
            "beta", np.linspace(-0.3, 0.3, CHANNELS, dtype=np.float32).reshape(1, -1, 1)
        )
        source = drawing.norm("x", "n", gamma, beta)
    steepness = np.linspace(alpha, 2 * alpha, CHANNELS, dtype=np.float32)
    drawing.quantized(drawing.snake(source, "a", steepness))
    drawing.product("ConvInteger", "a", "y", weights(), BIAS, **CONV)
    return drawing.model(X, ["y"])


def ranges_of(graph: Graph, x: Array) -> Ranges:
    """What calibration would find for this one input, widened for what is clipped."""
    probed = Graph(type(graph.model).FromString(graph.model.SerializeToString()))
    probes = add_probes(probed.model)
    reported = dict(zip([o.name for o in probed.model.graph.output], run(probed, x=x), strict=True))
    return Ranges(source="", onnxruntime="", voices=1, runs=1, audio_s=0, sites={
        probe.site: Range(
            low=float(reported[probe.input_low].min()) / INPUT_SHARE,
            high=float(reported[probe.input_high].max()) / INPUT_SHARE,
            channel_low=tuple((reported[probe.output_low].ravel() / ADDED_SHARE).tolist()),
            channel_high=tuple((reported[probe.output_high].ravel() / ADDED_SHARE).tolist()),
        )
        for probe in probes
    })  # fmt: skip


@pytest.mark.parametrize(
    ("alpha", "normalized", "folded"),
    [(1.0, True, True), (0.01, True, True), (1.0, False, False)],
)
@pytest.mark.parametrize("exact_sums", [False, True])
def test_static_convolutions(
    alpha: float, normalized: bool, folded: bool, exact_sums: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the ranges of the very input, bytes carry the float result to 1 % of its range: with
    the snake folded (by the zero points, or where α is small by adding 1), and as it is
    where nothing normalizes before it; with sums in bytes, and with exact ones.
    """
    monkeypatch.setattr(static, "EXACT_SUMS", ("y",) if exact_sums else ())
    x = signal(2)
    graph = generator(alpha, normalized=normalized)
    ranges = ranges_of(graph, x)
    reference = generator(alpha, normalized=normalized)
    assert applied(reference, float_generator) == 1
    exact = run(reference, x=x)[0]
    applied(graph, instance_norms)
    assert applied(graph, lambda one: static_convolutions(one, ranges)) == 1
    assert ("Cos" in op_types(graph), "Sin" in op_types(graph)) == (folded, not folded)
    assert ("ConvInteger" in op_types(graph)) == exact_sums
    error = run(graph, x=x)[0] - exact
    inside = error[..., 2:-2]
    assert np.sqrt(np.square(inside).mean()) < 0.01 * np.ptp(exact)
    assert np.abs(inside.mean()) < 0.002 * np.ptp(exact)


def test_static_convolutions_clip_less_of_what_is_normalized_next() -> None:
    """Of an output that is normalized next more is represented than of one that is also added."""
    steps = []
    for added in (True, False):
        drawing = Drawing()
        drawing.quantized(drawing.snake("x", "a", np.ones(CHANNELS, np.float32)))
        drawing.product("ConvInteger", "a", "y", weights(), BIAS, **CONV)
        affine = drawing.constant("affine", np.ones((1, 24, 1), np.float32))
        drawing.norm("y", "n", affine, affine)
        drawing.node("Add", ["n", "y" if added else "n"], "z")
        graph = drawing.model(X, ["z"])
        ranges = ranges_of(graph, signal())
        applied(graph, instance_norms)
        assert applied(graph, functools.partial(static_convolutions, ranges=ranges)) == 1
        (real,) = [node for node in graph.of("DequantizeLinear") if node.output[0] == "y"]
        steps.append(graph.constant(real.input[1]))
    added_steps, normalized_steps = steps
    assert added_steps is not None
    assert normalized_steps is not None
    assert np.allclose(normalized_steps * ADDED_SHARE, added_steps * NORMALIZED_SHARE, rtol=1e-3)


def test_static_convolutions_need_ranges_and_a_snake() -> None:
    """A site that the ranges do not hold stays, and so does one that no snake feeds."""
    unknown = Ranges(source="", onnxruntime="", voices=0, runs=0, audio_s=0, sites={})
    assert applied(generator(), lambda one: static_convolutions(one, unknown)) == 0
    known = ranges_of(generator(), signal())
    assert applied(convolution(), lambda one: static_convolutions(one, known)) == 0


def test_float_generator() -> None:
    """The reference differs from the integer convolution by rounding alone, and leaves
    convolutions that no snake feeds as they are.
    """
    graph = generator()
    before = run(graph, x=signal())[0]
    assert applied(graph, float_generator) == 1
    assert "ConvInteger" not in op_types(graph)
    assert np.abs(run(graph, x=signal())[0] - before).max() < 0.02 * np.ptp(before)
    assert applied(convolution(), float_generator) == 0


@pytest.mark.parametrize(
    "one",
    [signed_activations, direct_products, instance_norms, squares, spectra],
)
def test_pass_leaves_a_strange_graph_alone(one: Callable[[Graph], int]) -> None:
    """Where there is no pattern the model stays the same to the byte, and the count is 0."""
    drawing = Drawing()
    drawing.node("Relu", [drawing.node("Add", ["x", "x"], "d")], "y")
    graph = drawing.model(X, ["y"])
    before = graph.model.SerializeToString()
    assert applied(graph, one) == 0
    assert graph.model.SerializeToString() == before
