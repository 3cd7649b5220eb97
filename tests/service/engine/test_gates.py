"""The service's plain equations, held against those of the training and against autograd."""

import numpy as np
import pytest
import torch
from safetensors.numpy import load

from model_store import ClassifierConfig
from service.engine.gates.cells import GATES, QUANTITIES, Trace
from service.engine.gates.network import Network, Shape, outputs_of
from service.engine.tasks.text_classification.inside import score_slopes
from service.engine.tasks.text_generation.inside import outlook_of
from tests.training.tiny import CELLS, stack_config
from training.export.weights import weights_to_bytes
from training.nets.cells import STEPS, unroll
from training.nets.classifier import ClassifierNetConfig, TextClassifier, pool
from training.nets.language_model import LanguageModel, LanguageModelConfig
from training.nets.recurrent import RecurrentStack, reverse_padded

TOKENS = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5]
IDS = torch.tensor([TOKENS])
LENGTHS = torch.tensor([len(TOKENS)])
SHAPES = [
    pytest.param({"cell": cell, "num_layers": layers, "bidirectional": both}, id=f"{cell}-{name}")
    for cell in CELLS
    for layers, both, name in ((1, False, "one"), (3, False, "deep"), (2, True, "both-ways"))
]
TOLERANCE = 1e-5


def give_way():
    """Nobody else is here."""


def seeded(net):
    torch.manual_seed(1)
    for parameter in net.parameters():
        torch.nn.init.uniform_(parameter, -0.8, 0.8)
    return net.eval()


def classifier(pooling="concat", *, num_classes=3, dense_dims=(7,), sigmoid=False, **changes):
    config = ClassifierNetConfig(
        stack_config(**changes),
        num_classes,
        pooling=pooling,
        dense_dims=dense_dims,
        sigmoid_output=sigmoid,
    )
    return seeded(TextClassifier(config))


def reader(net):
    config = net.config.stack
    shape = Shape(config.cell, config.hidden_size, config.num_layers, config.bidirectional)
    tensors = load(weights_to_bytes(net))
    return Network(tensors, shape, give_way), tensors


def layers_of(stack: RecurrentStack):
    """Return the layers and their directions as a trace has them."""
    directions = [stack.forward_layers, stack.backward_layers]
    return [[own[place] for own in directions if len(own)] for place in range(len(directions[0]))]


def scaled(stack, factors):
    """Read `TOKENS` a step at a time, every hidden state times its unit's factor."""
    outputs = stack.embed(IDS)
    for layer, directions in enumerate(layers_of(stack)):
        parts = []
        for place, one in enumerate(directions):
            inputs = outputs if place == 0 else reverse_padded(outputs, LENGTHS)
            state, hidden = one.zero_state(1), []
            for step in inputs.unbind(dim=1):
                state = STEPS[one.cell](step, state, one.weights())
                state = (state[0] * factors[layer, place], *state[1:])
                hidden.append(state[0])
            states = torch.stack(hidden, dim=1)
            parts.append(states if place == 0 else reverse_padded(states, LENGTHS))
        outputs = torch.cat(parts, dim=2)
    return outputs


def owed(stack, score):
    """Return the derivative of `score(states)` by the units' factors at 1, by autograd."""
    shape = (len(stack.forward_layers), 1 + stack.config.bidirectional, stack.config.hidden_size)
    factors = torch.ones(shape, requires_grad=True)
    score(scaled(stack, factors)).backward()
    assert factors.grad is not None
    return factors.grad.numpy()


@pytest.mark.parametrize("shape", SHAPES)
def test_hidden_states_are_those_of_the_network(shape):
    net = classifier(**shape)
    traces = reader(net)[0].read(TOKENS)
    expected = net.stack(IDS, LENGTHS)[0][0].detach().numpy()
    assert np.abs(outputs_of(traces[-1]) - expected).max() < TOLERANCE


@pytest.mark.parametrize("cell", CELLS)
def test_reading_goes_on_from_a_state(cell):
    net = seeded(LanguageModel(LanguageModelConfig(stack_config(cell=cell, num_layers=2))))
    _, states = net.stack(IDS[:, :4])
    start = [tuple(part[0].detach().numpy() for part in state) for state in states]
    rest = outputs_of(reader(net)[0].read(TOKENS[4:], start)[-1])
    assert np.abs(rest - net.stack(IDS)[0][0, 4:].detach().numpy()).max() < TOLERANCE


def gates_of(cell, inputs, before, weights):
    """Work out a cell's gates from torch's own arrays, the order of which is torch's."""
    count = len(weights.bias_ih) // before.shape[-1]
    from_input = (inputs @ weights.weight_ih.T + weights.bias_ih).chunk(count, dim=-1)
    from_hidden = (before @ weights.weight_hh.T + weights.bias_hh).chunk(count, dim=-1)
    sums = [a + b for a, b in zip(from_input, from_hidden, strict=True)]
    values = {name: torch.sigmoid(one) for name, one in zip(GATES[cell], sums, strict=True)}
    if cell == "gru":
        reset = values["reset"]
        values["candidate"] = torch.tanh(from_input[2] + reset * from_hidden[2])
    else:
        place = GATES[cell].index("candidate" if cell == "lstm" else "hidden")
        values[GATES[cell][place]] = torch.tanh(sums[place])
    return values, from_input, from_hidden


@pytest.mark.parametrize("cell", CELLS)
def test_every_gate_is_what_its_weights_make_of_input_and_state(cell):
    net = classifier(cell=cell)
    (trace,) = reader(net)[0].read(TOKENS)[0]
    (layer,) = net.stack.forward_layers
    inputs, weights = net.stack.embed(IDS), layer.weights()
    hidden, state = unroll(cell, inputs, layer.zero_state(1), weights)
    before = torch.cat([torch.zeros(1, 1, hidden.shape[2]), hidden[:, :-1]], dim=1)
    values, from_input, from_hidden = gates_of(cell, inputs[0], before[0], weights)
    told = dict(zip(QUANTITIES[cell], trace.values, strict=True))
    for place, (name, expected) in enumerate(values.items()):
        assert np.abs(told[name] - expected.detach().numpy()).max() < TOLERANCE, name
        sums = from_input[place] + from_hidden[place]
        parts = trace.from_input[:, place] + trace.from_hidden[:, place]
        assert np.abs(parts - sums.detach().numpy()).max() < TOLERANCE, name
    if cell == "lstm":
        assert np.abs(told["cell"][-1] - state[1][0].detach().numpy()).max() < TOLERANCE


HEADS = [
    {},
    {"pooling": "last"},
    {"dense_dims": ()},
    {"dense_dims": (7, 5)},
    {"num_classes": 2, "sigmoid": True},
]


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("head", HEADS, ids=["concat", "last", "flat", "deep", "sigmoid"])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_label_owes_to_each_unit_is_autograd_s(shape, head, label):
    net = classifier(**head, **shape)
    config, stack = net.config, net.config.stack

    def score(states):
        pooled = pool(states, LENGTHS, pooling=config.pooling, hidden_size=stack.hidden_size)
        no_temperature = torch.zeros(1, dtype=torch.int64)
        net.temperature_slope.zero_()
        logits = net.head(pooled, no_temperature)[0]
        others = torch.cat([logits[:label], logits[label + 1 :]])
        return logits[label] - others.logsumexp(0)

    network, tensors = reader(net)
    traces = network.read(TOKENS)
    stored = ClassifierConfig(
        cell=stack.cell,
        vocab_size=stack.vocab_size,
        embedding_dim=stack.embedding_dim,
        hidden_size=stack.hidden_size,
        num_layers=stack.num_layers,
        bidirectional=stack.bidirectional,
        pooling=config.pooling,
        dense_dims=config.dense_dims,
        labels=("x", "y", "z")[: config.num_classes],
        max_seq_len=40,
    )
    slopes = score_slopes(tensors, stored, outputs_of(traces[-1]), label)
    got = np.array(network.influences(traces, slopes))
    np.testing.assert_allclose(got, owed(net.stack, score), rtol=1e-3, atol=TOLERANCE)


@pytest.mark.parametrize("tied", [False, True], ids=["untied", "tied"])
@pytest.mark.parametrize("num_written", [0, 4])
@pytest.mark.parametrize("cell", CELLS)
def test_what_a_written_text_owes_to_each_unit_is_autograd_s(cell, num_written, tied):
    sizes = {"embedding_dim": 6, "hidden_size": 6} if tied else {}
    config = LanguageModelConfig(stack_config(cell=cell, num_layers=2, **sizes), tied)
    net = seeded(LanguageModel(config))

    def score(states):
        log_probs = net.decoder(states)[0].log_softmax(dim=1)
        if not num_written:
            return log_probs[-1].max()
        return sum(log_probs[place - 1, TOKENS[place]] for place in range(-num_written, 0))

    network, tensors = reader(net)
    traces = network.read(TOKENS)
    outlook = outlook_of(
        *(tensors, outputs_of(traces[-1]), TOKENS[1:]), num_scored=num_written, give_way=give_way
    )
    got = np.array(network.influences(traces, outlook.slopes))
    np.testing.assert_allclose(got, owed(net.stack, score), rtol=1e-3, atol=TOLERANCE)


def test_what_is_expected_are_the_most_probable_tokens_with_the_network_s_probabilities():
    net = seeded(LanguageModel(LanguageModelConfig(stack_config())))
    network, tensors = reader(net)
    states = outputs_of(network.read(TOKENS)[-1])
    best = outlook_of(tensors, states, TOKENS[1:], num_scored=0, give_way=give_way).best
    shares, ids = net(IDS)[0][0].softmax(dim=1).topk(5, dim=1)
    assert [[one for one, _ in row] for row in best] == ids.tolist()
    np.testing.assert_allclose([[p for _, p in row] for row in best], shares.detach(), atol=1e-6)


def test_others_get_their_turn_while_a_long_text_is_read():
    turns = []
    net = classifier(num_layers=2)
    network = Network(load(weights_to_bytes(net)), Shape("lstm", 6, 2), lambda: turns.append(1))
    traces = network.read(TOKENS * 20)
    assert len(turns) == 2 * 7  # 220 tokens, two layers
    assert isinstance(traces[0][0], Trace)
