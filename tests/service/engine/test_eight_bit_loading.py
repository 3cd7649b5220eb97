"""An 8-bit version whose weights are not its network's is refused in one line that says why."""

import numpy as np
import pytest

from model_store import About, CorruptVersion, Store
from model_store.config import INT8_WEIGHTS
from model_store.quantize import quantize
from model_store.safetensors_file import open_tensors, to_bytes
from service.engine.loading import load
from tests.models import publish_classifier, publish_generator


def published_with(root, name, spoil):
    """The newest version of a model in 8 bits, with weights that `spoil` was at."""
    stored, _ = quantize(Store(root), name, 1)
    files = {kept: stored.read(kept) for kept in stored.manifest.files}
    files[INT8_WEIGHTS] = spoil(dict(open_tensors(files[INT8_WEIGHTS])))
    facts = {field: getattr(stored.manifest, field) for field in About.model_fields}
    return Store(root).publish(name, files, About(**facts))


def without_a_bias(tensors):
    del tensors["layers.0.forward.hidden.bias"]
    return to_bytes(tensors)


def with_a_scale_that_is_none(tensors):
    tensors["layers.0.forward.input.scales"] = np.full_like(
        tensors["layers.0.forward.input.scales"], np.nan
    )
    return to_bytes(tensors)


def with_a_narrow_state(tensors):
    name = "layers.0.forward.hidden.packed"
    tensors[name] = np.ascontiguousarray(tensors[name][:, :1])
    return to_bytes(tensors)


def as_no_file(tensors):
    return b"\xff" * 64


@pytest.mark.parametrize("publish", [publish_classifier, publish_generator])
@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (without_a_bias, r"layers\.0\.forward\.hidden\.bias is missing"),
        (with_a_scale_that_is_none, r"layers\.0\.forward\.input\.scales has a number"),
        (with_a_narrow_state, r"layers\.0\.forward\.hidden is for"),
        (as_no_file, "no safetensors file"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(tmp_path, options, publish, spoil, why):
    name = publish(tmp_path).name
    stored = published_with(tmp_path, name, spoil)

    with pytest.raises(CorruptVersion, match=rf"{name}:3: int8\.safetensors: {why}"):
        load(stored, options)


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_temperature_that_is_none_is_refused(tmp_path, options, value):
    def spoil(tensors):
        tensors["temperature"] = np.array([value, 0], np.float32)
        return to_bytes(tensors)

    publish_classifier(tmp_path)
    stored = published_with(tmp_path, "sentiment", spoil)

    with pytest.raises(CorruptVersion, match="temperature is"):
        load(stored, options)


def test_padding_that_is_no_token_is_refused(tmp_path):
    """The compiled engine would read its vector past the embedding's end."""
    stored = publish_classifier(tmp_path)
    told = stored.config.model_dump() | {"padding": "pre", "pad_id": stored.config.vocab_size}

    with pytest.raises(ValueError, match=r"pad_id \d+ is no token of a vocabulary"):
        type(stored.config).model_validate(told)
