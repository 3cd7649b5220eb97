"""The panel "Inside" over the real server: its gates are those that training works out."""

import pytest
import torch
from playwright.sync_api import expect
from safetensors.torch import load

from model_store import ServingPlan, Store
from tests.e2e.playground.test_live import opened
from tests.models import WEIGHTS, publish_classifier, word_tokenizer
from training.nets.cells import CellWeights, unroll

pytestmark = pytest.mark.e2e

TEXT = "the film was never dull, but the plot was not so good"
UNIT, TOKEN = 3, 5


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two versions of `sentiment`, both served: an LSTM, and a GRU after it."""
    store = Store(tmp_path_factory.mktemp("inside"))
    publish_classifier(store.root, num_layers=2)
    publish_classifier(store.root, cell="gru", seed=5)
    store.write_serving("sentiment", ServingPlan(default=2, also=(1,)))
    return store


@pytest.fixture
def page(browser, live_service, store):
    url = live_service(store_dir=store.root)
    with opened(browser, f"{url}/#inside", url) as page:
        page.locator("#inside-model:enabled").wait_for()
        page.select_option("#inside-model", "sentiment:1")
        page.fill("#inside-text", TEXT)
        yield page


def layers_of(store, version, num_layers):
    """Return of each layer what it reads, its weights and its states, by training's equations."""
    tensors = load(store.open("sentiment", version).read(WEIGHTS))
    cell = {1: "lstm", 2: "gru"}[version]
    token_ids = torch.tensor([word_tokenizer().encode_ids(TEXT)])
    inputs = tensors["stack.embedding.weight"][token_ids]
    layers = []
    for layer in range(num_layers):
        path = f"stack.forward_layers.{layer}"
        weights = CellWeights(*(tensors[f"{path}.{name}"] for name in CellWeights._fields))
        zeros = torch.zeros(1, weights.weight_hh.shape[1])
        state = (zeros, zeros)[: 2 if cell == "lstm" else 1]
        hidden, _ = unroll(cell, inputs, state, weights)
        layers.append((inputs, weights, hidden))
        inputs = hidden
    return layers


def gate_of(layer, place):
    """Work out one gate of one unit at one token."""
    inputs, weights, hidden = layer
    row = place * weights.weight_hh.shape[1] + UNIT
    sums = weights.weight_ih[row] @ inputs[0, TOKEN] + weights.bias_ih[row]
    sums = sums + weights.weight_hh[row] @ hidden[0, TOKEN - 1] + weights.bias_hh[row]
    return torch.sigmoid(sums).item()


def point(page, side):
    """Go to the unit and the token by keys alone."""
    own = page.locator(f".inside-side:nth-child({side})")
    expect(own).to_have_attribute("aria-busy", "false")
    expect(own.locator(".inside-tokens .token")).to_have_count(13)
    own.locator(".inside-sort").select_option("number")
    own.locator(".inside-heat").focus()
    for key in ("Home", *["ArrowUp"] * 8, *["ArrowRight"] * TOKEN, *["ArrowDown"] * UNIT):
        page.keyboard.press(key)
    return own.locator(".inside-where")


def shown(value):
    return f"{value:.3f}".replace("-", "−")


def test_a_forget_gate_on_the_page_is_the_one_that_its_weights_make(page, store):
    where = point(page, side=1)
    value = gate_of(layers_of(store, 1, 2)[1], place=1)
    expect(where).to_have_text(
        f"Forget gate of unit {UNIT} at “,”, token {TOKEN + 1} of 13: {shown(value)}"
    )


def test_two_versions_read_the_same_text_side_by_side(page, store):
    page.select_option("#inside-other", "sentiment")
    expect(page.locator(".inside-name")).to_have_text(["sentiment:1", "sentiment:2"])
    forget = gate_of(layers_of(store, 1, 2)[1], place=1)
    update = gate_of(layers_of(store, 2, 1)[0], place=1)
    expect(point(page, side=1)).to_contain_text(f"Forget gate of unit {UNIT}")
    expect(point(page, side=1)).to_contain_text(f": {shown(forget)}")
    expect(point(page, side=2)).to_contain_text(f"Update gate of unit {UNIT}")
    expect(point(page, side=2)).to_contain_text(f": {shown(update)}")
