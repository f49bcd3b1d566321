"""Small graphs in the published model's patterns, and a way to run them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.helper import make_node

from workers.engines.kokoro.derive.graph import Array, Graph

FLOAT = TensorProto.FLOAT


class Drawing:
    """A graph that is being drawn: nodes and constants."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, Array] = {}

    def node(self, op_type: str, inputs: list[str], output: str, **attributes: object) -> str:
        self.nodes.append(make_node(op_type, inputs, [output], **attributes))  # type: ignore[arg-type] # any attribute
        return output

    def constant(self, name: str, value: Array | np.generic) -> str:
        self.constants[name] = np.asarray(value)
        return name

    def quantized(self, source: str) -> str:
        """DynamicQuantizeLinear of a tensor; its outputs are source.q, source.s and source.z."""
        outputs = [f"{source}.{part}" for part in "qsz"]
        self.nodes.append(make_node("DynamicQuantizeLinear", [source], outputs))
        return source

    def product(
        self,
        op_type: str,
        source: str,
        output: str,
        weights: tuple[Array, Array, Array],
        bias: Array | None = None,
        **attributes: object,
    ) -> str:
        """The quantizer's pattern of y = x·w + b for weights (W, wz, S), after `quantized`."""
        names = [
            self.constant(f"{output}.{part}", value)
            for part, value in zip(("W", "wz", "S"), weights, strict=True)
        ]
        inputs = [f"{source}.q", names[0], f"{source}.z", names[1]]
        total = self.node(op_type, inputs, f"{output}.i", **attributes)
        scale = self.node("Mul", [f"{source}.s", names[2]], f"{output}.scale")
        if bias is not None:
            given = self.constant(f"{output}.b", bias)
            shape = self.constant("bias_shape", np.array([1, -1, 1], np.int64))
            steps = self.node(
                "Floor", [self.node("Div", [given, scale], f"{output}.d")], f"{output}.f"
            )
            whole = self.node("Cast", [steps], f"{output}.w", to=TensorProto.INT32)
            whole = self.node("Reshape", [whole, shape], f"{output}.r")
            total = self.node("Add", [total, whole], f"{output}.a")
        real = self.node("Cast", [total], f"{output}.c", to=FLOAT)
        return self.node("Mul", [real, scale], output)

    def norm(self, source: str, output: str, gamma: str, beta: str, axis: int = 2) -> str:
        """Normalization over an axis, written out."""
        over = self.constant(f"axis{axis}", np.array([axis], np.int64))
        epsilon = self.constant("epsilon", np.float32(1e-5))
        mean = self.node("ReduceMean", [source, over], f"{output}.m")
        apart = self.node("Sub", [source, mean], f"{output}.d")
        square = self.node("Mul", [apart, apart], f"{output}.q")
        variance = self.node("ReduceMean", [square, over], f"{output}.v")
        root = self.node(
            "Sqrt", [self.node("Add", [variance, epsilon], f"{output}.e")], f"{output}.r"
        )
        normal = self.node("Div", [apart, root], f"{output}.n")
        return self.node("Add", [self.node("Mul", [gamma, normal], f"{output}.g"), beta], output)

    def snake(self, source: str, output: str, alpha: Array) -> str:
        """y + 1/α · sin²(α·y)."""
        given = self.constant(f"{output}.alpha", alpha.reshape(1, -1, 1))
        inverse = self.constant(f"{output}.inverse", 1 / alpha.reshape(1, -1, 1))
        two = self.constant("two", np.float32(2))
        sine = self.node(
            "Sin", [self.node("Mul", [given, source], f"{output}.t")], f"{output}.sine"
        )
        square = self.node("Pow", [sine, two], f"{output}.p")
        return self.node(
            "Add", [source, self.node("Mul", [inverse, square], f"{output}.m")], output
        )

    def model(self, inputs: Mapping[str, tuple[int | str, ...]], outputs: list[str]) -> Graph:
        """The drawn graph as a model."""
        graph = helper.make_graph(
            self.nodes,
            "drawn",
            [helper.make_tensor_value_info(k, FLOAT, shape) for k, shape in inputs.items()],
            [helper.make_tensor_value_info(name, FLOAT, None) for name in outputs],
            [numpy_helper.from_array(value, name) for name, value in self.constants.items()],
        )
        opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
        return Graph(model)


def run(graph: Graph, **inputs: Array) -> list[NDArray[np.float32]]:
    """What the runtime computes, without optimizations of its own."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(
        graph.model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return [np.asarray(output) for output in session.run(None, inputs)]


def op_types(graph: Graph) -> set[str]:
    """The types of the graph's nodes."""
    return {node.op_type for node in graph.nodes}
