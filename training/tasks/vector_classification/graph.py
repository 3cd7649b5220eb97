"""The graph of a classifier of inputs of a fixed size.

model   values (batch, num_features) -> probs (batch, num_classes)
"""

from onnx import TensorProto

from training.export.graph import Graph
from training.export.weights import Location
from training.nets.vector_classifier import VectorNetConfig
from training.tasks.sequence_classification.graph import dense_probs, standardized


def vector_graph(config: VectorNetConfig, weights: dict[str, Location]) -> bytes:
    """Build `model.onnx`."""
    graph = Graph(weights)
    graph.declare("values", TensorProto.FLOAT, ["batch", config.num_features], is_output=False)
    dense_probs(
        graph,
        standardized(graph, "values"),
        num_dense=len(config.dense_dims),
        num_classes=config.num_classes,
    )
    return graph.to_bytes("vector classifier")
