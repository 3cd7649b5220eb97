"""How well a generator, as it is served, predicts texts that it was not trained on."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from model_store import GeneratorConfig
from training.data.batches import pad
from training.data.vocab import encode_corpus
from training.tasks.text_generation.served import ServedGenerator

ROWS_AT_ONCE = 64

_Row = tuple[list[int], list[int]]  # token ids that are given, and those that are predicted


def text_figures(served: ServedGenerator, documents: Sequence[str]) -> dict[str, float]:
    """Return nats per token, perplexity and bits per byte of documents, each read by itself.

    A document begins at the first token, as a request's does. One long text is read in a single
    row from its beginning. Where documents begin with one of the model's fixed prompts, what
    follows it is measured: a caller gives the prompt.
    """
    split = [split_prompt(document, served.config) for document in documents]
    losses = np.concatenate(list(_losses(served, _rows(served, split))))
    num_bytes = sum(len(rest.encode()) for _, rest in split)
    loss = float(losses.mean())
    return {
        "loss": loss,
        "perplexity": math.exp(loss),
        "bits_per_byte": float(losses.sum()) / num_bytes / math.log(2),
    }


def split_prompt(document: str, config: GeneratorConfig) -> tuple[str | None, str]:
    """Return which of the fixed prompts a document begins with, if any, and what follows it."""
    for prompt in config.prompts:
        if document.startswith(config.wrap(prompt)):
            return prompt, document.removeprefix(config.wrap(prompt))
    return None, document


def _rows(served: ServedGenerator, split: Sequence[tuple[str | None, str]]) -> list[_Row]:
    """Return the rows of documents, shortest first."""
    config = served.config
    end = [] if config.eos_id is None else [config.eos_id]
    heads = [
        [config.bos_id] if prompt is None else config.input_ids(prompt, served.tokenizer)
        for prompt, _ in split
    ]
    rests = encode_corpus(served.tokenizer, [rest for _, rest in split])
    rows = [(head, [*rest, *end]) for head, rest in zip(heads, rests, strict=True)]
    return sorted(rows, key=lambda row: len(row[0]) + len(row[1]))


def _losses(served: ServedGenerator, rows: Sequence[_Row]) -> Iterator[np.ndarray]:
    """Yield the losses in nats of predicted tokens, an array for each place of some rows."""
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        token_ids, lengths = pad([[*head, *rest] for head, rest in some])
        firsts = np.array([len(head) for head, _ in some])
        for place, losses in enumerate(served.losses(token_ids.numpy()), 1):
            yield losses[(firsts <= place) & (lengths.numpy() > place)]
