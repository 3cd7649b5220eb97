"""The exported graphs answer as the nets do, with standard operators and one weights file."""

import numpy as np
import onnx
import pytest
import torch

from tests.training.tiny import CELLS, stack_config
from training.data.batches import pad
from training.export.graph import OPSET
from training.export.sessions import open_session
from training.export.weights import FILENAME, locate, round_weights, weights_to_bytes
from training.fitting.ngrams import fit_ngrams
from training.nets.classifier import ClassifierNetConfig, TextClassifier
from training.nets.language_model import LanguageModel, LanguageModelConfig
from training.tasks.text_classification.graph import classifier_graph, head_graph
from training.tasks.text_generation.graph import generator_graph

STORED = pytest.mark.parametrize("dtype", [torch.float32, torch.float16], ids=["fp32", "fp16"])
SHAPES = [
    {"num_layers": 1},
    {"num_layers": 3},
    {"num_layers": 1, "bidirectional": True},
    {"num_layers": 2, "bidirectional": True},
]
HEADS = [
    {"pooling": "concat"},
    {"pooling": "last"},
    {"pooling": "concat", "dense_dims": (7, 4), "num_classes": 3},
    {"pooling": "last", "dense_dims": (5,), "sigmoid_output": True},
]


def assert_close(got, expected):
    np.testing.assert_allclose(got, expected, atol=1e-5, rtol=0)


def named(options):
    return "-".join(f"{key}={value}" for key, value in options.items())


def classifier(shape, head, *, cell="lstm", dtype=torch.float32):
    torch.manual_seed(0)
    config = ClassifierNetConfig(stack_config(cell=cell, **shape), **{"num_classes": 2, **head})
    net = TextClassifier(config).eval()
    for parameter in net.parameters():
        torch.nn.init.uniform_(parameter, -0.8, 0.8)  # answers far apart
    net.temperature.fill_(1.7)
    net.temperature_slope.fill_(-0.5)
    round_weights(net, dtype)
    return net, weights_to_bytes(net, dtype)


def with_ngrams(net, *, dtype=torch.float32):
    """Give a net a linear path fitted to random rows; return it with its weights file."""
    draw = np.random.default_rng(0)
    rows = [draw.integers(12, size=draw.integers(1, 15)).tolist() for _ in range(80)]
    shape = {"max_order": 3, "vocab_size": 12, "num_classes": net.config.num_classes}
    net.ngrams = fit_ngrams(rows, np.arange(80) % net.config.num_classes, **shape)
    round_weights(net, dtype)
    return net, weights_to_bytes(net, dtype)


def generator(*, cell="lstm", dtype=torch.float32, num_layers=2, **more):
    torch.manual_seed(0)
    net = LanguageModel(
        LanguageModelConfig(stack_config(cell=cell, num_layers=num_layers, hidden_size=5), **more)
    ).eval()
    for parameter in net.parameters():
        torch.nn.init.uniform_(parameter, -0.8, 0.8)
    round_weights(net, dtype)
    weights = weights_to_bytes(net, dtype)
    return net, open_session(generator_graph(net.config, locate(weights)), weights)


def random_batch(*, rows=9, max_len=20):
    lengths = torch.randint(1, max_len + 1, (rows,))
    return pad([torch.randint(12, (int(length),)).tolist() for length in lengths])


def feeds(token_ids, lengths, **state):
    return {"token_ids": token_ids.int().numpy(), "lengths": lengths.int().numpy(), **state}


def zero_state(net, rows):
    stack = net.config.stack
    zeros = np.zeros((stack.num_layers, rows, stack.hidden_size), np.float32)
    return {"hidden": zeros, "cell": zeros} if stack.cell == "lstm" else {"hidden": zeros}


def assert_answers_alike(net, weights):
    session = open_session(classifier_graph(net, locate(weights)), weights)
    with torch.inference_mode():
        for token_ids, lengths in (random_batch(), random_batch(rows=1), random_batch(max_len=1)):
            expected = torch.softmax(net(token_ids, lengths), dim=1).numpy()
            got = session.run(["probs"], feeds(token_ids, lengths))[0]
            assert_close(got, expected)


@STORED
@pytest.mark.parametrize("shape", SHAPES, ids=named)
@pytest.mark.parametrize("cell", CELLS)
def test_classifier_graph_answers_as_torch_for_every_stack(cell, shape, dtype):
    assert_answers_alike(*classifier(shape, HEADS[0], cell=cell, dtype=dtype))


@STORED
@pytest.mark.parametrize("shape", SHAPES[1:3], ids=named)
@pytest.mark.parametrize("head", HEADS, ids=named)
def test_classifier_graph_answers_as_torch_for_every_head(head, shape, dtype):
    assert_answers_alike(*classifier(shape, head, dtype=dtype))


@STORED
@pytest.mark.parametrize("shape", SHAPES[1:3], ids=named)
@pytest.mark.parametrize("head", HEADS, ids=named)
def test_graph_with_a_linear_path_answers_as_torch(head, shape, dtype):
    net, _ = classifier(shape, head, dtype=dtype)
    assert_answers_alike(*with_ngrams(net, dtype=dtype))


def test_row_of_a_graph_with_a_linear_path_has_the_same_bits_alone_and_in_a_batch():
    net, weights = with_ngrams(classifier({"num_layers": 2}, HEADS[2])[0])
    session = open_session(classifier_graph(net, locate(weights)), weights)
    token_ids, lengths = random_batch(rows=17, max_len=40)

    (together,) = session.run(["probs"], feeds(token_ids, lengths))

    for row, (ids, length) in enumerate(zip(token_ids, lengths, strict=True)):
        (alone,) = session.run(["probs"], feeds(ids[None, :length], length[None]))
        assert alone.tobytes() == together[row].tobytes()


@pytest.mark.parametrize("has_ngrams", [False, True], ids=["network", "both paths"])
@pytest.mark.parametrize("head", HEADS, ids=named)
def test_head_over_running_pools_gives_the_answer_of_each_prefix(head, has_ngrams):
    net, weights = classifier({"num_layers": 2}, head)
    if has_ngrams:
        net, weights = with_ngrams(net)
    places = locate(weights)
    model = open_session(classifier_graph(net, places), weights)
    on_top = open_session(head_graph(net, places), weights)
    ids = torch.randint(12, (1, 15))

    names = ["hidden_states", *(["ngram_logits"] if has_ngrams else [])]
    states, *logits = (rows[0] for rows in model.run(names, feeds(ids, torch.tensor([15]))))
    steps = np.arange(1, 16)[:, None]
    pooled = states
    if net.config.pooling == "concat":
        running = np.maximum.accumulate(states), np.cumsum(states, axis=0) / steps
        pooled = np.concatenate([states, *running], axis=1, dtype=np.float32)
    seen = {"pooled": pooled} | ({"ngram_logits": logits[0]} if has_ngrams else {})
    (got,) = on_top.run(["probs"], seen)

    for end in range(1, 16):
        (alone,) = model.run(["probs"], feeds(ids[:, :end], torch.tensor([end])))
        assert_close(got[end - 1], alone[0])


def test_hidden_states_are_zero_in_the_padding_and_bidirectional_graphs_have_none():
    net, weights = classifier({}, HEADS[0])
    session = open_session(classifier_graph(net, locate(weights)), weights)
    both, both_weights = classifier({"bidirectional": True}, HEADS[0])
    graph = onnx.load_from_string(classifier_graph(both, locate(both_weights)))

    (states,) = session.run(["hidden_states"], feeds(*pad([[1, 2, 3], [4]])))

    assert np.abs(states[1, 1:]).max() == 0
    assert [output.name for output in graph.graph.output] == ["probs"]


@STORED
@pytest.mark.parametrize("cell", CELLS)
def test_prompt_in_one_call_equals_token_by_token(cell, dtype):
    net, session = generator(cell=cell, dtype=dtype)
    token_ids, lengths = random_batch(rows=4, max_len=9)

    together, *state = session.run(None, feeds(token_ids, lengths, **zero_state(net, 4)))

    for row, length in enumerate(lengths.tolist()):
        carried = zero_state(net, 1)
        for place in range(length):
            step = feeds(token_ids[row : row + 1, place : place + 1], torch.ones(1), **carried)
            logits, *after = session.run(None, step)
            carried = dict(zip(carried, after, strict=True))
        assert_close(together[row], logits[0])
        for whole, single in zip(state, after, strict=True):
            assert_close(whole[:, row], single[:, 0])


@pytest.mark.parametrize("tie_weights", [False, True], ids=["free", "tied"])
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_generator_graph_answers_as_torch(cell, num_layers, tie_weights):
    net, session = generator(cell=cell, num_layers=num_layers, tie_weights=tie_weights)
    token_ids, lengths = random_batch(rows=5)

    logits, *_ = session.run(None, feeds(token_ids, lengths, **zero_state(net, 5)))

    with torch.inference_mode():
        for row, length in enumerate(lengths.tolist()):
            expected = net(token_ids[row : row + 1, :length])[0][0, -1]
            assert_close(logits[row], expected.numpy())


def all_graphs():
    for cell in CELLS:
        net, weights = classifier({"num_layers": 2}, HEADS[2], cell=cell, dtype=torch.float16)
        places = locate(weights)
        yield classifier_graph(net, places), weights
        yield head_graph(net, places), weights
        language_model = LanguageModel(LanguageModelConfig(stack_config(cell=cell)))
        weights = weights_to_bytes(language_model)
        yield generator_graph(language_model.config, locate(weights)), weights


def test_graphs_are_valid_with_standard_operators_of_one_pinned_opset(tmp_path):
    for data, weights in all_graphs():
        (tmp_path / FILENAME).write_bytes(weights)
        (tmp_path / "model.onnx").write_bytes(data)
        model = onnx.load_from_string(data)

        onnx.checker.check_model(tmp_path / "model.onnx", full_check=True)

        assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", OPSET)]
        assert {node.domain for node in model.graph.node} == {""}


def test_graphs_hold_no_weights_but_name_those_of_the_weights_file():
    for data, weights in all_graphs():
        model = onnx.load_from_string(data)
        external = [t for t in model.graph.initializer if t.data_location == t.EXTERNAL]
        places = {t.name: {e.key: e.value for e in t.external_data} for t in external}

        assert {place["location"] for place in places.values()} == {FILENAME}
        assert all(
            int(place["offset"]) + int(place["length"]) <= len(weights) for place in places.values()
        )
        inside = [np.prod(t.dims) for t in model.graph.initializer if t not in external]
        assert max(inside, default=0) <= 3  # shapes and axes


def test_graph_with_other_weights_gives_other_answers():
    """The weights really come from the file that is handed over."""
    net, weights = classifier({}, HEADS[0])
    graph = classifier_graph(net, locate(weights))
    batch = feeds(*random_batch())
    before = open_session(graph, weights).run(["probs"], batch)[0]

    with torch.no_grad():
        net.output.bias[0] += 1

    after = open_session(graph, weights_to_bytes(net)).run(["probs"], batch)[0]
    assert (after[:, 0] > before[:, 0]).all()
