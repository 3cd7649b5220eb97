"""Vector classification: what training has to know of it."""

import numpy as np
import torch

from model_store.tasks.vector_classification import VectorClassifierConfig
from training.export.parity import BATCH_SIZES, check_equal
from training.export.sessions import open_session
from training.export.weights import locate
from training.nets.vector_classifier import VectorClassifier
from training.task import Exported
from training.tasks.sequence_classification.task import NumberClassification
from training.tasks.vector_classification.graph import vector_graph


class VectorClassification(NumberClassification):
    """Numbers of a fixed size in, a probability for each label out."""

    name = "vector-classification"
    limits = (
        "Learned from the data above and no more. Takes {num_features} numbers, scaled as the "
        "training data were before they are standardized, which the model does itself."
    )

    def graphs(self, net: VectorClassifier, weights: bytes) -> dict[str, bytes]:
        """Return `model.onnx`."""
        return {"model.onnx": vector_graph(net.config, locate(weights))}

    @torch.inference_mode()
    def check(self, net: VectorClassifier, exported: Exported) -> None:
        """Compare probabilities on random batches; see `TrainingTask`."""
        session = open_session(exported.graphs["model.onnx"], exported.weights)
        generator = np.random.default_rng(0)
        for size in BATCH_SIZES:
            values = generator.normal(size=(size, net.config.num_features)).astype(np.float32)
            inputs = torch.from_numpy(values)[:, None]
            expected = torch.softmax(net(inputs, torch.ones(size)), dim=1)
            check_equal("probabilities", expected, session.run(["probs"], {"values": values})[0])

    def network(self, config: VectorClassifierConfig) -> str:
        """Say in a line what the network looks like."""
        layers = " - ".join(map(str, (config.num_features, *config.dense_dims)))
        return f"feed-forward, {layers} - {len(config.labels)}"

    def call(self, name: str, example: np.ndarray) -> str:
        """Return the command that asks a model with one input."""
        return super().call(name, example[0])


TASK = VectorClassification()
