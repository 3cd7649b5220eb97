"""Tiny real models, published through the real store: tests of the engine and of the API run what
production runs, at sizes where a call takes microseconds.
"""

import numpy as np
import tokenizers
import tokenizers.decoders
import tokenizers.models
import tokenizers.normalizers
import tokenizers.pre_tokenizers

from model_store import (
    About,
    ClassifierConfig,
    GeneratorConfig,
    Golden,
    SamplingDefaults,
    Store,
    TextCase,
    Tokenizer,
)
from model_store.onnx_runtime import ort
from tests.graph_weights import weights_of
from tests.graphs import classifier_graphs, generator_graph

WEIGHTS = "weights.safetensors"
SPECIAL = ["<pad>", "<unk>", "<bos>", "<eos>"]
WORDS = """
a an the this that film movie story plot actor food waiter was is were not never very quite so good
great fine funny bad awful dull slow long and but with without it i you they . , !
""".split()  # noqa: SIM905
CHARACTERS = "\n !',.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZäöüß日本☃"


def word_tokenizer():
    """Lower-case words; everything unknown is `<unk>`."""
    vocab = {token: place for place, token in enumerate([*SPECIAL, *WORDS])}
    inner = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocab, unk_token="<unk>"))
    inner.normalizer = tokenizers.normalizers.Lowercase()
    inner.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    return _with_special_tokens(inner)


def character_tokenizer():
    """One token a character."""
    vocab = {token: place for place, token in enumerate([*SPECIAL, *CHARACTERS])}
    inner = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocab, unk_token="<unk>"))
    inner.pre_tokenizer = tokenizers.pre_tokenizers.Split("", "isolated")
    return _with_special_tokens(inner)


def byte_tokenizer():
    """One token a byte, so that most tokens are parts of characters."""
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    vocab = {token: place for place, token in enumerate([*SPECIAL, *alphabet])}
    inner = tokenizers.Tokenizer(tokenizers.models.BPE(vocab, []))
    inner.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = tokenizers.decoders.ByteLevel()
    return _with_special_tokens(inner)


def _with_special_tokens(inner):
    inner.add_special_tokens(SPECIAL)
    return Tokenizer(inner)


def classifier_config(tokenizer, **changes):
    values = {
        "cell": "lstm",
        "vocab_size": tokenizer.vocab_size,
        "embedding_dim": 6,
        "hidden_size": 8,
        "num_layers": 1,
        "labels": ("negative", "positive"),
        "max_seq_len": 40,
        "dense_dims": (5,),
    }
    return ClassifierConfig(**(values | changes))


def generator_config(tokenizer, **changes):
    values = {
        "cell": "lstm",
        "vocab_size": tokenizer.vocab_size,
        "embedding_dim": 6,
        "hidden_size": 8,
        "num_layers": 1,
        "bos_id": tokenizer.bos_id,
        "eos_id": tokenizer.eos_id,
        "max_prompt_tokens": 400,
        "max_tokens": 500,
        "sampling": SamplingDefaults(max_tokens=20),
    }
    return GeneratorConfig(**(values | changes))


def publish_classifier(
    root,
    name="sentiment",
    *,
    seed=0,
    golden_error=0.0,
    extra=None,
    has_weights=True,
    **changes,
):
    """Publish a tiny classifier; `golden_error` spoils its golden answers, `extra` adds files."""
    tokenizer = word_tokenizer()
    config = classifier_config(tokenizer, **changes)
    graphs = classifier_graphs(config, seed)
    session = ort.InferenceSession(graphs.model, providers=["CPUExecutionProvider"])
    cases = []
    for text in ("a good film", "the plot was dull , and very very long !"):
        token_ids = config.input_ids(text, tokenizer)
        probs = session.run(["probs"], _feed(token_ids))[0][0]
        outputs = (probs + golden_error).tolist()
        cases.append(TextCase(text=text, token_ids=token_ids, outputs=outputs))
    files = {"model.onnx": graphs.model} | (extra or {})
    if has_weights:
        files[WEIGHTS] = weights_of(graphs.model)
    if graphs.head is not None:
        files["head.onnx"] = graphs.head
    return _publish(root, name, files, tokenizer=tokenizer, config=config, cases=cases)


def publish_generator(
    root, name="shakespeare", *, seed=0, sharpness=3.0, tokenizer=None, golden_error=0.0, **changes
):
    """Publish a tiny generator, character by character unless another tokenizer is given."""
    tokenizer = tokenizer or character_tokenizer()
    config = generator_config(tokenizer, **changes)
    graph = generator_graph(config, seed, sharpness)
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    cases = []
    for text in config.prompts[:2] or ("", "To be"):
        token_ids = config.input_ids(text, tokenizer)
        shape = (config.num_layers, 1, config.hidden_size)
        names = ("hidden", "cell") if config.cell == "lstm" else ("hidden",)
        state = {name: np.zeros(shape, np.float32) for name in names}
        logits = session.run(["logits"], _feed(token_ids) | state)[0][0].astype(np.float64)
        outputs = (logits - np.log(np.exp(logits).sum()) + golden_error).tolist()
        cases.append(TextCase(text=text, token_ids=token_ids, outputs=outputs))
    files = {"model.onnx": graph, WEIGHTS: weights_of(graph)}
    return _publish(root, name, files, tokenizer=tokenizer, config=config, cases=cases)


def _feed(token_ids):
    return {
        "token_ids": np.array([token_ids], np.int32),
        "lengths": np.array([len(token_ids)], np.int32),
    }


def _publish(root, name, files, *, tokenizer, config, cases):
    documents = {
        "config.json": config.to_bytes(),
        "tokenizer.json": tokenizer.to_bytes(),
        "golden.json": Golden(cases=cases).to_bytes(),
    }
    about = About(task=config.task, metrics={"made_up": 0.5}, command="tests/models.py")
    return Store(root).publish(name, files | documents, about)
