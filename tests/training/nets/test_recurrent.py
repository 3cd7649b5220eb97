"""What stacks promise: padding has no influence, directions are separate, state carries over."""

import pytest
import torch

from tests.training.tiny import CELLS, stack, stack_config
from training.data.batches import pad
from training.nets.classifier import ClassifierNetConfig, TextClassifier, pool
from training.nets.language_model import LanguageModel, LanguageModelConfig
from training.nets.recurrent import reverse_padded

ROWS = [[5, 3, 9, 1], [7], [2, 2, 8, 4, 6, 1, 3], [9, 8]]


def test_reversing_moves_each_text_inside_its_own_length():
    values = torch.tensor([[1, 2, 3, 0], [4, 0, 0, 0]])[:, :, None]

    reversed_ = reverse_padded(values, torch.tensor([3, 1]))

    assert reversed_[:, :, 0].tolist() == [[3, 2, 1, 0], [4, 0, 0, 0]]


@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "bidirectional"])
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_row_of_a_padded_batch_equals_the_row_alone(cell, num_layers, bidirectional):
    net = stack(cell=cell, num_layers=num_layers, bidirectional=bidirectional).eval()
    token_ids, lengths = pad(ROWS)

    together, _ = net(token_ids, lengths)

    for row, ids in enumerate(ROWS):
        alone, _ = net(torch.tensor([ids]), torch.tensor([len(ids)]))
        torch.testing.assert_close(together[row, : len(ids)], alone[0])


@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "bidirectional"])
@pytest.mark.parametrize("pooling", ["concat", "last"])
def test_classifier_does_not_see_what_stands_in_the_padding(pooling, bidirectional):
    torch.manual_seed(0)
    config = ClassifierNetConfig(
        stack_config(bidirectional=bidirectional), num_classes=3, pooling=pooling, dense_dims=(5,)
    )
    net = TextClassifier(config).eval()
    token_ids, lengths = pad(ROWS)
    is_padding = torch.arange(token_ids.shape[1])[None] >= lengths[:, None]

    other = token_ids.masked_fill(is_padding, 11)

    torch.testing.assert_close(net(other, lengths), net(token_ids, lengths))


def test_padding_gets_no_gradient():
    net = stack(bidirectional=True)
    token_ids, lengths = pad(ROWS)
    token_ids[1, 1:] = 11  # id 11 stands in the padding only

    hidden_states, _ = net(token_ids, lengths)
    loss = pool(hidden_states, lengths, pooling="concat", hidden_size=6).square().sum()
    (gradient,) = torch.autograd.grad(loss, [net.embedding.weight])

    assert gradient[11].abs().max() == 0
    assert gradient[7].abs().max() > 0


@pytest.mark.parametrize("cell", CELLS)
def test_bidirectional_layer_is_two_separate_passes(cell):
    net = stack(cell=cell, bidirectional=True).eval()
    ids = torch.tensor([[5, 3, 9, 1]])
    vectors = net.embedding(ids)

    outputs, _ = net(ids, torch.tensor([4]))
    forwards, _ = net.forward_layers[0](vectors)
    backwards, _ = net.backward_layers[0](vectors.flip(1))

    torch.testing.assert_close(outputs, torch.cat([forwards, backwards.flip(1)], dim=2))


@pytest.mark.parametrize("cell", CELLS)
def test_two_windows_with_carried_state_equal_one_pass(cell):
    torch.manual_seed(0)
    net = LanguageModel(LanguageModelConfig(stack_config(cell=cell, num_layers=2))).eval()
    ids = torch.randint(12, (2, 9))

    whole, end = net(ids)
    first, state = net(ids[:, :4])
    second, carried_end = net(ids[:, 4:], state)

    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    torch.testing.assert_close(carried_end, end)


@pytest.mark.parametrize("bidirectional", [False, True], ids=["forward", "bidirectional"])
def test_pooling_agrees_with_a_loop_over_texts(bidirectional):
    torch.manual_seed(0)
    width = 8 if bidirectional else 4
    lengths = torch.tensor([3, 1, 5])
    states = torch.randn(3, 5, width)

    pooled = pool(states, lengths, pooling="concat", hidden_size=4)

    for row, length in enumerate(lengths.tolist()):
        real = states[row, :length]
        last = torch.cat([real[-1, :4], real[0, 4:]])
        expected = torch.cat([last, real.max(dim=0).values, real.mean(dim=0)])
        torch.testing.assert_close(pooled[row], expected)


def test_tied_weights_are_one_tensor_with_both_gradients():
    torch.manual_seed(0)
    config = LanguageModelConfig(stack_config(embedding_dim=6, hidden_size=6), tie_weights=True)
    net = LanguageModel(config)

    loss = net(torch.tensor([[1, 2]]))[0].square().sum()
    (gradient,) = torch.autograd.grad(loss, [net.stack.embedding.weight])

    assert net.decoder.weight is net.stack.embedding.weight
    assert gradient[5].abs().max() > 0  # token 5 was not read, only scored


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bidirectional": True}, "forwards only"),
        ({"embedding_dim": 4, "hidden_size": 6, "tie": True}, "got 4 and 6"),
    ],
)
def test_language_model_that_cannot_be_built_is_refused(changes, message):
    tie = changes.pop("tie", False)

    with pytest.raises(ValueError, match=message):
        LanguageModelConfig(stack_config(**changes), tie_weights=tie)


@pytest.mark.parametrize(
    "changes", [{"num_classes": 1}, {"num_classes": 3, "sigmoid_output": True}]
)
def test_classifier_that_cannot_be_built_is_refused(changes):
    with pytest.raises(ValueError, match="num_classes is 1|not 3"):
        ClassifierNetConfig(stack_config(), **changes)
