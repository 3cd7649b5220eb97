"""Text generation: what training has to know of it."""

import argparse
from collections.abc import Sequence
from typing import Any

import torch

from model_store import GeneratorConfig, GoldenCase, StoredVersion, TextCase, Tokenizer
from training.export.weights import locate
from training.nets.language_model import LanguageModel
from training.task import Exported, TrainingTask
from training.tasks.text_generation.evaluate import add_flags, evaluate_generator
from training.tasks.text_generation.graph import generator_graph
from training.tasks.text_generation.parity import check_generator
from training.tasks.text_generation.served import ServedGenerator

MAX_GOLDEN_LOGITS = 64


class TextGeneration(TrainingTask):
    """A prompt in, one token after the other out."""

    name = "text-generation"
    route = "/v1/generate"
    field = "prompt"
    limits = (
        "Continues text as its training text would. It states no facts, follows no "
        "instructions, and can repeat what stood in the training text."
    )
    figures = (
        "`loss` is in nats a token, `perplexity` its exponential; `bits_per_byte` compares "
        "models of different tokens. `new_share` is the share of drawn documents that are no "
        "copies of training documents."
    )

    def graphs(self, net: LanguageModel, weights: bytes) -> dict[str, bytes]:
        """Return `model.onnx`."""
        return {"model.onnx": generator_graph(net.config, locate(weights))}

    def check(self, net: LanguageModel, exported: Exported) -> None:
        """Compare prompts of random lengths and a step after each; see `TrainingTask`."""
        check_generator(net, exported.graphs["model.onnx"], exported.weights)

    def golden(
        self,
        net: LanguageModel,
        inputs: Sequence[str],
        config: GeneratorConfig,
        tokenizer: Tokenizer | None,
    ) -> list[GoldenCase]:
        """Return the log probabilities of the token after each prompt, the first ones of them."""
        assert tokenizer is not None
        cases: list[GoldenCase] = []
        for text in dict.fromkeys(inputs):
            ids = config.input_ids(text, tokenizer)
            log_probs = torch.log_softmax(net(torch.tensor([ids]))[0][0, -1], dim=0)
            outputs = log_probs[:MAX_GOLDEN_LOGITS].tolist()
            cases.append(TextCase(text=text, token_ids=ids, outputs=outputs))
        return cases

    def choices(self, config: GeneratorConfig) -> str | None:
        """Say which prompts there are, if these are all."""
        return f"Prompts: {', '.join(config.prompts)}." if config.prompts else None

    def add_evaluation_flags(self, parser: argparse.ArgumentParser) -> None:
        """Add those of documents and of drawn texts; see `TrainingTask`."""
        add_flags(parser)

    def evaluate(self, stored: StoredVersion, arguments: argparse.Namespace) -> dict[str, Any]:
        """Measure a stored version on text; see `TrainingTask`."""
        return evaluate_generator(ServedGenerator.open(stored), arguments)


TASK = TextGeneration()
