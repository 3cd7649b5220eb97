"""What a network, its tokenizer and the caller's options make together: a configuration.

A text is read by the network as its framework read it. Where no answer can depend on the padding,
since a mask leaves it out, it is not there at all: such a network becomes one like those trained
here. Any other gets texts filled up as `pad_sequences` fills them, and reads that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, TypedDict

from model_store.importing.likeness import (
    dense_widths,
    is_bidirectional,
    pooling_of,
    recurrent_fields,
)
from model_store.importing.network import (
    Array,
    Embed,
    Ending,
    Inputs,
    Network,
    Step,
)
from model_store.importing.options import Options
from model_store.importing.outline import layer_table
from model_store.importing.reference import answers
from model_store.importing.refused import Refused
from model_store.importing.shapes import is_free_of_padding, shapes_of
from model_store.tasks.sequence_classification import SequenceClassifierConfig
from model_store.tasks.text_classification import ClassifierConfig
from model_store.tasks.vector_classification import VectorClassifierConfig
from model_store.tokenizer import Tokenizer

MAX_LABEL = 200
Config = ClassifierConfig | SequenceClassifierConfig | VectorClassifierConfig


class TextFields(TypedDict):
    """What a configuration says of texts."""

    vocab_size: int
    max_seq_len: int
    truncation: Literal["head", "tail", "both"]
    padding: Literal["pre", "post"] | None
    pad_id: int


@dataclass(frozen=True, eq=False, slots=True)
class Fitted:
    """A model ready to be proved and published.

    Args:
        inputs: What goes in.
        ending: What makes probabilities of its logits.
        oracle: The answers (batch, num_classes) to arrays as its framework is given them.
        config: Its configuration.
        options: What the caller said.
        tokenizer: For texts.
        outline: Its layers as a table, for people.
        num_weights: Numbers in its weights.
        truth: What the oracle is, in words.
    """

    inputs: Inputs
    ending: Ending
    oracle: Callable[[Array], Array]
    config: Config
    options: Options
    tokenizer: Tokenizer | None = None
    outline: str = ""
    num_weights: int = 0
    truth: str = "the file's own equations, worked out in double precision"

    def framework_ids(self, token_ids: Sequence[int]) -> list[int]:
        """Return what the network's own framework was given for a text: `pad_sequences`."""
        config, padding = self.config, self.options.padding
        assert isinstance(config, ClassifierConfig)
        kept = config.cut(token_ids)
        filling = [self.options.pad_id] * (config.max_seq_len - len(kept))
        if padding == "none":
            return kept
        return filling + kept if padding == "pre" else kept + filling


def fit(network: Network, tokenizer: Tokenizer | None, options: Options) -> tuple[Fitted, Network]:
    """Return a network with its configuration, and the network that is served for it.

    Raises:
        Refused: If they do not fit together, or something is missing.
    """
    shapes_of(network)
    config: Config
    served = network
    if network.inputs == "tokens":
        tokenizer = needed(tokenizer)
        network = _cut_table(network, tokenizer.vocab_size)
        config, served = _text_config(network, tokenizer, options)
    else:
        config = _numbers_config(network, options)
        if tokenizer is not None:
            raise Refused("--tokenizer", "the network reads numbers", "Leave it out")
    fitted = Fitted(
        *(network.inputs, network.ending, partial(answers, network)),
        config=config,
        options=options,
        tokenizer=tokenizer,
        outline=layer_table(network),
        num_weights=network.num_parameters,
    )
    return fitted, served


def _numbers_config(network: Network, options: Options) -> Config:
    labels = labels_of(network.num_classes, options)
    dense_dims = dense_widths(network)[:-1]
    if network.inputs == "vector":
        return VectorClassifierConfig(
            num_features=network.num_features, dense_dims=dense_dims, labels=labels
        )
    return SequenceClassifierConfig(
        **recurrent_fields(network),
        num_features=network.num_features,
        bidirectional=is_bidirectional(network),
        pooling=pooling_of(network),
        dense_dims=dense_dims,
        labels=labels,
        max_seq_len=max_len_of(network.fixed_len, options, "rows"),
    )


def needed(tokenizer: Tokenizer | None) -> Tokenizer:
    """Return the tokenizer of a model that reads texts; raises `Refused` if it is not named."""
    if tokenizer is None:
        raise Refused(
            "--tokenizer",
            "the network reads token ids, and the file does not say how texts become them",
            "Name the JSON of the Tokenizer by --tokenizer, or a list of words by --vocabulary",
        )
    return tokenizer


def text_fields(fixed_len: int | None, tokenizer: Tokenizer, options: Options) -> TextFields:
    """Return what a configuration says of texts; raises `Refused`."""
    if options.pad_id >= tokenizer.vocab_size:
        raise Refused("pad_id", f"there is no token {options.pad_id}", "Name one of its tokens")
    if fixed_len is not None and options.padding == "none":
        raise Refused(
            "--padding", f"the file takes {fixed_len} tokens, no fewer", "Say pre or post"
        )
    return {
        "vocab_size": tokenizer.vocab_size,
        "max_seq_len": max_len_of(fixed_len, options, "tokens"),
        "truncation": "tail" if options.truncating == "pre" else "head",
        "padding": None if options.padding == "none" else options.padding,
        "pad_id": options.pad_id,
    }


def _text_config(
    network: Network, tokenizer: Tokenizer, options: Options
) -> tuple[ClassifierConfig, Network]:
    """Return a configuration, and the network without its mask where no padding is needed."""
    labels = labels_of(network.num_classes, options)
    (embed,) = network.operations(Embed)
    config = ClassifierConfig(
        **recurrent_fields(network),
        **text_fields(network.fixed_len, tokenizer, options),
        embedding_dim=embed.table.shape[1],
        bidirectional=is_bidirectional(network),
        pooling=pooling_of(network),
        dense_dims=dense_widths(network)[:-1],
        labels=labels,
    )
    if not is_free_of_padding(network):
        return config, network
    return config.model_copy(update={"padding": None, "skip_id": 0}), _without_mask(network)


def labels_of(num_classes: int, options: Options) -> tuple[str, ...]:
    """Return the names of the classes; raises `Refused`."""
    labels = options.labels or tuple(map(str, range(num_classes)))
    if len(labels) != num_classes:
        raise Refused(
            "--labels",
            f"{len(labels)} labels for {num_classes} classes",
            "Name each class once, in the order 0, 1, … (for one sigmoid: what 0 means, then 1)",
        )
    if strange := [one for one in labels if not one.isprintable() or len(one) > MAX_LABEL]:
        raise Refused(
            "--labels",
            f"{strange[0][:40]!r} has line breaks or the like, or over {MAX_LABEL} characters",
            "Name each class in a few words",
        )
    if len(labels) < 2 or "" in labels or len(set(labels)) < len(labels):
        raise Refused("--labels", "labels must differ, and there are 2 or more", "Name each class")
    return labels


def max_len_of(fixed_len: int | None, options: Options, noun: str) -> int:
    """Return how many tokens or rows an input has at most; raises `Refused`."""
    if fixed_len is not None and options.max_len not in (None, fixed_len):
        raise Refused(
            "--maxlen",
            f"the file takes {fixed_len} {noun}, not {options.max_len}",
            "Leave it out",
        )
    found = options.max_len or fixed_len
    if found is None:
        raise Refused(
            "--maxlen",
            f"the file does not say how many {noun} an input has at most",
            "Say it as pad_sequences(…, maxlen=…) did",
        )
    return found


def check_table(vocab_size: int, num_vectors: int) -> None:
    """Refuse a tokenizer with more tokens than the network knows."""
    if vocab_size > num_vectors:
        raise Refused(
            "--tokenizer",
            f"it has {vocab_size} tokens (0 included), the embedding {num_vectors}",
            "It is another model's, or lacks the num_words that this one was trained with",
        )


def _cut_table(network: Network, vocab_size: int) -> Network:
    """Return the network with vectors for the tokenizer's tokens alone."""
    for embed in network.operations(Embed):
        check_table(vocab_size, len(embed.table))

    def cut(step: Step) -> Step:
        operation = step.operation
        if not isinstance(operation, Embed):
            return step
        return replace(step, operation=replace(operation, table=operation.table[:vocab_size]))

    return replace(network, steps=tuple(map(cut, network.steps)))


def _without_mask(network: Network) -> Network:
    def bare(step: Step) -> Step:
        if isinstance(step.operation, Embed):
            return replace(step, operation=replace(step.operation, mask_zero=False))
        return step

    return replace(network, steps=tuple(map(bare, network.steps)))
