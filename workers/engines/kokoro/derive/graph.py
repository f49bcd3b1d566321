"""An ONNX graph that passes can look things up in and edit.

A pass sees the graph as it was when the pass began: its replacements take effect with `commit`,
which also drops unused nodes and orders the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Array = NDArray[Any]
Node = onnx.NodeProto


class Graph:
    """The main graph of a model; `model` is edited in place."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self._replacements: dict[str, list[Node]] = {}
        self._added: list[str] = []
        self._index()

    @property
    def nodes(self) -> Sequence[Node]:
        """Every node, in an order in which they can run."""
        nodes: Sequence[Node] = self.model.graph.node
        return nodes

    def of(self, *op_types: str) -> list[Node]:
        """The nodes of these types, in order."""
        return [node for node in self.nodes if node.op_type in op_types]

    def producer(self, tensor: str, op_type: str) -> Node | None:
        """The node that makes a tensor, if it is of this type."""
        node = self._producers.get(tensor)
        return node if node is not None and node.op_type == op_type else None

    def consumers(self, tensor: str) -> list[Node]:
        """The nodes that read a tensor, each once."""
        return self._consumers.get(tensor, [])

    def next(self, node: Node, op_type: str) -> Node | None:
        """The only reader of a node's first output, if it is of this type."""
        found = self.consumers(node.output[0])
        return found[0] if len(found) == 1 and found[0].op_type == op_type else None

    def constant(self, tensor: str) -> Array | None:
        """The value of a tensor that is the same in every run."""
        held = self._constants.get(tensor)
        return None if held is None else numpy_helper.to_array(held)

    def is_scalar(self, tensor: str, value: float) -> bool:
        """Whether a tensor is one number, always this one (to float32's precision)."""
        held = self.constant(tensor)
        return held is not None and held.size == 1 and bool(np.isclose(held, value, rtol=1e-6))

    def upstream(self, op_type: str) -> set[str]:
        """Every tensor that a node of this type depends on."""
        wanted = {name for node in self.of(op_type) for name in node.input}
        return {name for node in _used(list(self.nodes), wanted) for name in node.output}

    def add_constant(self, name: str, value: Array | np.generic) -> str:
        """A new constant of this name, or the one that an earlier site has added."""
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.asarray(value), name)
            self._added.append(name)
        return name

    def replace(self, node: Node, by: Iterable[Node]) -> None:
        """At `commit`, put these nodes in the place of one; they make its outputs."""
        self._replacements[node.output[0]] = list(by)

    def commit(self, keep: Iterable[str] = ()) -> None:
        """Carry out the replacements. Tensors in `keep` become outputs of the model.

        Raises ValueError where nodes wait for each other, which is an error of a pass.
        """
        graph = self.model.graph
        graph.output.extend(_float_output(name) for name in keep)
        nodes: list[Node] = []
        for node in graph.node:
            nodes += self._replacements.get(node.output[0], [node])
        constants = [*graph.initializer, *(self._constants[name] for name in self._added)]
        known = {tensor.name for tensor in [*graph.input, *constants]}
        nodes = _ordered(_used(nodes, {output.name for output in graph.output}), known)
        read = {name for node in nodes for name in node.input}
        constants = [tensor for tensor in constants if tensor.name in read]
        for field, values in ((graph.node, nodes), (graph.initializer, constants)):
            copies = [_copy(value) for value in values]
            del field[:]
            field.extend(copies)
        del graph.value_info[:]
        self._replacements, self._added = {}, []
        self._index()

    def _index(self) -> None:
        self._constants = {tensor.name: tensor for tensor in self.model.graph.initializer}
        self._producers = {name: node for node in self.nodes for name in node.output if name}
        self._consumers: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.input):
                self._consumers.setdefault(name, []).append(node)


def other(node: Node, tensor: str) -> str:
    """The second input of a node with two, whichever place `tensor` has."""
    first, second = node.input
    return str(second if first == tensor else first)


def attributes(node: Node) -> dict[str, Any]:
    """A node's attributes by name."""
    return {one.name: helper.get_attribute_value(one) for one in node.attribute}


def _float_output(name: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)


def _used(nodes: list[Node], wanted: set[str]) -> list[Node]:
    """The nodes that a wanted tensor depends on."""
    makers = {name: node for node in nodes for name in node.output}
    found: dict[int, Node] = {}
    waiting = list(wanted)
    while waiting:
        node = makers.get(waiting.pop())
        if node is not None and id(node) not in found:
            found[id(node)] = node
            waiting += node.input
    return [node for node in nodes if id(node) in found]


def _ordered(nodes: list[Node], known: set[str]) -> list[Node]:
    """Each node after those whose outputs it reads; otherwise in the order given."""
    ready: list[Node] = []
    have = known | {""}
    while nodes:
        waiting = []
        for node in nodes:
            if have.issuperset(node.input):
                ready.append(node)
                have.update(node.output)
            else:
                waiting.append(node)
        if len(waiting) == len(nodes):
            raise ValueError(f"nodes wait for each other, among them {nodes[0].name}")
        nodes = waiting
    return ready


def _copy(message: Any) -> Any:  # noqa: ANN401 - a node or a tensor; emptying the field frees the original
    copy = type(message)()
    copy.CopyFrom(message)
    return copy
