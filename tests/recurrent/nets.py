"""Networks of random weights, under the names that trainings give them."""

import numpy as np

from recurrent import batching
from recurrent.quantize import quantized_classifier, quantized_language_model
from recurrent.reading import LOWEST, NO_TOKEN, Reading
from recurrent.weights import NUM_GATES, classifier_of, network_of

VOCAB_SIZE = 29


def random_state(
    cell, *, num_layers=1, hidden_size=16, embedding_dim=16, num_directions=1, seed=0, spread=1.0
):
    """Weights of a stack, wide enough for gates to open and close."""
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return (rng.standard_normal(shape) * spread).astype(np.float32)

    state = {"stack.embedding.weight": draw(VOCAB_SIZE, embedding_dim)}
    inputs = embedding_dim
    for layer in range(num_layers):
        for direction in ("forward", "backward")[:num_directions]:
            path = f"stack.{direction}_layers.{layer}"
            rows = NUM_GATES[cell] * hidden_size
            state |= {
                f"{path}.weight_ih": draw(rows, inputs) * inputs**-0.5,
                f"{path}.weight_hh": draw(rows, hidden_size) * hidden_size**-0.5,
                f"{path}.bias_ih": draw(rows),
                f"{path}.bias_hh": draw(rows),
            }
        inputs = hidden_size * num_directions
    return state, draw, inputs


def random_ngrams(order, num_classes, *, seed=0, dtype=np.float16):
    """A linear path that knows every n-gram of a few texts."""
    rng = np.random.default_rng(seed)
    base = VOCAB_SIZE + 3
    shorter = np.arange(1, base)  # the start of a text among them
    known = [shorter]
    for _ in range(order - 1):
        every = (shorter[:, None] * base + np.arange(2, base)).ravel()  # its end among them
        shorter = rng.choice(every, min(len(every), 500), replace=False)
        known.append(shorter)
    keys = np.concatenate([np.unique(np.concatenate(known)), [-1]])
    buckets = np.full(4 * len(keys), len(keys) - 1, np.int32)
    buckets[keys[:-1] % len(buckets)] = np.arange(len(keys) - 1)
    table = rng.standard_normal((len(keys), num_classes + 1)).astype(dtype)
    table[:, -1] = np.square(table[:, -1])
    table[-1] = 0
    bias = rng.standard_normal(num_classes).astype(np.float32)
    return {"buckets": buckets, "keys": keys, "table": table, "bias": bias}


def random_classifier_state(cell, *, num_classes=3, dense_dims=(), ngrams=0, pooling=3, **sizes):
    state, draw, width = random_state(cell, **sizes)
    inputs = width * pooling
    for layer, outputs in enumerate(dense_dims):
        state |= {
            f"dense.{layer}.weight": draw(outputs, inputs),
            f"dense.{layer}.bias": draw(outputs),
        }
        inputs = outputs
    state |= {"output.weight": draw(num_classes, inputs), "output.bias": draw(num_classes)}
    state |= {
        "temperature": np.array([1.3], np.float32),
        "temperature_slope": np.array([0.2], np.float32),
    }
    if ngrams:
        path = random_ngrams(ngrams, num_classes, seed=sizes.get("seed", 0))
        state |= {f"ngrams.{name}": value for name, value in path.items()}
    return state


def random_classifier(cell, *, num_classes=3, dense_dims=(), ngrams=0, is_concat=True, **sizes):
    state = random_classifier_state(
        cell,
        num_classes=num_classes,
        dense_dims=dense_dims,
        ngrams=ngrams,
        pooling=3 if is_concat else 1,
        **sizes,
    )
    shape = {"cell": cell, "num_layers": sizes.get("num_layers", 1)}
    shape["num_directions"] = sizes.get("num_directions", 1)
    tensors = quantized_classifier(state, **shape, num_dense=len(dense_dims))
    return classifier_of(
        tensors,
        network_of(
            tensors, **shape, hidden_size=sizes.get("hidden_size", 16), vocab_size=VOCAB_SIZE
        ),
        is_concat=is_concat,
        num_dense=len(dense_dims) + 1,
        num_classes=num_classes,
        ngrams=(ngrams, VOCAB_SIZE),
    )


def random_predictor(cell, *, is_tied=False, **sizes):
    state, draw, width = random_state(cell, **sizes)
    state |= {"decoder.weight": draw(VOCAB_SIZE, width), "decoder.bias": draw(VOCAB_SIZE)}
    num_layers = sizes.get("num_layers", 1)
    tensors = quantized_language_model(state, cell=cell, num_layers=num_layers, is_tied=is_tied)
    return network_of(
        tensors,
        cell=cell,
        hidden_size=sizes.get("hidden_size", 16),
        num_layers=num_layers,
        vocab_size=VOCAB_SIZE,
        has_decoder=True,
    )


def random_texts(count, *, longest=20, seed=0):
    rng = np.random.default_rng(seed)
    return [
        rng.integers(0, VOCAB_SIZE, rng.integers(1, longest + 1)).tolist() for _ in range(count)
    ]


def begin(network, texts):
    """A batch of whole texts, and the places that they come from."""
    order = batching.longest_first(texts)
    shape = (len(network.layers), network.num_directions, len(texts), network.units)
    zeros = np.zeros(shape, np.float32)
    laid_out = batching.lay_out([texts[place] for place in order])
    return batching.Batch(*laid_out, zeros, zeros.copy()), order


def start(classifier, rows, temperatures, *, is_each):
    """The reading of texts that begin."""
    width, ngrams = classifier.network.width, classifier.ngrams
    return Reading(
        np.full((rows, width), LOWEST, np.float32),
        np.zeros((rows, width), np.float32),
        np.zeros((rows, classifier.num_classes + 1), np.float32),
        np.zeros(rows, np.int32),
        np.full((rows, 0 if ngrams is None else ngrams.order - 1), NO_TOKEN, np.int32),
        temperatures,
        is_each,
        np.zeros((len(temperatures), classifier.num_classes), np.float32),
    )


def classify(engine, classifier, texts, *, is_each=False):
    """The probabilities of whole texts, in their order."""
    batch, order = begin(classifier.network, texts)
    answers = len(texts[0]) if is_each else len(texts)
    temperatures = np.linspace(0.5, 2, answers).astype(np.float32)
    if not is_each:
        temperatures = np.array([0.5 + 0.1 * len(texts[place]) for place in order], np.float32)
    started = start(classifier, len(texts), temperatures, is_each=is_each)
    engine.classify(batch, started)
    probs = np.empty_like(started.probs)
    probs[range(answers) if is_each else order] = started.probs
    return probs


def predict(engine, network, texts, *, is_each=False):
    """The logits after whole texts, in their order, and the states of all layers."""
    batch, order = begin(network, texts)
    rows = len(texts[0]) if is_each else len(texts)
    logits = np.zeros((rows, network.decoder.num_outputs), np.float32)
    engine.predict(batch, logits, is_each=is_each)
    ordered = np.empty_like(logits)
    ordered[range(rows) if is_each else order] = logits
    return ordered, batch.hidden, batch.cell
