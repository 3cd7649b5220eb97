"""Text classification: what training has to know of it."""

import argparse
from collections.abc import Sequence
from typing import Any

import torch

from model_store import ClassifierConfig, GoldenCase, StoredVersion, TextCase, Tokenizer
from training.export.weights import FILENAME, locate
from training.nets.classifier import TextClassifier
from training.task import Exported, TrainingTask
from training.tasks.text_classification.evaluate import evaluate_classifier
from training.tasks.text_classification.graph import classifier_graph, head_graph
from training.tasks.text_classification.parity import check_classifier
from training.tasks.text_classification.resume_graph import RESUME, can_resume, resume_graph
from training.tasks.text_classification.resumed import check_resumed
from training.tasks.text_classification.served import ServedClassifier
from training.tasks.text_classification.stored_net import classifier_of


class TextClassification(TrainingTask):
    """A text in, a probability for each label out."""

    name = "text-classification"
    route = "/v1/classify"
    limits = (
        "Learned from the data above and no more: other languages, other kinds of text, irony"
        " and facts are beyond it. Longer texts are cut to {max_seq_len:,} tokens "
        "(`truncated` says so)."
    )
    figures = (
        "`accuracy` is the share of right answers, `accuracy_low` to `accuracy_high` its 95 %"
        " interval; `macro_f1` counts every class alike, however rare; `loss` is in nats; "
        "`calibration_error` tells how far confidence and accuracy differ on average. `baseline` "
        "and `characters` are bags of words and of characters fitted to the same rows, `network` "
        "and `ngrams` the model's two paths alone. `user` names your own rows."
    )

    def graphs(self, net: TextClassifier, weights: bytes) -> dict[str, bytes]:
        """Return `model.onnx`, and what is there for nets that read forwards only.

        `head.onnx` tells of each token, `resume.onnx` goes on within a text.
        """
        places = locate(weights)
        graphs = {"model.onnx": classifier_graph(net, places)}
        if not net.config.stack.bidirectional:
            graphs["head.onnx"] = head_graph(net, places)
        if can_resume(net.config):
            graphs[RESUME] = resume_graph(net, places)
        return graphs

    def more_graphs(self, stored: StoredVersion) -> dict[str, bytes]:
        """Return `resume.onnx`, which versions of before lack; see `TrainingTask`."""
        net = classifier_of(stored)
        if RESUME in stored.manifest.files or not can_resume(net.config):
            return {}
        weights, model = stored.read(FILENAME), stored.read("model.onnx")
        graph = resume_graph(net, locate(weights))
        check_resumed(net, {"model.onnx": model, RESUME: graph}, weights)
        return {RESUME: graph}

    def check(self, net: TextClassifier, exported: Exported) -> None:
        """Compare probabilities on random padded batches; see `TrainingTask`."""
        check_classifier(net, exported.graphs, exported.weights)
        if RESUME in exported.graphs:
            check_resumed(net, exported.graphs, exported.weights)

    def golden(
        self,
        net: TextClassifier,
        inputs: Sequence[str],
        config: ClassifierConfig,
        tokenizer: Tokenizer | None,
    ) -> list[GoldenCase]:
        """Return the probabilities of some texts."""
        assert tokenizer is not None
        cases: list[GoldenCase] = []
        for text in dict.fromkeys(inputs):
            ids = config.input_ids(text, tokenizer)
            probs = torch.softmax(net(torch.tensor([ids]), torch.tensor([len(ids)])), dim=1)[0]
            cases.append(TextCase(text=text, token_ids=ids, outputs=probs.tolist()))
        return cases

    def network(self, config: ClassifierConfig) -> str:
        """Say in a line what the network looks like."""
        both = "bidirectional " if config.bidirectional else ""
        path = f"; beside it n-grams of up to {config.ngrams} tokens" if config.ngrams else ""
        return f"{both}{super().network(config)}{path}"

    def choices(self, config: ClassifierConfig) -> str:
        """Say which labels there are."""
        return f"Labels: {', '.join(config.labels)}."

    def evaluate(self, stored: StoredVersion, arguments: argparse.Namespace) -> dict[str, Any]:
        """Measure a stored version on labelled texts; see `TrainingTask`."""
        return evaluate_classifier(ServedClassifier.open(stored), arguments)


TASK = TextClassification()
