"""The calibrated pass: convolutions whose ranges are known before they run."""

from __future__ import annotations

import msgspec
import numpy as np
from onnx.helper import make_attribute, make_node

from workers.engines.kokoro.derive import products
from workers.engines.kokoro.derive.graph import Array, Graph, Node, attributes
from workers.engines.kokoro.derive.ranges import Range, Ranges
from workers.engines.kokoro.derive.snake import Snake, snakes

INPUT_SHARE = 0.25
"""Share of the input's range that is represented; values beyond it are clipped. The extremes of
all voices and texts are rare, and finer steps for the rest are worth more."""

NORMALIZED_SHARE = 0.6
"""The same for each output channel that is normalized next."""

ADDED_SHARE = 0.5
"""The same for each output channel that is added to the signal."""

SHARES = (("/noise_res.", 0.6, 1.0), *((f"/resblocks.{last}/", 0.2, 0.5) for last in (3, 4, 5)))
"""Blocks whose names hold this have another share of the input, and of an output that is added to
the signal. Each is near the least mean square error between a tensor and its bytes, over voices
that differ. The blocks that shape the source of the voice use more of their ranges in every run:
at a quarter the error was a twentieth of the power, a thousandth is had. Those at the end use less.
"""

EXACT_SUMS = (
    *("/noise_res.1/convs2.2/", "/resblocks.4/convs2.2/"),
    *("/resblocks.3/convs2.", "/resblocks.5/convs2."),
)
"""Convolutions that take bytes and give their sums as they are. What the blocks at the end of the
generator give is what is heard: in bytes, either the steps are a noise between the harmonics and
above 6 kHz, for which voices sound less natural, or the loudest voices are clipped, by half a
decibel of the level (docs/PERFORMANCE.md). The first alone took a third of a decibel."""


class Steps(msgspec.Struct, frozen=True):
    """Quantization of a real number r to a byte: round(r / step) + zero, between 0 and 255."""

    step: Array
    zero: Array


def static_convolutions(graph: Graph, ranges: Ranges) -> int:
    """Convolutions behind a snake take and give bytes with fixed scales (QLinearConv).

    Algebra: with x = xs·(q - xz), W - wz = W', weights W'·S and y = ys[c]·(p - yz[c]),

        p = yz + b/ys + Σ (q - xz)·W' · (xs·S/ys)

    so a scale for each output channel is the scale S·ȳ/ys[c] of the channel's weights
    beside one output scale ȳ. The runtime's fast kernel wants one constant zero point
    of the output, 128: (yz[c] - 128)·ys[c] goes into the bias, and DequantizeLinear, which
    knows yz[c], takes it out again. How much of a range is represented say the shares
    above; the rest is clipped.

    The snake before it is folded where it can be: with z = 2α·y, sin² = (1 - cos 2αy)/2
    makes y + sin²(αy)/α = (z - cos z + 1)/(2α). 2α goes into the normalization that
    made y, 1/(2α) into the step of the quantization, and 1/(2α) as a shift into its zero
    point; what rounding the shift to a step leaves goes into the bias (which is wrong
    by half a step at the padded ends). Where a zero point would leave the byte, 1 is
    added instead. Where the sums are to be exact, they stay ConvInteger's, with the bias in
    integers: (Σ (q - xz)·W' + b/(xs·S))·(xs·S), with signed bytes as in `integer`.
    Precondition of the fold: y comes from an InstanceNormalization and feeds nothing else;
    α > 0.

    Precondition: the ranges hold the site; weights W' fit a signed byte. On a CPU
    without VNNI (or Arm's dot product) the kernel may saturate: `levels` are chosen by
    `features`. Test: `test_static_convolutions_*`.
    """
    behind = snakes(graph)
    found = 0
    for site in products.convolutions(graph):
        known, snake = ranges.sites.get(site.output), behind.get(site.source)
        if known is None or snake is None or not _fits(site, known):
            continue
        share, added = _shares(site)
        given = _input_steps(known, share)
        bias = np.zeros(1) if site.bias is None else site.bias.astype(np.float64)
        if _can_fold(graph, snake):
            nodes, rest = _fold(graph, site, snake, given)
            real = site.signed_weights.astype(np.float64) * site.weight_scale.reshape(())
            bias = bias + real.sum(2) @ rest
        else:
            nodes = [_quantize(graph, site, site.source, given)]
        if _is_exact(site):
            convolved = _sum(graph, site, given, bias)
        else:
            made = _output_steps(known, _output_share(graph, site, added))
            convolved = _convolve(graph, site, given, made, bias)
        graph.replace(site.last, [*nodes, *convolved])
        found += 1
    return found


def _fits(site: products.Product, known: Range) -> bool:
    weights = site.signed_weights
    if weights.ndim != 3 or len(known.channel_low) != len(weights):
        return False
    return bool(weights.min() >= -128 and weights.max() <= 127)


def _is_exact(site: products.Product) -> bool:
    return any(name in site.output for name in EXACT_SUMS)


def _shares(site: products.Product) -> tuple[float, float]:
    """Of the input, and of an output that is added to the signal."""
    found = ((given, added) for name, given, added in SHARES if name in site.output)
    return next(found, (INPUT_SHARE, ADDED_SHARE))


def _output_share(graph: Graph, site: products.Product, added: float) -> float:
    readers = {node.op_type for node in graph.consumers(site.output)}
    return NORMALIZED_SHARE if readers == {"InstanceNormalization"} else added


def _input_steps(known: Range, share: float) -> Steps:
    low, high = min(known.low, 0) * share, max(known.high, 0) * share
    step = (high - low) / 255
    zero = np.clip(round(-low / step), 0, 255)
    return Steps(np.asarray(step, np.float32), np.asarray(zero, np.uint8))


def _output_steps(known: Range, share: float) -> Steps:
    low, high = np.array(known.channel_low) * share, np.array(known.channel_high) * share
    step = (high - low + 1e-6) / 255
    return Steps(step, np.clip(np.round(128 - (low + high) / 2 / step), 0, 255))


def _can_fold(graph: Graph, snake: Snake) -> bool:
    normalize = graph.producer(snake.source, "InstanceNormalization")
    alone = normalize is not None and len(graph.consumers(snake.source)) == 2
    return alone and bool(snake.alpha.min() > 0)


def _fold(
    graph: Graph, site: products.Product, snake: Snake, given: Steps
) -> tuple[list[Node], Array]:
    """The bytes of the snake out of its normalization, and what each channel lacks."""
    normalize = graph.producer(snake.source, "InstanceNormalization")
    assert normalize is not None  # noqa: S101 - `_can_fold` has seen it
    name = snake.output
    twice = graph.add_constant(f"{name}:2alpha", (2 * snake.alpha).astype(np.float32))
    source, gamma, beta = normalize.input
    inputs = [source, f"{name}:gamma", f"{name}:beta"]
    nodes = [
        make_node("Mul", [gamma, twice], [inputs[1]]),
        make_node("Mul", [beta, twice], [inputs[2]]),
        make_node("InstanceNormalization", inputs, [f"{name}:z"], **attributes(normalize)),
        make_node("Cos", [f"{name}:z"], [f"{name}:cos"]),
        make_node("Sub", [f"{name}:z", f"{name}:cos"], [f"{name}:wave"]),
    ]
    shift = 1 / (2 * snake.alpha.astype(np.float64))
    whole = np.round(shift / given.step)
    rest, zero, wave = shift - given.step * whole, given.zero + whole, f"{name}:wave"
    if zero.max() > 255 or zero.min() < 0:
        rest, zero, wave = np.zeros_like(shift), np.full_like(shift, given.zero), f"{name}:raised"
        one = graph.add_constant("one", np.float32(1))
        nodes.append(make_node("Add", [f"{name}:wave", one], [wave]))
    steps = Steps((given.step * 2 * snake.alpha).astype(np.float32), zero.astype(np.uint8))
    return [*nodes, _quantize(graph, site, wave, steps)], rest


def _quantize(graph: Graph, site: products.Product, tensor: str, steps: Steps) -> Node:
    name = site.output
    whole = _signed(steps.zero) if _is_exact(site) else steps.zero
    step = graph.add_constant(f"{name}:quantize_step", steps.step)
    zero = graph.add_constant(f"{name}:quantize_zero", whole)
    node = make_node("QuantizeLinear", [tensor, step, zero], [f"{name}:bytes"])
    if steps.zero.ndim:
        node.attribute.append(make_attribute("axis", 1))
    return node


def _convolve(
    graph: Graph, site: products.Product, given: Steps, made: Steps, bias: Array
) -> list[Node]:
    name, scale = site.output, float(site.weight_scale.reshape(()))
    mean = float(made.step.mean())
    shifted = bias + (made.zero - 128) * made.step
    constants = {
        "step": given.step,
        "zero": given.zero,
        "weights": site.signed_weights.astype(np.int8),
        "weight_scale": (scale * mean / made.step).astype(np.float32),
        "weight_zero": np.zeros(len(made.step), np.int8),
        "output_step": np.float32(mean),
        "centre": np.uint8(128),
        "bias": np.round(shifted / (given.step * scale)).astype(np.int32),
    }
    inputs = [graph.add_constant(f"{name}:{key}", value) for key, value in constants.items()]
    steps = graph.add_constant(f"{name}:steps", made.step.astype(np.float32))
    zeros = graph.add_constant(f"{name}:zeros", made.zero.astype(np.uint8))
    kept = {key: value for key, value in attributes(site.node).items() if key != "auto_pad"}
    return [
        make_node("QLinearConv", [f"{name}:bytes", *inputs], [f"{name}:sums"], **kept),
        make_node("DequantizeLinear", [f"{name}:sums", steps, zeros], [name], axis=1),
    ]


def _sum(graph: Graph, site: products.Product, given: Steps, bias: Array) -> list[Node]:
    name, scale = site.output, given.step * float(site.weight_scale.reshape(()))
    zero = graph.add_constant(f"{name}:zero", _signed(given.zero))
    whole = np.round(bias / scale).astype(np.int32).reshape(1, -1, 1)
    added = graph.add_constant(f"{name}:bias", whole)
    step = graph.add_constant(f"{name}:sum_step", np.float32(scale))
    inputs = [f"{name}:bytes", site.node.input[1], zero, site.node.input[3]]
    return [
        make_node("ConvInteger", inputs, [f"{name}:sums"], **attributes(site.node)),
        make_node("Add", [f"{name}:sums", added], [f"{name}:biased"]),
        make_node("DequantizeLinear", [f"{name}:biased", step], [name]),
    ]


def _signed(zero: Array) -> Array:
    """A zero point of bytes for signed ones, which are 128 lower."""
    return (zero.astype(np.int16) - 128).astype(np.int8)
