"""A text in, a number out: the network, its graph and its golden examples."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from model_store import GoldenCase, TextCase
from training.export.graph import Graph, merge_directions, stack_layer, token_inputs
from training.export.parity import check_equal, random_batches
from training.export.sessions import feeds, open_session
from training.export.weights import locate
from training.nets.config import StackConfig
from training.nets.recurrent import RecurrentStack
from training.task import Exported, TrainingTask


class Scorer(nn.Module):
    """Recurrent layers, and a line through the last state."""

    def __init__(self, config: StackConfig) -> None:
        """Build the network."""
        super().__init__()
        self.config = config
        self.stack = RecurrentStack(config)
        self.output = nn.Linear(config.hidden_size, 1)

    def forward(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """Return scores (batch,) of padded token ids (batch, seq_len)."""
        states, _ = self.stack(token_ids, lengths)
        return self.output(states[torch.arange(len(lengths)), lengths - 1])[:, 0]


class TextScoring(TrainingTask):
    """Predicts a number, such as how many stars a text would give."""

    name = "text-scoring"
    route = "/v1/score"
    limits = "Learned from the data above and no more."
    figures = "`mean_error` is the mean absolute difference to the right number."

    def graphs(self, net: Scorer, weights: bytes) -> dict[str, bytes]:
        """Return `model.onnx`: token_ids, lengths -> score (batch, 1)."""
        graph, stack = Graph(locate(weights)), net.config
        states, last = token_inputs(graph), ""
        for index in range(stack.num_layers):
            outputs = stack_layer(graph, states, "lengths", config=stack, index=index, state=[])
            states, last = merge_directions(graph, outputs[0], stack), outputs[1]
        last = graph.op("Squeeze", last, graph.constant([0], np.int64))
        graph.output("score", graph.linear(last, "output"), ["batch", 1])
        return {"model.onnx": graph.to_bytes("scorer")}

    @torch.inference_mode()
    def check(self, net: Scorer, exported: Exported) -> None:
        """Compare scores on random padded batches."""
        session = open_session(exported.graphs["model.onnx"], exported.weights)
        for token_ids, lengths in random_batches(net.config.vocab_size, max_len=30):
            got = session.run(["score"], feeds(token_ids, lengths))[0]
            check_equal("scores", net(token_ids, lengths)[:, None], got)

    def golden(
        self, net: Scorer, inputs: Sequence[str], config: Any, tokenizer: Any
    ) -> list[GoldenCase]:
        """Return the scores of some texts."""
        cases: list[GoldenCase] = []
        for text in inputs:
            ids = config.input_ids(text, tokenizer)
            score = net(torch.tensor([ids]), torch.tensor([len(ids)]))
            cases.append(TextCase(text=text, token_ids=ids, outputs=score.tolist()))
        return cases


TASK = TextScoring()
