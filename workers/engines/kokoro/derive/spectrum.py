"""Exact pass: a spectrum over time becomes a convolution."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.helper import make_graph, make_model, make_node, make_tensor_value_info

from workers.engines.kokoro.derive.graph import Array, Graph, Node, attributes
from workers.session import build_session

_CONSTANTS = 3
"""Inputs of STFT beside the signal: step, window, length."""

_SIGNAL, _ANSWER = "signal", "answer"


def spectra(graph: Graph) -> int:
    """STFT of one real signal becomes Conv with its answers to impulses.

    Algebra: the transform is linear, so frame f of x is Σ x[f·step + n] · STFT(δₙ) over the
    places n of a frame: a convolution with this stride, and a kernel for each real and each
    imaginary part.

    Precondition: one signal (the model takes one text), the half of the spectrum that real
    signals have, and step, window and length are constants.

    The kernels are what the runtime's own operator answers, not cosines and sines: the
    imaginary part of the first and the last bin is zero in theory, the model takes the
    angle of what rounding leaves there, and only the operator's own rounding has its signs.
    With sines the mel distance is 0.13 dB more. Why: the operator transforms each frame by
    itself, 6 % of the time of a calibrated run. Test: `test_spectra_*`.
    """
    found = 0
    for node in graph.of("STFT"):
        constants = [graph.constant(name) for name in node.input[1:]]
        known = [constant for constant in constants if constant is not None]
        if len(known) != _CONSTANTS or attributes(node).get("onesided", 1) != 1:
            continue
        kernels = _kernels(graph.model, node, known)
        name, step = node.output[0], int(known[0].item())
        line = graph.add_constant(f"{name}:line_shape", np.array([1, 1, -1], np.int64))
        pairs = graph.add_constant(f"{name}:pairs", np.array([1, -1, len(kernels) // 2, 2]))
        weights = graph.add_constant(f"{name}:kernels", kernels)
        signal, parts, frames = f"{name}:signal", f"{name}:parts", f"{name}:frames"
        graph.replace(node, [
            make_node("Reshape", [node.input[0], line], [signal]),
            make_node("Conv", [signal, weights], [parts], strides=[step]),
            make_node("Transpose", [parts], [frames], perm=[0, 2, 1]),
            make_node("Reshape", [frames, pairs], [name]),
        ])  # fmt: skip
        found += 1
    return found


def _kernels(model: onnx.ModelProto, node: Node, constants: list[Array]) -> Array:
    """The node's answers to an impulse at each place of a frame, shape [2 · bins, 1, frame]."""
    impulses = np.eye(int(constants[-1].item()), dtype=np.float32)
    alone = make_node("STFT", [_SIGNAL, *node.input[1:]], [_ANSWER], **attributes(node))
    kind = onnx.TensorProto.FLOAT
    probe = make_graph(
        [alone],
        "impulses",
        [make_tensor_value_info(_SIGNAL, kind, impulses.shape)],
        [make_tensor_value_info(_ANSWER, kind, None)],
        [numpy_helper.from_array(*each) for each in zip(constants, node.input[1:], strict=True)],
    )
    whole = make_model(probe, opset_imports=model.opset_import, ir_version=model.ir_version)
    (answers,) = build_session(whole.SerializeToString(), 1).run([_ANSWER], {_SIGNAL: impulses})
    kernels: Array = np.asarray(answers).reshape(len(impulses), 1, -1).transpose(2, 1, 0)
    return np.ascontiguousarray(kernels)
