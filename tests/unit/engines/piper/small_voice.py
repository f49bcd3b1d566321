"""A Piper voice of a few hundred bytes, which reads characters: no espeak-ng, no download."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.helper import make_node, make_tensor_value_info

LETTERS = "abcdefghijklmnopqrstuvwxyz ,.!?"
SYMBOLS = {"_": [0], "^": [1], "$": [2], **{each: [n + 3] for n, each in enumerate(LETTERS)}}
SAMPLES_PER_SYMBOL = 100


def description(**changes: Any) -> dict[str, Any]:
    """What lies beside the model."""
    return {
        "audio": {"sample_rate": 16_000, "quality": "low"},
        "espeak": {"voice": "de"},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_type": "text",
        "phoneme_id_map": SYMBOLS,
        "num_speakers": 1,
        "speaker_id_map": {},
        "language": {"code": "de_DE"},
        **changes,
    }


def voice(path: Path, symbols: int = len(SYMBOLS), **changes: Any) -> Path:
    """Write both files. The sound of a symbol is its number and the speaker's, with noise."""
    about = description(**changes)
    speakers = about["num_speakers"] > 1
    table = np.linspace(0.1, 0.3, symbols, dtype=np.float32)
    nodes = [
        make_node("Gather", ["table", "input"], ["level"]),
        make_node("Unsqueeze", ["level", "last"], ["column"]),
        make_node("Split", ["scales"], ["noise_scale", "length_scale", "noise_w"]),
        make_node("Mul", ["length_scale", "samples"], ["length"]),
        make_node("Cast", ["length"], ["count"], to=TensorProto.INT64),
        make_node("Concat", ["ones", "count"], ["shape"], axis=0),
        make_node("Expand", ["column", "shape"], ["even"]),
        make_node("RandomNormalLike", ["even"], ["drawn"], dtype=TensorProto.FLOAT),
        make_node("Mul", ["drawn", "noise_scale"], ["scaled"]),
        make_node("Mul", ["scaled", "quiet"], ["noise"]),
        make_node("Add", ["even", "noise"], ["uneven"]),
    ]
    if speakers:
        nodes += [
            make_node("Cast", ["sid"], ["number"], to=TensorProto.FLOAT),
            make_node("Mul", ["number", "quiet"], ["higher"]),
            make_node("Add", ["uneven", "higher"], ["said"]),
        ]
    nodes.append(make_node("Reshape", ["said" if speakers else "uneven", "flat"], ["output"]))
    constants: dict[str, NDArray[np.generic]] = {
        "table": table,
        "last": np.array([-1], np.int64),
        "ones": np.array([1, 1], np.int64),
        "samples": np.array([SAMPLES_PER_SYMBOL], np.float32),
        "quiet": np.array([0.01], np.float32),
        "flat": np.array([1, 1, -1], np.int64),
    }
    inputs = [
        make_tensor_value_info("input", TensorProto.INT64, [1, "symbols"]),
        make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
        make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
    ]
    if speakers:
        inputs.append(make_tensor_value_info("sid", TensorProto.INT64, [1]))
    output = make_tensor_value_info("output", TensorProto.FLOAT, None)
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "voice", inputs, [output], weights)
    opset = [helper.make_opsetid("", 15)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), str(path))
    path.with_name(f"{path.name}.json").write_text(json.dumps(about))
    return path
