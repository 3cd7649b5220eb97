"""A translator's graphs answer as its net does, and a row's numbers are its own."""

import numpy as np
import onnx
import pytest
import torch

from tests.training.nets.test_translator import translator
from tests.training.tiny import CELLS
from training.data.batches import pad
from training.errors import ParityError
from training.export.publish import to_graphs
from training.export.sessions import feeds, open_session
from training.export.weights import FILENAME, weights_to_bytes
from training.task import Exported
from training.tasks.translation.task import TASK

KINDS = {"lstm": ["hidden", "cell"], "gru": ["hidden"]}
SERVED = {"vocab_size": 500, "embedding_dim": 32, "hidden_size": 64, "encoder_hidden_size": 48}
NUM_STEPS = 4


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("layers", [(1, 1), (2, 2), (3, 1)], ids=["1-1", "2-2", "3-1"])
@pytest.mark.parametrize("cell", CELLS)
def test_graphs_answer_as_the_net_does(cell, layers, dtype):
    num_layers, encoder_layers = layers

    exported = to_graphs(
        TASK, translator(cell=cell, num_layers=num_layers, encoder_layers=encoder_layers), dtype
    )

    assert sorted(exported.graphs) == ["decoder.onnx", "model.onnx"]


@pytest.mark.parametrize(
    "name", ["stack.backward_layers.0.bias_hh", "remember.weight", "start.cell.bias", "output_bias"]
)
def test_graphs_of_another_net_are_found_out(name):
    net = translator()
    exported = to_graphs(TASK, net)
    with torch.no_grad():
        net.get_parameter(name)[0] += 0.01

    with pytest.raises(ParityError):
        TASK.check(net, exported)
    TASK.check(net, Exported(exported.graphs, weights_to_bytes(net)))


def run(sessions, sources, written, kinds):
    """Return every number that a batch of sources gives, a row's together: (rows, numbers)."""
    encoder, decoder = sessions
    names = [*kinds, "memory", "memory_mask"]
    stepped = ["logits", "attention", *(f"{kind}_out" for kind in kinds)]
    state = dict(zip(names, encoder.run(names, feeds(*pad(sources))), strict=True))
    found = [by_row(value, len(sources)) for value in state.values()]
    for place in range(NUM_STEPS):
        token_ids = written[:, place : place + 1].astype(np.int32)
        logits, attention, *after = decoder.run(stepped, {"token_ids": token_ids, **state})
        state |= dict(zip(kinds, after, strict=True))
        found += [by_row(value, len(sources)) for value in (logits, attention, *after)]
    return np.concatenate(found, axis=1)


def by_row(value, rows):
    """Turn (rows, …) or (layers, rows, size) into (rows, numbers)."""
    is_state = value.shape[0] != rows or (value.ndim == 3 and value.shape[1] == rows)
    return (value.transpose(1, 0, 2) if is_state else value).reshape(rows, -1)


@pytest.mark.parametrize("size", [2, 5, 16, 32])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_row_of_a_batch_has_the_very_bits_of_the_row_alone(cell, size):
    """The promise of the service: same answer, whatever else is being served."""
    net = translator(**SERVED, cell=cell, max_source_tokens=64, spread=0.2)
    exported = to_graphs(TASK, net, "float16")
    sessions = [
        open_session(exported.graphs[name], exported.weights)
        for name in ("model.onnx", "decoder.onnx")
    ]
    generator = np.random.default_rng(size)
    lengths = [1, 64, *generator.integers(1, 65, size - 2)]
    sources = [generator.integers(0, 500, length).tolist() for length in lengths]
    written = generator.integers(0, 500, (size, NUM_STEPS))

    together = run(sessions, sources, written, KINDS[cell])

    for row in range(size):
        alone = run(sessions, sources[row : row + 1], written[row : row + 1], KINDS[cell])
        np.testing.assert_array_equal(together[row], alone[0])


def test_graphs_hold_standard_operators_and_name_one_weights_file():
    for data in to_graphs(TASK, translator(), "float16").graphs.values():
        model = onnx.load_from_string(data)
        places = {
            entry.value
            for tensor in model.graph.initializer
            for entry in tensor.external_data
            if entry.key == "location"
        }
        assert {node.domain for node in model.graph.node} == {""}
        assert places == {FILENAME}
