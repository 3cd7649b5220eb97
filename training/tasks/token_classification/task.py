"""Token classification: what training has to know of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from model_store import GoldenCase
from model_store.golden import WordsCase
from model_store.tasks.token_classification import TaggerConfig
from model_store.words import WordVocabulary, split_words
from training.export.parity import BATCH_SIZES, check_equal
from training.export.sessions import open_session
from training.export.weights import locate
from training.nets.tagger import Tagger
from training.task import Exported, TrainingTask
from training.tasks.token_classification.batches import Encoded, TaggedBatch, collate
from training.tasks.token_classification.graph import tagger_graph

MAX_WORD_CHARS = 20
MAX_PROBE_WORDS = 30


def feed_of(batch: TaggedBatch) -> dict[str, Any]:
    """Return a batch as the graph takes it."""
    names = ("word_ids", "char_ids", "char_lengths", "lengths")
    return {
        name: part.numpy().astype(np.int32) for name, part in zip(names, batch[:4], strict=True)
    }


class TokenClassification(TrainingTask):
    """A text in, a label for each of its words out."""

    name = "token-classification"
    route = "/v1/tag"
    limits = (
        "Learned from the data above and no more: other languages and other kinds of text are "
        "beyond it. Words are split as English treebanks do it; up to {max_words:,} of a text."
    )
    figures = (
        "`accuracy` is the share of words with the right label, `macro_f1` counts every label "
        "alike; `span_f1`, of names and the like, counts whole spans as seqeval does."
    )

    def graphs(self, net: Tagger, weights: bytes) -> dict[str, bytes]:
        """Return `model.onnx`."""
        graph = tagger_graph(net.config, locate(weights), max_word_chars=MAX_WORD_CHARS)
        return {"model.onnx": graph}

    @torch.inference_mode()
    def check(self, net: Tagger, exported: Exported) -> None:
        """Compare probabilities on random padded batches; see `TrainingTask`."""
        session = open_session(exported.graphs["model.onnx"], exported.weights)
        generator = np.random.default_rng(0)
        config = net.config
        for size in BATCH_SIZES:
            rows = []
            for count in generator.integers(1, MAX_PROBE_WORDS, size):
                words = generator.integers(0, config.num_words, count).tolist()
                lengths = generator.integers(1, MAX_WORD_CHARS + 1, count)
                spelled = [
                    generator.integers(0, config.num_characters, n).tolist() for n in lengths
                ]
                rows.append(Encoded(words, spelled, [0] * count))
            batch = collate(rows, MAX_WORD_CHARS)
            expected = torch.softmax(net(*batch[:4]), dim=2)
            got = session.run(["probs"], feed_of(batch))[0]
            for place, row in enumerate(rows):
                count = len(row.word_ids)
                check_equal("probabilities", expected[place, :count], got[place, :count])

    def golden(
        self, net: Tagger, inputs: Sequence[str], config: TaggerConfig, vocabulary: Any
    ) -> list[GoldenCase]:
        """Return the probabilities of each word's labels, text by text."""
        assert isinstance(vocabulary, WordVocabulary)
        cases: list[GoldenCase] = []
        for text in dict.fromkeys(inputs):
            words = [text[start:end] for start, end in split_words(text)]
            spelled = [vocabulary.character_ids(word, config.max_word_chars) for word in words]
            row = Encoded(vocabulary.word_ids(words), spelled, [0] * len(words))
            probs = torch.softmax(net(*collate([row], config.max_word_chars)[:4]), dim=2)[0]
            cases.append(WordsCase(text=text, words=words, outputs=probs.flatten().tolist()))
        return cases

    def text_files(self, vocabulary: Any) -> dict[str, bytes]:
        """Return the vocabulary; see `TrainingTask`."""
        return {"vocabulary.json": vocabulary.to_bytes()}

    def network(self, config: TaggerConfig) -> str:
        """Say in a line what the network looks like."""
        return (
            f"bidirectional {config.cell.upper()}, {config.num_layers} x {config.hidden_size} over "
            f"words, {config.character_hidden_size} over characters, {config.num_words:,} words"
        )

    def choices(self, config: TaggerConfig) -> str:
        """Say which labels there are."""
        return f"Labels: {', '.join(config.labels)}."


TASK = TokenClassification()
