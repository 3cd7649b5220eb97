"""Texts that come in parts, from export to service: the bits of the whole, read at once."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
import torch

from model_store import About, Store
from service.engine.engine import Engine
from service.engine.options import EngineOptions
from service.engine.proving import probes
from service.engine.requests.classify import ClassifyRequest
from service.engine.runtime import WEIGHTS
from service.engine.tasks.text_classification.opening import MODEL
from service.engine.tasks.text_classification.resume_runtime import ResumeRuntime
from service.engine.tasks.text_classification.runtime import ClassifierRuntime
from service.errors import InvalidInput, NotReady, StateMismatch
from tests.models import classifier_config, publish_classifier, word_tokenizer
from training.errors import UsageError
from training.export.publish import Described, publish, to_graphs
from training.fitting.ngrams import fit_ngrams
from training.nets.classifier import ClassifierNetConfig, TextClassifier
from training.nets.config import StackConfig
from training.republish import main as republish
from training.tasks.text_classification.resume_graph import RESUME
from training.tasks.text_classification.task import TASK

TOKENIZER = word_tokenizer()
TEXT = (
    "the film was never dull but the plot was not so good , and the actor was great ! it was a "
    "long and slow story without food"
)
WORDS = TEXT.split()
KINDS = {
    "lstm": {},
    "gru": {"cell": "gru", "num_layers": 2, "pooling": "last"},
    "grams": {"ngrams": 3, "labels": ("x", "y", "z")},
    "both": {"num_layers": 2, "ngrams": 1, "dense_dims": ()},
}


def net_of(config, *, sigmoid_output=False):
    torch.manual_seed(0)
    sizes = ("vocab_size", "embedding_dim", "hidden_size", "num_layers", "cell", "bidirectional")
    stack = StackConfig(**{name: getattr(config, name) for name in sizes})
    num_classes = len(config.labels)
    net = TextClassifier(
        ClassifierNetConfig(
            stack,
            num_classes,
            pooling=config.pooling,
            dense_dims=config.dense_dims,
            sigmoid_output=sigmoid_output,
        )
    ).eval()
    for parameter in net.parameters():
        torch.nn.init.uniform_(parameter, -0.8, 0.8)
    if config.ngrams:
        rows = [TOKENIZER.encode_ids(TEXT[start : start + 20]) for start in range(0, 90, 3)]
        labels = torch.arange(len(rows)).numpy() % num_classes
        shape = {"vocab_size": config.vocab_size, "num_classes": num_classes}
        net.ngrams = fit_ngrams(rows, labels, max_order=config.ngrams, **shape)
    return net


def publish_real(store, name, *, sigmoid_output=False, dtype="float32", **changes):
    """Publish a tiny net as training does."""
    config = classifier_config(TOKENIZER, **changes)
    net = net_of(config, sigmoid_output=sigmoid_output)
    described = Described(
        about=About(task=config.task, metrics={"made_up": 0.5}, command="python -m x"),
        golden=["a good film", "the plot was dull , and very very long !"],
        example="a good film",
        pictures={"curves.png": b"PNG"},
    )
    exported = to_graphs(TASK, net, dtype)
    return publish(
        net, exported, config, tokenizer=TOKENIZER, store=store, name=name, described=described
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("store"))
    for name, changes in KINDS.items():
        publish_real(store, name, **changes)
    publish_real(store, "two-ways", bidirectional=True)
    publish_real(store, "plain", cell="rnn")
    publish_classifier(store.root, "old")
    return store


@pytest.fixture(scope="module")
def engine(store):
    engine = Engine(EngineOptions(store_dir=store.root))
    engine.start()
    yield engine
    engine.close()


def classify(engine, model, *texts, states=(), **changes):
    request = ClassifyRequest(texts, model, states=states, returns_state=True, **changes)
    return engine.answer(request).results


def whole(engine, model, *texts):
    return engine.answer(ClassifyRequest(texts, model)).results


@pytest.mark.parametrize("model", KINDS)
def test_a_text_cut_between_any_two_words_has_the_same_bits(engine, model):
    [at_once] = whole(engine, model, TEXT)
    [stands] = classify(engine, model, TEXT)

    assert stands.probs == at_once.probs
    for cut in range(1, len(WORDS)):
        [first] = classify(engine, model, " ".join(WORDS[:cut]))
        [second] = classify(engine, model, " ".join(WORDS[cut:]), states=(first.state,))
        assert (second.probs, second.state) == (at_once.probs, stands.state)
        assert first.num_tokens + second.num_tokens == at_once.num_tokens


@pytest.mark.parametrize("model", KINDS)
def test_captions_are_scored_as_they_come(engine, model):
    state = None
    for place, word in enumerate(WORDS):
        [answer] = classify(engine, model, word, states=(state,))
        state = answer.state
        [at_once] = whole(engine, model, " ".join(WORDS[: place + 1]))
        assert (answer.label, answer.probs) == (at_once.label, at_once.probs)


def test_parts_have_the_same_bits_beside_other_parts_and_whole_texts(engine):
    def parts_of(model):
        firsts = classify(engine, model, *(" ".join(WORDS[:cut]) for cut in range(1, 20)))
        states = tuple(first.state for first in firsts)
        rests = [" ".join(WORDS[cut:]) for cut in range(1, 20)]
        return [one.probs for one in classify(engine, model, *rests, states=states)]

    def ask(place):
        model = list(KINDS)[place % len(KINDS)]
        return parts_of(model) if place % 3 else [one.probs for one in whole(engine, model, TEXT)]

    with ThreadPoolExecutor(16) as callers:
        answers = list(callers.map(ask, range(36)))

    for place, answer in enumerate(answers):
        [truth] = whole(engine, list(KINDS)[place % len(KINDS)], TEXT)
        assert set(answer) == {truth.probs}


def test_texts_that_begin_stand_beside_those_that_go_on(engine):
    [first] = classify(engine, "grams", "the film was")

    on, new = classify(engine, "grams", "good", "good", states=(first.state, None))

    assert [on.probs] == [one.probs for one in whole(engine, "grams", "the film was good")]
    assert [new.probs] == [one.probs for one in whole(engine, "grams", "good")]


@pytest.mark.parametrize("text", ["", "  "])
def test_where_nothing_comes_after_a_state_the_answer_stays(engine, text):
    [before] = classify(engine, "lstm", "a good film")

    [after] = classify(engine, "lstm", text, states=(before.state,))

    assert (after.probs, after.state, after.num_tokens) == (before.probs, before.state, 0)
    with pytest.raises(InvalidInput, match="nothing that the model can read"):
        classify(engine, "lstm", text)


def test_more_than_is_read_at_once_is_read_in_parts(engine):
    long = "good film " * 21

    with pytest.raises(InvalidInput, match=r"text 1 .* more than the 40 tokens.*in parts") as no:
        classify(engine, "lstm", "a", long)

    assert no.value.param == "input"
    state = None
    for _ in range(5):
        [answer] = classify(engine, "lstm", "good film " * 20, states=(state,))
        state = answer.state
    assert sum(answer.probs) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("two-ways", "reads in both directions"),
        ("plain", "last bits change with where a text is cut"),
        ("old", r"old:1 was published without .*\(python -m training.republish old adds it"),
    ],
)
def test_a_model_without_states_says_why(engine, model, words):
    with pytest.raises(InvalidInput, match=words) as refused:
        classify(engine, model, "a good film")

    assert refused.value.param == "return_state"
    assert whole(engine, model, "a good film")


def test_what_does_not_fit_together_is_told(engine):
    [one] = classify(engine, "lstm", "a good film")

    with pytest.raises(InvalidInput, match="`state` has 1 states for 2 texts"):
        classify(engine, "lstm", "a", "b", states=(one.state,))
    with pytest.raises(InvalidInput, match="`explain` is for whole texts"):
        classify(engine, "lstm", "a", explain="trajectory")
    with pytest.raises(InvalidInput, match=r"`state\[1\]` is none that this service gave") as bad:
        classify(engine, "lstm", "a", "b", states=(one.state, one.state[:-2] + "AA"))
    assert bad.value.param == "state[1]"
    with pytest.raises(StateMismatch, match="of lstm:1, but gru:1 was asked"):
        classify(engine, "gru", "a", states=(one.state,))


def test_files_that_cannot_be_read_for_the_first_caller_are_read_for_a_later_one(tmp_path):
    store = Store(tmp_path / "store")
    publish_real(store, "film")
    engine = Engine(EngineOptions(store_dir=store.root, default_models={"classify": "film"}))
    engine.start()
    away = store.root.rename(tmp_path / "away")

    with pytest.raises(NotReady, match="cannot be read now"):
        classify(engine, None, "a good film")

    away.rename(store.root)
    assert classify(engine, None, "a good film")[0].state
    engine.close()


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("kind", [*KINDS, "sigmoid"])
def test_a_version_of_before_is_published_again_with_the_same_answers(tmp_path, kind, dtype):
    store = Store(tmp_path)
    is_sigmoid = kind == "sigmoid"
    changes = KINDS.get(kind, {})
    stored = publish_real(store, "now", sigmoid_output=is_sigmoid, dtype=dtype, **changes)
    kept = {name: stored.read(name) for name in stored.manifest.files if name != RESUME}
    about = About(task="text-classification", metrics={"made_up": 0.5})
    old = store.publish("film", kept, about)

    republish(["film", "--store", str(tmp_path)])

    new = store.open("film", 2)
    assert {name: new.read(name) for name in kept} == {name: old.read(name) for name in kept}
    assert new.read(RESUME) == stored.read(RESUME)
    assert new.manifest.metrics == {"made_up": 0.5}
    with pytest.raises(UsageError, match="film:2 has every graph that it can have"):
        republish(["film", "--store", str(tmp_path)])


def test_what_has_no_such_graph_is_told_when_it_is_published_again(store):
    with pytest.raises(UsageError, match="two-ways:1 has every graph that it can have"):
        republish(["two-ways", "--store", str(store.root)])


def test_a_graph_that_changes_answers_with_the_cut_is_found_out(store):
    stored = store.open("lstm", 1)
    resume = ResumeRuntime(stored.config, stored.read(RESUME), partial(stored.read, WEIGHTS))
    rows = probes(stored.config.vocab_size)
    whole = ClassifierRuntime(stored.config, stored.read(MODEL), weights=stored.read(WEIGHTS))

    assert resume.keeps_bits(rows, whole.probs)
    assert not resume.keeps_bits(rows, lambda rows: np.nextafter(whole.probs(rows), 1))


def test_parts_may_be_token_ids(engine):
    ids = tuple(TOKENIZER.encode_ids(TEXT))
    [first] = classify(engine, "lstm", ids[:9])
    [last] = classify(engine, "lstm", ids[9:], states=(first.state,))

    assert last.probs == whole(engine, "lstm", TEXT)[0].probs
    [same] = classify(engine, "lstm", (), states=(last.state,))
    assert (same.probs, same.state) == (last.probs, last.state)


def test_a_part_is_never_cut_where_less_was_asked_for_either(engine):
    with pytest.raises(InvalidInput, match="more than the 3 tokens") as refused:
        classify(engine, "lstm", TEXT, max_text_tokens=3)

    assert refused.value.param == "input"
    assert classify(engine, "lstm", "good film", max_text_tokens=3)[0].state
