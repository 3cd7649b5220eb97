"""Translations as they are measured: greedy and beam search against slow truths, and figures."""

import itertools

import numpy as np
import pytest
import torch

from model_store.decoding import SamplingDefaults
from model_store.tasks.translation import TranslationConfig
from tests.training.nets.test_translator import translator
from training.data.sentence_pairs import Referenced
from training.data.vocab import train_tokenizer
from training.export.publish import to_graphs
from training.tasks.translation.beams import Beams
from training.tasks.translation.figures import bleu_and_chrf, translation_figures
from training.tasks.translation.served import ServedTranslator
from training.tasks.translation.task import TASK

TEXTS = ["a dog", "two cats sleep", "un chien", "deux chats", "b"]
EOS = 2


def store_config(vocab_size, *, max_tokens=12, length_penalty=1.0):
    return TranslationConfig(
        cell="lstm",
        vocab_size=vocab_size,
        embedding_dim=5,
        hidden_size=6,
        num_layers=2,
        encoder_hidden_size=4,
        encoder_layers=2,
        max_source_tokens=9,
        source_language="en",
        target_language="fr",
        length_penalty=length_penalty,
        bos_id=1,
        eos_id=EOS,
        max_tokens=max_tokens,
        sampling=SamplingDefaults(max_tokens=max_tokens, temperature=0.0),
    )


class Chances:
    """A made-up model over tokens 3 to 5 and the end: each next token depends on the last two."""

    def __init__(self, seed):
        generator = np.random.default_rng(seed)
        self.logits = generator.normal(size=(6, 6, 6)) * 2
        self.logits[:, :, [0, 1]] = -1e9  # never written

    def next(self, written):
        before, last = ([1, 1, *written])[-2:]
        return self.logits[before, last]

    def log_prob(self, written):
        total = 0.0
        for place in range(len(written)):
            logits = self.next(written[:place])
            total += logits[written[place]] - np.log(np.exp(logits).sum())
        return total


def searched(chances, num_beams, config):
    search = Beams(num_beams, config)
    grown = search.grow(chances.next([])[None])
    while grown:
        grown = search.grow(np.stack([chances.next(one) for one in search.beginnings]))
    return search.best


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("seed", range(6))
def test_wide_beams_find_the_best_of_all_translations(seed, length_penalty):
    chances = Chances(seed)
    config = store_config(6, max_tokens=4, length_penalty=length_penalty)
    every = [
        list(tokens) for size in range(4) for tokens in itertools.product([3, 4, 5], repeat=size)
    ]

    def score(tokens):
        return chances.log_prob([*tokens, EOS]) / (len(tokens) + 1) ** length_penalty

    assert searched(chances, 100, config) == max(every, key=score)


@pytest.mark.parametrize("seed", range(6))
def test_one_beam_takes_the_most_probable_token_each_time(seed):
    chances = Chances(seed)
    written: list[int] = []
    while len(written) < 12 and (token := int(chances.next(written).argmax())) != EOS:
        written.append(token)

    assert searched(chances, 1, store_config(6)) == written


@pytest.fixture(scope="module")
def exported():
    """A tiny net with random weights that writes something, its tokenizer and its graphs."""
    tokenizer = train_tokenizer("cased", TEXTS, vocab_size=262)
    net = translator(vocab_size=tokenizer.vocab_size, spread=1.5)
    with torch.no_grad():
        net.output_bias[[0, 1]] = -30.0
    return net, tokenizer, to_graphs(TASK, net)


def greedy(net, token_ids):
    """Translate one source with the torch net, a token at a time."""
    source = net.encode(torch.tensor([token_ids]), torch.tensor([len(token_ids)]))
    written: list[int] = []
    last = 1
    while len(written) < 12:
        decoded = net.decode(torch.tensor([[last]]), source)
        source = source._replace(states=decoded.states)
        last = int(net.logits(decoded.features)[0, 0].argmax())
        if last == EOS:
            break
        written.append(last)
    return written


def test_served_translations_are_those_of_the_net_one_by_one(exported):
    net, tokenizer, graphs = exported
    served = ServedTranslator.of(graphs, tokenizer, store_config(tokenizer.vocab_size))

    translations = served.translate(TEXTS)

    wanted = [tokenizer.decode(greedy(net, tokenizer.encode_ids(text)[:9])) for text in TEXTS]
    assert translations == wanted
    assert len(set(translations)) > 1


def test_beams_of_a_text_do_not_depend_on_the_others(exported):
    _, tokenizer, graphs = exported
    served = ServedTranslator.of(graphs, tokenizer, store_config(tokenizer.vocab_size))

    together = served.translate(TEXTS, num_beams=4)

    assert together == [served.translate([text], num_beams=4)[0] for text in TEXTS]


def test_figures_take_all_references_of_a_sentence():
    one = bleu_and_chrf(["il y a un chat ici"], [["il y a un chien ici"]])
    both = bleu_and_chrf(
        ["il y a un chat ici", "oui, je le veux bien"],
        [["il y a un chien ici", "il y a un chat ici"], ["oui, je le veux bien"]],
    )

    assert 20 < one["bleu"] < 90
    assert both == pytest.approx({"bleu": 100.0, "chrf": 100.0})


def test_figures_of_beams_stand_beside_the_greedy_ones(exported):
    _, tokenizer, graphs = exported
    served = ServedTranslator.of(graphs, tokenizer, store_config(tokenizer.vocab_size))
    greedily = served.translate(TEXTS)
    sentences = [
        Referenced(text, ("nothing like it", translation))
        for text, translation in zip(TEXTS, greedily, strict=True)
    ]

    figures = translation_figures(served, sentences, num_beams=3)

    assert sorted(figures) == ["beam_bleu", "beam_chrf", "bleu", "chrf"]
    assert figures["chrf"] == pytest.approx(100.0)
    assert "beam_bleu" not in translation_figures(served, sentences, num_beams=1)
