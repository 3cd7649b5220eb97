"""A version is published whole or not at all, and answers as the net does."""

import shlex
from typing import Any

import numpy as np
import pytest
import torch

from model_store import (
    About,
    ClassifierConfig,
    GeneratorConfig,
    SamplingDefaults,
    Store,
)
from training.data.vocab import train_char
from training.errors import ParityError
from training.export.publish import Described, command_line, publish, to_graphs
from training.nets.classifier import ClassifierNetConfig, TextClassifier
from training.nets.config import StackConfig
from training.nets.language_model import LanguageModel, LanguageModelConfig
from training.tasks.text_classification.parity import check_classifier
from training.tasks.text_classification.served import ServedClassifier
from training.tasks.text_classification.task import TASK as CLASSIFICATION
from training.tasks.text_generation.parity import check_generator
from training.tasks.text_generation.served import ServedGenerator
from training.tasks.text_generation.task import TASK as GENERATION

TEXTS = ["to be", "or not to be", "that is"]
TOKENIZER = train_char(TEXTS, vocab_size=40)
STACK = StackConfig(TOKENIZER.vocab_size, embedding_dim=5, hidden_size=6, num_layers=2)
SIZES: dict[str, Any] = {
    "vocab_size": TOKENIZER.vocab_size,
    "embedding_dim": 5,
    "hidden_size": 6,
    "num_layers": 2,
}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def spread(net):
    """Weights wide apart, so that answers are far from even."""
    torch.manual_seed(0)
    for parameter in net.parameters():
        torch.nn.init.uniform_(parameter, -1, 1)
    return net.eval()


def classifier(**changes):
    return spread(TextClassifier(ClassifierNetConfig(STACK, **{"num_classes": 2, **changes})))


def generator():
    return spread(LanguageModel(LanguageModelConfig(STACK)))


def described(task):
    return Described(
        about=About(task=task, command="python -m x"),
        golden=["to be", "or not", "to be"],
        example="to be",
        pictures={"curves.png": b"PNG"},
    )


def publish_classifier(store, dtype="float32"):
    net = classifier()
    config = ClassifierConfig(cell="lstm", labels=("bad", "good"), max_seq_len=9, **SIZES)
    described_ = described("text-classification")
    exported = to_graphs(CLASSIFICATION, net, dtype)
    return net, publish(net, exported, config, tokenizer=TOKENIZER, store=store,
                        name="toy", described=described_)  # fmt: skip


def publish_generator(store, **sampling):
    net = generator()
    config = GeneratorConfig(
        cell="lstm", bos_id=3, eos_id=3, max_prompt_tokens=50, max_tokens=50,
        sampling=SamplingDefaults(**{"max_tokens": 20, **sampling}), **SIZES,
    )  # fmt: skip
    return net, publish(net, to_graphs(GENERATION, net), config, tokenizer=TOKENIZER, store=store,
                        name="toy", described=described("text-generation"))  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_published_classifier_answers_as_the_net(dtype, store):
    net, stored = publish_classifier(store, dtype)
    served = ServedClassifier.open(stored)

    got = served.probs(TEXTS)

    with torch.inference_mode():
        for text, probs in zip(TEXTS, got, strict=True):
            ids = TOKENIZER.encode_ids(text)
            ids = ids if len(ids) <= 9 else ids[:9]  # the default keeps the first tokens
            expected = torch.softmax(net(torch.tensor([ids]), torch.tensor([len(ids)])), dim=1)[0]
            np.testing.assert_allclose(probs, expected, atol=1e-5)


def test_version_holds_all_that_a_version_holds(store):
    _, stored = publish_classifier(store)

    assert set(stored.manifest.files) == {
        "config.json", "tokenizer.json", "model.onnx", "head.onnx", "golden.json",
        "resume.onnx", "weights.safetensors", "README.md", "curves.png",
    }  # fmt: skip
    assert [case.text for case in stored.golden().cases] == ["to be", "or not"]
    assert store.verify("toy", 1) == []


def test_golden_outputs_are_the_graphs(store):
    _, stored = publish_generator(store)
    served = ServedGenerator.open(stored)

    for case in stored.golden().cases:
        logits, _ = served.step(np.array([case.token_ids]), served.zero_state(1))
        log_probs = torch.log_softmax(torch.from_numpy(logits[0]), dim=0)
        assert case.difference(log_probs.tolist()) < 1e-5


def test_text_without_a_token_is_even_between_the_classes(store):
    _, stored = publish_classifier(store)
    served = ServedClassifier.open(stored)

    assert served.probs(["", "to be"])[0].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("where", ["stack.forward_layers.1.weight_hh", "output.bias"])
def test_net_with_a_wrong_weight_is_refused(where):
    net = classifier()
    exported = to_graphs(CLASSIFICATION, net)

    with torch.no_grad():
        net.get_parameter(where).view(-1)[0] += 0.01

    with pytest.raises(ParityError, match="nothing was written"):
        check_classifier(net, exported.graphs, exported.weights)


def test_generator_with_a_wrong_weight_is_refused():
    net = generator()
    exported = to_graphs(GENERATION, net)
    with torch.no_grad():
        net.stack.forward_layers[0].bias_hh[3] += 0.01

    with pytest.raises(ParityError):
        check_generator(net, exported.graphs["model.onnx"], exported.weights)


class Lopsided(TextClassifier):
    """Answers with something that no graph was built for."""

    def head(self, pooled, lengths):
        return super().head(pooled, lengths) * (1 + pooled[:, :1])


def test_net_that_the_graph_does_not_match_is_refused():
    torch.manual_seed(0)

    with pytest.raises(ParityError):
        to_graphs(CLASSIFICATION, Lopsided(ClassifierNetConfig(STACK, num_classes=2)))


@pytest.mark.parametrize("value", [float("nan"), 1e6], ids=["nan", "over half precision"])
def test_weights_that_are_no_numbers_are_refused(value):
    net = classifier()
    with torch.no_grad():
        net.output.weight[0, 0] = value

    with pytest.raises(ParityError):
        to_graphs(CLASSIFICATION, net, "float16")


def test_generator_draws_reproducibly_and_stops_at_its_end_token(store):
    _, stored = publish_generator(store)
    served = ServedGenerator.open(stored)

    first = served.sample(["to", "", "be"] * 20, seed=1)

    assert first == served.sample(["to", "", "be"] * 20, seed=1)
    assert first != served.sample(["to", "", "be"] * 20, seed=2)
    lengths = {len(text) for text in first}
    assert max(lengths) == 20
    assert min(lengths) < 20


def test_temperature_zero_takes_the_most_probable_token(store):
    net, stored = publish_generator(store, temperature=0.0, max_tokens=6)
    served = ServedGenerator.open(stored)
    ids = [3, *TOKENIZER.encode_ids("to")]

    (text,) = served.sample(["to"])

    for _ in range(6):
        best = int(net(torch.tensor([ids]))[0][0, -1].argmax())
        if best == 3:
            break
        ids.append(best)
    assert text == TOKENIZER.decode(ids[3:])


@pytest.mark.parametrize("limit", [{"top_k": 2}, {"top_p": 0.3}, {"min_p": 0.5}], ids=str)
def test_limits_keep_the_most_probable_tokens_only(limit, store):
    _, stored = publish_generator(store, **limit)
    served = ServedGenerator.open(stored)
    logits, _ = served.step(np.array([[3]]), served.zero_state(1))
    probs = np.exp(logits[0]) / np.exp(logits[0]).sum()
    order = np.argsort(-probs)
    kept = {
        "top_k": order[:2],
        "top_p": order[: 1 + int((np.cumsum(probs[order]) < 0.3).sum())],
        "min_p": order[probs[order] >= 0.5 * probs.max()],
    }[next(iter(limit))]

    drawn = served._draw(np.repeat(logits, 3000, axis=0), np.random.default_rng(0))

    assert set(drawn.tolist()) == set(kept.tolist())
    shares = np.bincount(drawn, minlength=len(probs))[kept] / 3000
    np.testing.assert_allclose(shares, probs[kept] / probs[kept].sum(), atol=0.04)


def test_losses_are_those_of_the_net(store):
    net, stored = publish_generator(store)
    served = ServedGenerator.open(stored)
    rows = np.array([[3, 5, 6, 7], [3, 8, 8, 4]])

    got = np.stack(list(served.losses(rows)), axis=1)

    with torch.inference_mode():
        log_probs = torch.log_softmax(net(torch.from_numpy(rows))[0], dim=2)[:, :-1]
    expected = -log_probs.gather(2, torch.from_numpy(rows[:, 1:, None]))[:, :, 0]
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_command_can_be_typed_again_and_is_that_of_a_run_from_the_start():
    argv = ["--data", "my file.csv", "--resume", "--name", "x", "--run-dir", "/home/me/run",
            "--store=/home/me/store"]  # fmt: skip

    words = shlex.split(command_line("training.train_classifier", argv))

    assert words == ["python", "-m", "training.train_classifier", "--data", "my file.csv",
                     "--name", "x"]  # fmt: skip
