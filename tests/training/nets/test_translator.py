"""What translators promise: padding has no influence, nothing later is seen, steps carry over."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from tests.training.tiny import CELLS
from training.data.batches import pad
from training.nets.attention import attend, memory_mask
from training.nets.translator import Translator, TranslatorConfig

SOURCES = [[5, 3, 9, 1], [7], [2, 2, 8, 4, 6, 1, 3], [9, 8]]
TARGETS = torch.tensor([[1, 4, 4, 7, 2], [1, 9, 3, 3, 3], [1, 5, 6, 7, 8], [1, 2, 10, 2, 10]])


def translator(*, spread=0.8, **changes):
    """12 tokens, places for 9 of a source, seeded, without dropout unless asked for.

    Weights are drawn within `spread`, wide apart, so that answers are too.
    """
    torch.manual_seed(0)
    sizes = {"vocab_size": 12, "embedding_dim": 5, "hidden_size": 6, "encoder_hidden_size": 4}
    net = Translator(TranslatorConfig(**{**sizes, "max_source_tokens": 9, **changes}))
    for parameter in net.parameters():
        torch.nn.init.uniform_(parameter, -spread, spread)
    return net.eval()


@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_row_of_a_padded_batch_equals_the_row_alone(cell, num_layers):
    net = translator(cell=cell, num_layers=num_layers)

    together = net(*pad(SOURCES), TARGETS)

    for row, ids in enumerate(SOURCES):
        alone = net(torch.tensor([ids]), torch.tensor([len(ids)]), TARGETS[row : row + 1])
        torch.testing.assert_close(together[row], alone[0])


@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_steps_of_carried_state_equal_the_whole_target_at_once(cell, num_layers):
    net = translator(cell=cell, num_layers=num_layers)
    source = net.encode(*pad(SOURCES))
    whole = net.decode(TARGETS, source)

    for place in range(TARGETS.shape[1]):
        step = net.decode(TARGETS[:, place : place + 1], source)
        source = source._replace(states=step.states)
        torch.testing.assert_close(step.features[:, 0], whole.features[:, place])
        torch.testing.assert_close(step.attention[:, 0], whole.attention[:, place])


def test_tokens_written_later_have_no_influence_on_earlier_ones():
    net = translator()
    other = TARGETS.clone()
    other[:, 3:] = 11

    got, wanted = (net(*pad(SOURCES), targets) for targets in (other, TARGETS))

    torch.testing.assert_close(got[:, :3], wanted[:, :3])
    assert not torch.allclose(got[:, 3:], wanted[:, 3:])


def test_every_source_token_has_influence_through_the_attention_alone():
    net = translator()
    token_ids, lengths = pad([SOURCES[2]])
    source = net.encode(token_ids, lengths)
    for place in range(len(SOURCES[2])):
        other = token_ids.clone()
        other[0, place] = 11
        memory = net.encode(other, lengths).memory

        got = net.decode(TARGETS[:1], source._replace(memory=memory)).features

        assert not torch.allclose(got, net.decode(TARGETS[:1], source).features)


def test_attention_is_a_share_of_the_source_and_nothing_of_the_padding():
    net = translator()
    lengths = torch.tensor([len(ids) for ids in SOURCES])

    attention = net.decode(TARGETS, net.encode(*pad(SOURCES))).attention

    is_padding = torch.arange(9)[None, :] >= lengths[:, None]
    torch.testing.assert_close(attention.sum(dim=2), torch.ones(4, 5))
    assert (attention.transpose(1, 2)[is_padding] == 0).all()
    assert (attention.transpose(1, 2)[~is_padding] > 0).all()


def test_attention_is_the_softmax_of_dot_products_written_out():
    torch.manual_seed(0)
    queries, memory = torch.randn(2, 3, 4), torch.randn(2, 5, 4)
    lengths = [5, 2]

    contexts, attention = attend(queries, memory, memory_mask(torch.tensor(lengths), 5))

    for row, length in enumerate(lengths):
        for query in range(3):
            scores = torch.stack([queries[row, query].dot(memory[row, k]) for k in range(length)])
            shares = scores.exp() / scores.exp().sum()
            mixed = sum(shares[k] * memory[row, k] for k in range(length))
            torch.testing.assert_close(attention[row, query, :length], shares)
            torch.testing.assert_close(contexts[row, query], mixed)


def test_memory_behind_a_source_is_zero_whatever_stands_in_the_padding():
    net = translator()
    token_ids, lengths = pad(SOURCES)
    is_padding = torch.arange(token_ids.shape[1])[None] >= lengths[:, None]

    source = net.encode(token_ids.masked_fill(is_padding, 11), lengths)

    assert source.memory.shape == (4, 9, 6)
    for row, length in enumerate(lengths.tolist()):
        assert not source.memory[row, length:].any()
        assert source.memory[row, :length].any()


def test_one_table_of_vectors_is_read_on_both_sides_and_written():
    net = translator()
    sizes = [tuple(parameter.shape) for parameter in net.parameters()]
    assert sizes.count((12, 5)) == 1

    net(*pad([[5]]), torch.tensor([[1]]))[0, 0, 7].backward()

    read_or_scored = net.stack.embedding.weight.grad.any(dim=1).nonzero()[:, 0].tolist()
    assert read_or_scored == [1, 5, 7]


def test_source_longer_than_the_memory_is_refused():
    with pytest.raises(ValueError, match="a source has 10 tokens, max_source_tokens is 9"):
        translator().encode(*pad([[3] * 10]))


@pytest.mark.parametrize("name", ["num_layers", "encoder_layers", "max_source_tokens"])
def test_network_without_layers_or_places_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} is 0; it takes at least 1"):
        translator(**{name: 0})


def test_dropout_is_active_in_training_only():
    net = translator(dropout=0.5)
    source = pad(SOURCES)

    assert torch.equal(net(*source, TARGETS), net(*source, TARGETS))
    net.train()
    assert not torch.equal(net(*source, TARGETS), net(*source, TARGETS))


def reversals(count, seed):
    """Sources of 2 to 6 letters, and targets that spell them backwards: begin 1, end 2."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(2, 7, (count,), generator=generator).tolist()
    sources = [torch.randint(3, 12, (size,), generator=generator).tolist() for size in lengths]
    return sources, [[1, *reversed(ids), 2] for ids in sources]


def test_learns_to_spell_backwards():
    torch.manual_seed(0)
    net = Translator(
        TranslatorConfig(12, 24, 48, encoder_hidden_size=24, encoder_layers=1, max_source_tokens=6)
    )
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    for step in range(150):
        sources, targets = reversals(64, seed=step)
        written = pad(targets)[0]
        logits = net(*pad(sources), written[:, :-1])
        loss = cross_entropy(logits.flatten(0, 1), written[:, 1:].flatten(), ignore_index=0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    sources, targets = reversals(200, seed=-1)
    written = pad(targets)[0]

    guesses = net(*pad(sources), written[:, :-1]).argmax(dim=2)

    is_right = (guesses == written[:, 1:])[written[:, 1:] != 0]
    assert is_right.float().mean() > 0.9
