"""The inside that `FakeEngine` tells: that of one small network, whatever the model.

It is worked out by the service's own equations, which `tests/service/engine/test_gates.py` holds
against others. Tokens are words for a classifier and characters for a generator.
"""

import re
from collections.abc import Sequence

from service.engine.answer_stream import TokenTexts
from service.engine.gates.inside import Inside
from service.engine.requests.gates import Gates, GatesAsk, ReadToken
from service.engine.tasks.text_classification.inside import ClassifierInside
from service.engine.tasks.text_generation.inside import GeneratorInside
from tests.graph_weights import weights_of
from tests.graphs import classifier_graphs, generator_graph
from tests.models import character_tokenizer, classifier_config, generator_config, word_tokenizer

SHAPE = {"hidden_size": 8, "num_layers": 2}
CLASSIFIER = classifier_config(word_tokenizer(), **SHAPE)
CHARACTERS = character_tokenizer()
GENERATOR = generator_config(CHARACTERS, **SHAPE)


def nobody():
    """Nobody else is here."""


def _inside(config, model) -> Inside:
    return Inside.of(config, lambda: weights_of(model))


READS = ClassifierInside(_inside(CLASSIFIER, classifier_graphs(CLASSIFIER).model), CLASSIFIER)
WRITES = GeneratorInside(
    _inside(GENERATOR, generator_graph(GENERATOR)),
    TokenTexts(CHARACTERS.token_bytes, CHARACTERS.silent_tokens),
)


def read_gates(ask: GatesAsk, text: str, label: int) -> Gates:
    """Tell the inside while a text is read; a word's token is told by its length."""
    words = list(re.finditer(r"\S+", text))
    READS.inside.check(ask, len(words), "send less text")
    tokens = [
        ReadToken(word[0], word.start(), word.end(), len(word[0]) % CLASSIFIER.vocab_size)
        for word in words
    ]
    return READS.tell(ask, tokens, label=label, give_way=nobody)


def written_gates(ask: GatesAsk, prompt: str, written: str) -> Gates:
    """Tell the inside while a prompt is read and a text written."""
    read = [CHARACTERS.bos_id, *CHARACTERS.encode_ids(prompt)]
    token_ids: Sequence[int] = CHARACTERS.encode_ids(written)
    WRITES.inside.check(ask, len(read) + len(token_ids), "ask for fewer `max_tokens`")
    return WRITES.teller(ask, read, start=None, give_way=nobody)(token_ids)
