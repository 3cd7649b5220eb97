"""ONNX graphs of the tests, made by hand."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write_graph(path, num_outputs=2):
    """An LSTM over token ids (batch, time) that ends in logits."""
    generator = np.random.default_rng(0)
    sizes = {"table": (6, 4), "w": (1, 16, 4), "r": (1, 16, 4), "dense": (4, num_outputs)}
    weights = [
        numpy_helper.from_array(generator.normal(size=size).astype(np.float32), name)
        for name, size in sizes.items()
    ]
    nodes = [
        helper.make_node("Transpose", ["ids"], ["by_time"], perm=[1, 0]),
        helper.make_node("Gather", ["table", "by_time"], ["vectors"]),
        helper.make_node("LSTM", ["vectors", "w", "r"], ["", "state"], hidden_size=4),
        helper.make_node("Squeeze", ["state", "first"], ["last"]),
        helper.make_node("MatMul", ["last", "dense"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "time"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", num_outputs])],
        [*weights, numpy_helper.from_array(np.array([0]), "first")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
