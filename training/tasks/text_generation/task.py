"""Text generation: what training has to know of it."""

import argparse
import logging
from collections.abc import Sequence
from typing import Any

import torch

from model_store import GeneratorConfig, GoldenCase, StoredVersion, TextCase, Tokenizer
from training.export.weights import locate
from training.nets.language_model import LanguageModel
from training.task import Exported, TrainingTask
from training.tasks.text_generation.evaluate import evaluate_generator
from training.tasks.text_generation.graph import generator_graph
from training.tasks.text_generation.parity import check_generator
from training.tasks.text_generation.served import ServedGenerator

log = logging.getLogger(__name__)

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
        "models of different tokens, and so does `bits_per_character`, beside which `baseline` is "
        "what n-grams of characters need. `new_share` is the share of drawn documents that are no "
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

    def warn(self, stored: StoredVersion) -> None:
        """Warn of a generator that n-grams of characters beat; see `TrainingTask`."""
        figures = stored.manifest.metrics
        for split in ("test", "validation"):
            bits = figures.get(f"{split}_bits_per_character")
            baseline = figures.get(f"{split}_baseline_bits_per_character", bits)
            if bits is not None and baseline is not None and bits > baseline:
                log.warning(
                    "warning: n-grams of characters foresee the %s text better: %.3f bits a "
                    "character, this model %.3f. Train longer (--max-epochs) or give more text",
                    *(split, baseline, bits),
                )
                return

    def evaluate(self, stored: StoredVersion, arguments: argparse.Namespace) -> dict[str, Any]:
        """Measure a stored version on text; see `TrainingTask`."""
        return evaluate_generator(ServedGenerator.open(stored), arguments)


TASK = TextGeneration()
