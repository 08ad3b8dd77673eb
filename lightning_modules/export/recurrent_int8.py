"""An ONNX model with GRUs in, the same with their weights in 8 bits out: ONNX Runtime has no such GRU of its own.

What steps give to the gates is one matrix product of all of them, which the quantizer knows. What is left, the product
of the last state with the recurrent weights at each step, is a loop (`Scan`) around a product of whole numbers.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

_LARGEST = 127


def with_8_bit_recurrence(model: Path) -> Path:
    """Write a model anew in which GRUs are loops, beside it; return the model itself where there are none."""
    whole = onnx.load(model)
    if not any(node.op_type == "GRU" for node in whole.graph.node):
        return model
    weights = {entry.name: numpy_helper.to_array(entry) for entry in whole.graph.initializer}
    nodes, made = [], []
    for node in whole.graph.node:
        if node.op_type != "GRU" or _attributes(node).get("direction", b"forward") != b"forward":
            nodes.append(node)
            continue
        more, initializers = _looped(node, *(weights[name][0] for name in node.input[1:4]))
        nodes += more
        made += initializers
    del whole.graph.node[:]
    whole.graph.node.extend(nodes)
    read = {name for node in nodes for name in node.input}
    kept = [entry for entry in whole.graph.initializer if entry.name in read]
    del whole.graph.initializer[:]
    whole.graph.initializer.extend([*kept, *made])
    to = model.with_name(f"{model.stem}-looped.onnx")
    onnx.save(whole, to)
    return to


def _attributes(node: onnx.NodeProto) -> dict[str, object]:
    return {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}


def _looped(
    node: onnx.NodeProto, inputs: NDArray[np.float32], states: NDArray[np.float32], biases: NDArray[np.float32]
) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """A GRU whose reset gate is applied after the product (``linear_before_reset``), in other nodes."""
    units, name = states.shape[1], node.name or node.output[0]
    of_inputs, of_states = np.split(biases, 2)
    scale = np.maximum(np.abs(states).max(axis=1), 1e-12) / _LARGEST
    rounded = np.round(states / scale[:, None]).astype(np.int8)
    constants = {
        "inputs": inputs.T.copy(),
        "input_biases": of_inputs,
        "states": rounded.T.copy(),
        "scales": scale.astype(np.float32),
        "state_biases": of_states,
        "zero": np.zeros((), np.int8),
        "sizes": np.array([units, units, units], np.int64),
        "units": np.array([units], np.int64),
        "axis": np.array([1], np.int64),
    }
    made = [numpy_helper.from_array(value, f"{name}/{key}") for key, value in constants.items()]

    def at(key: str) -> str:
        return f"{name}/{key}"

    body = helper.make_graph(
        list(_step(at)),
        at("body"),
        [
            helper.make_tensor_value_info(at("before"), TensorProto.FLOAT, [None, units]),
            helper.make_tensor_value_info(at("given"), TensorProto.FLOAT, [None, 3 * units]),
        ],
        [
            helper.make_tensor_value_info(at("after"), TensorProto.FLOAT, [None, units]),
            helper.make_tensor_value_info(at("told"), TensorProto.FLOAT, [None, units]),
        ],
    )
    nodes = [
        helper.make_node("MatMul", [node.input[0], at("inputs")], [at("product")], at("product")),
        helper.make_node("Add", [at("product"), at("input_biases")], [at("all_given")], at("all_given")),
        helper.make_node("Shape", [node.input[0]], [at("batch")], at("batch"), start=1, end=2),
        helper.make_node("Concat", [at("batch"), at("units")], [at("shape")], at("shape"), axis=0),
        helper.make_node("ConstantOfShape", [at("shape")], [at("start")], at("start")),
        helper.make_node(
            "Scan",
            [at("start"), at("all_given")],
            [at("last"), at("steps")],
            at("scan"),
            body=body,
            num_scan_inputs=1,
        ),
        helper.make_node("Unsqueeze", [at("steps"), at("axis")], [node.output[0]], at("directions")),
    ]
    scopes = list(node.metadata_props)
    for one in nodes:
        one.metadata_props.extend(scopes)
    return nodes, made


def _step(at: Callable[[str], str]) -> Iterator[onnx.NodeProto]:
    """One step: gates in ONNX's order of update, reset, new."""

    def node(kind: str, read: list[str], *written: str) -> onnx.NodeProto:
        return helper.make_node(kind, [at(key) for key in read], [at(key) for key in written], at(f"{written[0]}_step"))

    yield node("DynamicQuantizeLinear", ["before"], "whole", "step", "offset")
    yield node("MatMulInteger", ["whole", "states", "offset", "zero"], "sum")
    yield helper.make_node("Cast", [at("sum")], [at("real")], at("real_step"), to=TensorProto.FLOAT)
    yield node("Mul", ["step", "scales"], "unit")
    yield node("Mul", ["real", "unit"], "scaled")
    yield node("Add", ["scaled", "state_biases"], "recalled")
    for of in ("given", "recalled"):
        gates = [at(f"{of}_{gate}") for gate in ("update", "reset", "new")]
        yield helper.make_node("Split", [at(of), at("sizes")], gates, at(f"{of}_split"), axis=1)
    yield node("Add", ["given_update", "recalled_update"], "update_sum")
    yield node("Sigmoid", ["update_sum"], "update")
    yield node("Add", ["given_reset", "recalled_reset"], "reset_sum")
    yield node("Sigmoid", ["reset_sum"], "reset")
    yield node("Mul", ["reset", "recalled_new"], "heeded")
    yield node("Add", ["given_new", "heeded"], "new_sum")
    yield node("Tanh", ["new_sum"], "new")
    yield node("Sub", ["before", "new"], "difference")
    yield node("Mul", ["update", "difference"], "kept")
    yield node("Add", ["new", "kept"], "after")
    yield node("Identity", ["after"], "told")
