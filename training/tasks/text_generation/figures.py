"""How well a generator foresees held-out text, beside n-grams, and how new what it draws is."""

import logging
import math
from collections.abc import Mapping

import torch

from model_store import GeneratorConfig, Tokenizer
from training.data.corpus import CorpusData
from training.data.streams import as_stream, is_running
from training.export.sessions import open_session
from training.nets.language_model import LanguageModel
from training.reports import kneser_ney
from training.reports.card import table
from training.reports.kneser_ney import KneserNey
from training.task import Exported
from training.tasks.text_generation.module import corpus_loss
from training.tasks.text_generation.novelty import draw_documents, novelty
from training.tasks.text_generation.served import ServedGenerator

log = logging.getLogger(__name__)

NUM_SHOWN = 8


def measure(
    net: LanguageModel,
    data: CorpusData,
    tokenizer: Tokenizer,
    boundary: int,
    *,
    with_baseline: bool,
) -> dict[str, float]:
    """Return nats per token, perplexity and bits per byte and character of held-out text.

    `..._baseline_bits_per_character` are those of an n-gram model of the same training text.
    """
    baseline = None
    figures: dict[str, float] = {}
    for split, documents in (("validation", data.validation), ("test", data.test)):
        if not documents:
            continue
        stream = as_stream(documents, tokenizer, boundary)
        loss = corpus_loss(net, torch.from_numpy(stream).long())
        bits = loss * (len(stream) - 1) / math.log(2)
        num_chars = sum(map(len, documents))
        figures[f"{split}_loss"] = loss
        figures[f"{split}_perplexity"] = math.exp(loss)
        figures[f"{split}_bits_per_byte"] = bits / sum(len(text.encode()) for text in documents)
        figures[f"{split}_bits_per_character"] = bits / num_chars
        if with_baseline:
            baseline = baseline or KneserNey(data.train)
            figures[f"{split}_baseline_bits_per_character"] = baseline.bits(documents) / num_chars
    return figures


def measure_novelty(
    exported: Exported,
    data: CorpusData,
    *,
    tokenizer: Tokenizer,
    config: GeneratorConfig,
    count: int,
) -> dict[str, float]:
    """Return the share of drawn documents that are new, for a corpus of documents."""
    if is_running(data) or not count:
        return {}
    session = open_session(exported.graphs["model.onnx"], exported.weights)
    served = ServedGenerator(session, tokenizer, config)
    documents = draw_documents(served, data.prompts, count=count)
    log.info("drawn: %s", ", ".join(repr(each.document) for each in documents[:NUM_SHOWN]))
    return novelty(documents, data.train)


def beside_ngrams(figures: Mapping[str, float]) -> dict[str, str]:
    """Return the card's section that compares with an n-gram model, if it was measured."""
    rows = [
        [split, who, f"{figures[key]:.3f}"]
        for split in ("validation", "test")
        for who, name in (("this model", ""), (kneser_ney.NAME, "baseline_"))
        if (key := f"{split}_{name}bits_per_character") in figures
    ]
    if not any(kneser_ney.NAME in row for row in rows):
        return {}
    note = "The fewer bits, the better the next character is foreseen."
    text = f"{table(['text', 'model', 'bits a character'], rows)}\n\n{note}"
    return {"Next to an n-gram model": text}
