"""Tensors that do not fit are refused: compiled code reads and writes by their sizes alone."""

import re

import numpy as np
import pytest

from recurrent.quantize import quantized_classifier, quantized_language_model
from recurrent.weights import BadWeights, classifier_of, network_of
from tests.recurrent.nets import VOCAB_SIZE, random_classifier_state, random_state

ORDER = 2
ANY_SIZE = {"ngrams.buckets"}


def tensors_of(hidden_size=16):
    state = random_classifier_state(
        "lstm", num_layers=2, num_directions=2, hidden_size=hidden_size, ngrams=ORDER
    )
    tensors = quantized_classifier(state, cell="lstm", num_layers=2, num_directions=2, num_dense=0)
    del tensors["temperature"]  # who opens a version takes it
    return tensors


def gather(tensors, *, ngrams=(ORDER, VOCAB_SIZE)):
    network = network_of(
        tensors,
        cell="lstm",
        hidden_size=16,
        num_layers=2,
        num_directions=2,
        vocab_size=VOCAB_SIZE,
    )
    return classifier_of(
        tensors, network, is_concat=True, num_dense=1, num_classes=3, ngrams=ngrams
    )


def cut(array, quads, blocks):
    """A packed matrix of fewer inputs and outputs."""
    return np.ascontiguousarray(array[:blocks, :quads])


def test_what_was_quantized_fits():
    assert gather(tensors_of()).network.units == 16


@pytest.mark.parametrize("name", sorted(tensors_of()))
def test_a_missing_tensor_is_named(name):
    tensors = tensors_of()
    del tensors[name]

    with pytest.raises(BadWeights, match=rf"{re.escape(name)} is missing"):
        gather(tensors)


@pytest.mark.parametrize("name", sorted(tensors_of().keys() - ANY_SIZE))
def test_a_tensor_of_another_shape_is_named(name):
    tensors = tensors_of()
    tensors[name] = np.ascontiguousarray(tensors[name][..., :-1])

    with pytest.raises(BadWeights, match=re.escape(name.rpartition(".")[0])):
        gather(tensors)


@pytest.mark.parametrize("layer", ["layers.0.backward", "layers.1.forward", "layers.1.backward"])
def test_layers_of_different_widths_are_refused(layer):
    """They fitted in themselves, and the engine wrote past its buffers."""
    wide = tensors_of(hidden_size=80)
    tensors = tensors_of() | {name: one for name, one in wide.items() if name.startswith(layer)}
    tensors[f"{layer}.input.packed"] = np.ascontiguousarray(
        wide[f"{layer}.input.packed"][:, : 8 if layer[7] == "1" else 4]
    )

    with pytest.raises(BadWeights, match=layer):
        gather(tensors)


def test_a_state_of_no_whole_vector_is_refused():
    """An LSTM of four units fitted in itself, and the engine read sixteen of them."""
    tensors = tensors_of()
    for layer, quads in ((0, 4), (1, 2)):
        for direction in ("forward", "backward"):
            for kind, few in (("input", quads), ("hidden", 1)):
                name = f"layers.{layer}.{direction}.{kind}"
                tensors[f"{name}.packed"] = cut(tensors[f"{name}.packed"], few, 1)
                for one in ("scales", "bias"):
                    tensors[f"{name}.{one}"] = tensors[f"{name}.{one}"][:16].copy()
    tensors["head.0.weight"] = tensors["head.0.weight"][:24].copy()

    with pytest.raises(BadWeights, match=r"layers\.0\.forward"):
        gather(tensors)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
@pytest.mark.parametrize(
    "name", sorted(name for name, one in tensors_of().items() if one.dtype.kind == "f")
)
def test_what_is_no_finite_number_or_overflows_is_named(name, value):
    """Paths differ in what they make of it."""
    tensors = tensors_of()
    tensors[name] = tensors[name].copy()
    with np.errstate(over="ignore"):
        tensors[name].flat[-1] = value

    with pytest.raises(BadWeights, match=re.escape(name)):
        gather(tensors)


@pytest.mark.parametrize("row", [-1, 10**6])
def test_a_bucket_outside_of_the_table_is_refused(row):
    tensors = tensors_of()
    tensors["ngrams.buckets"][3] = row

    with pytest.raises(BadWeights, match=r"ngrams\.buckets"):
        gather(tensors)


@pytest.mark.parametrize(("ngrams", "why"), [((13, VOCAB_SIZE), "64 bits"), ((65, 1), "too long")])
def test_keys_that_do_not_fit_64_bits_are_refused(ngrams, why):
    """They went round to negative numbers, which are places before the buckets."""
    with pytest.raises(BadWeights, match=why):
        gather(tensors_of(), ngrams=ngrams)


def test_a_tensor_at_an_odd_place_is_refused():
    tensors = tensors_of()
    keys = tensors["ngrams.keys"]
    odd = np.frombuffer(b"\0" + keys.tobytes(), np.uint8)[1:].view(np.int64)
    assert not odd.flags.aligned
    tensors["ngrams.keys"] = odd

    with pytest.raises(BadWeights, match=r"ngrams\.keys"):
        gather(tensors)


def test_sums_that_do_not_fit_32_bits_are_refused():
    tensors = tensors_of()
    tensors["layers.0.forward.input.packed"] = np.zeros((4, 32_768, 16, 4), np.int8)

    with pytest.raises(BadWeights, match="131072 inputs"):
        gather(tensors)


@pytest.mark.parametrize("is_tied", [False, True], ids=["own-decoder", "tied"])
def test_a_decoder_that_does_not_fit_is_refused(is_tied):
    state, draw, width = random_state("gru")
    state |= {"decoder.weight": draw(VOCAB_SIZE, width), "decoder.bias": draw(VOCAB_SIZE)}
    tensors = quantized_language_model(state, cell="gru", num_layers=1, is_tied=is_tied)
    tensors["decoder.packed"] = np.ascontiguousarray(tensors["decoder.packed"][:, :2])

    with pytest.raises(BadWeights, match="decoder has 8 inputs"):
        network_of(
            tensors,
            cell="gru",
            hidden_size=16,
            num_layers=1,
            vocab_size=VOCAB_SIZE,
            has_decoder=True,
        )
