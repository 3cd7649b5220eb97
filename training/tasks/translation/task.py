"""Translation: what training has to know of it."""

import argparse
from collections.abc import Sequence
from typing import Any

import torch

from model_store import GoldenCase, StoredVersion, TextCase, Tokenizer
from model_store.tasks.translation import TranslationConfig
from training.data.batches import pad
from training.export.weights import locate
from training.nets.translator import Translator
from training.task import Exported, TrainingTask
from training.tasks.translation.evaluate import evaluate_translator
from training.tasks.translation.graph import decoder_graph, encoder_graph
from training.tasks.translation.parity import check_translator
from training.tasks.translation.served import ServedTranslator

MAX_GOLDEN_LOG_PROBS = 64


class Translation(TrainingTask):
    """A text in, another one out, attending to the first."""

    name = "translation"
    route = "/v1/translate"
    limits = (
        "Translates one sentence at a time, of up to {max_source_tokens} tokens, of the kind that "
        "it was trained on. It can leave words out, repeat them or invent them; names and numbers "
        "that it never saw are the likeliest to go wrong."
    )
    figures = (
        "`loss` is in nats a token of the reference. `bleu` and `chrf` are sacreBLEU's on the "
        "greedy translations, `beam_bleu` and `beam_chrf` on those of beam search, with all "
        "references of a sentence."
    )

    def graphs(self, net: Translator, weights: bytes) -> dict[str, bytes]:
        """Return `model.onnx`, the encoder, and `decoder.onnx`."""
        places = locate(weights)
        return {
            "model.onnx": encoder_graph(net.config, places),
            "decoder.onnx": decoder_graph(net.config, places),
        }

    def check(self, net: Translator, exported: Exported) -> None:
        """Compare sources of random lengths and steps after each; see `TrainingTask`."""
        check_translator(net, exported.graphs, exported.weights)

    def golden(
        self,
        net: Translator,
        inputs: Sequence[str],
        config: TranslationConfig,
        tokenizer: Tokenizer | None,
    ) -> list[GoldenCase]:
        """Return log probabilities of each translation's first token, the first ones of them."""
        assert tokenizer is not None
        cases: list[GoldenCase] = []
        for text in dict.fromkeys(inputs):
            ids = config.input_ids(text, tokenizer)
            logits = net(*pad([ids]), torch.tensor([[config.bos_id]]))[0, 0]
            outputs = torch.log_softmax(logits, dim=0)[:MAX_GOLDEN_LOG_PROBS].tolist()
            cases.append(TextCase(text=text, token_ids=ids, outputs=outputs))
        return cases

    def network(self, config: TranslationConfig) -> str:
        """Say in a line what the network looks like."""
        return (
            f"{config.cell.upper()} encoder, {config.encoder_layers} x "
            f"{config.encoder_hidden_size} in each direction, and decoder with attention, "
            f"{config.num_layers} x {config.hidden_size}; embedding {config.embedding_dim}, "
            f"vocabulary {config.vocab_size:,}"
        )

    def evaluate(self, stored: StoredVersion, arguments: argparse.Namespace) -> dict[str, Any]:
        """Measure a stored version on sentence pairs; see `TrainingTask`."""
        return evaluate_translator(ServedTranslator.open(stored), arguments)


TASK = Translation()
