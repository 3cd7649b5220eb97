"""Train a text generator: what `train_generator` runs.

Knows data, nets and export; the loop itself is in `fit`.
"""

import argparse
import logging
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from model_store import GeneratorConfig, SamplingDefaults, Store, Tokenizer
from training import choices, cli
from training.data.batches import BpttWindows
from training.data.corpus import CorpusData, load_corpus
from training.data.own_files import ReadOptions
from training.data.streams import as_stream, boundary_id, is_running
from training.data.vocab import train_tokenizer
from training.export.publish import Described, command_line, to_graphs
from training.fitting.callbacks import Point
from training.fitting.losses import SampledSoftmax
from training.fitting.processes import this_share
from training.flags import options_from, overruled
from training.nets.config import StackConfig
from training.nets.language_model import LanguageModel, LanguageModelConfig
from training.references import open_reference
from training.reports.figures import draw_curves
from training.tasks.text_classification.served import ServedClassifier
from training.tasks.text_generation import recipe
from training.tasks.text_generation.figures import beside_ngrams, measure, measure_novelty
from training.tasks.text_generation.label_prompts import load_labelled_corpus
from training.tasks.text_generation.module import LanguageModelModule
from training.tasks.text_generation.pretrained import Pretrained, open_pretrained
from training.tasks.text_generation.task import TASK

log = logging.getLogger(__name__)

MAX_PROMPT_TOKENS = 4096
VALIDATION_ROW = 256  # tokens of validation text that make a row worth its cold start
NUM_SHOWN = 8


def read_data(arguments: argparse.Namespace, judge: ServedClassifier | None) -> CorpusData:
    """Load the splits and say what was read and left out."""
    if arguments.label_prompts:
        data = load_labelled_corpus(
            arguments.data,
            options=options_from(ReadOptions, arguments),
            validation_split=arguments.validation_split,
            seed=arguments.seed,
            judge=judge,
        )
    else:
        data = load_corpus(
            arguments.data,
            validation_split=arguments.validation_split,
            lines=arguments.lines,
            encoding=arguments.encoding,
            seed=arguments.seed,
        )
    cli.say_report(data.report)
    return data


def open_judge(arguments: argparse.Namespace, store: Store) -> ServedClassifier | None:
    """Open the classifier that chooses passages, if one was asked for."""
    if not arguments.judge:
        return None
    return ServedClassifier.open(open_reference(store, arguments.judge))


def learn_tokenizer(
    arguments: argparse.Namespace, data: CorpusData, pretrained: Pretrained | None
) -> Tokenizer:
    """Return the tokenizer of the model to go on from, or learn one from the training split."""
    if pretrained:
        return pretrained.tokenizer
    return train_tokenizer(arguments.tokenizer, data.train, vocab_size=arguments.vocab_size)


def build_net(
    arguments: argparse.Namespace, vocab_size: int, pretrained: Pretrained | None
) -> LanguageModel:
    """Build the network that the flags describe, or the one to go on from."""
    shape = {} if pretrained is None else pretrained.shape
    tie_weights = arguments.tie_weights if pretrained is None else pretrained.net.config.tie_weights
    stack = options_from(StackConfig, arguments, vocab_size=vocab_size, **shape)
    net = LanguageModel(LanguageModelConfig(stack, tie_weights=tie_weights))
    if pretrained is not None:
        net.load_state_dict(pretrained.net.state_dict())
    elif arguments.init_range:
        for parameter in net.parameters():
            nn.init.uniform_(parameter, -arguments.init_range, arguments.init_range)
    return net


def store_config(
    arguments: argparse.Namespace, shape: LanguageModelConfig, data: CorpusData, boundary: int
) -> GeneratorConfig:
    """Return the same network in the store's words, with what the service must know."""
    stack, suffix = shape.stack, arguments.prompt_suffix
    sampling = SamplingDefaults(
        max_tokens=min(arguments.default_max_tokens, arguments.max_tokens),
        temperature=arguments.temperature,
        top_k=arguments.top_k,
        top_p=arguments.top_p,
    )
    return GeneratorConfig(
        cell=stack.cell,
        vocab_size=stack.vocab_size,
        embedding_dim=stack.embedding_dim,
        hidden_size=stack.hidden_size,
        num_layers=stack.num_layers,
        tie_weights=shape.tie_weights,
        prompt_suffix=(":" if data.prompts else "") if suffix is None else suffix,
        prompts=data.prompts,
        bos_id=boundary,
        eos_id=None if is_running(data) else boundary,
        max_prompt_tokens=MAX_PROMPT_TOKENS,
        max_tokens=arguments.max_tokens,
        sampling=sampling,
    )


def build_module(
    arguments: argparse.Namespace, net: LanguageModel, stream: np.ndarray
) -> LanguageModelModule:
    """Return the net with its loss: over the whole vocabulary or over drawn tokens."""
    sampled = None
    if arguments.sampled_softmax:
        counts = np.bincount(stream, minlength=net.config.stack.vocab_size)
        sampled = SampledSoftmax(torch.from_numpy(counts), num_sampled=arguments.sampled_softmax)
    return LanguageModelModule(
        net,
        cli.optimizer_options(arguments),
        sampled=sampled,
        activation_penalty=arguments.activation_penalty,
        slowness_penalty=arguments.slowness_penalty,
    )


def train(
    arguments: argparse.Namespace, net: LanguageModel, stream: np.ndarray, held_out: np.ndarray
) -> list[Point] | None:
    """Fit the net; see `cli.fit_or_try`."""
    module = build_module(arguments, net, stream)
    rows = min(arguments.batch_size, max(1, len(held_out) // VALIDATION_ROW))
    with cli.checking_flags():
        windows = BpttWindows(
            stream,
            batch_size=arguments.batch_size,
            bptt_len=arguments.bptt_len,
            seed=None if arguments.even_windows else arguments.seed,
            share=this_share(),
        )
        validation = BpttWindows(held_out, batch_size=rows, bptt_len=arguments.bptt_len)
    return cli.fit_or_try(arguments, module, windows, validation)


def describe(
    arguments: argparse.Namespace,
    argv: Sequence[str],
    data: CorpusData,
    *,
    figures: dict[str, float],
    points: Sequence[Point],
) -> Described:
    """Gather what goes into the version besides the net."""
    chosen = "test_loss" if "test_loss" in figures else "validation_loss"
    about = cli.about_run(
        TASK,
        command_line("training.train_generator", argv),
        datasets=data.datasets,
        figures=figures,
        primary=chosen,
        higher_is_better=False,
    )
    prompt = example_prompt(arguments, data)
    return Described(
        about=about,
        golden=[prompt, *(data.prompts[:3] or ["a", ""])],
        example=prompt,
        pictures={"curves.png": draw_curves(points)},
        notes=choices.section(arguments) | beside_ngrams(about.metrics),
    )


def example_prompt(arguments: argparse.Namespace, data: CorpusData) -> str:
    """Return the prompt of the example call."""
    first = data.prompts[0] if data.prompts else ""
    return first if arguments.example is None else str(arguments.example)


def say_overruled(arguments: argparse.Namespace, pretrained: Pretrained | None) -> None:
    """Say which flags a network that is gone on from makes useless."""
    if pretrained is None:
        return
    shape = {**pretrained.shape, "vocab_size": pretrained.tokenizer.vocab_size}
    if told := overruled(arguments, arguments.init_from, shape):
        log.warning("%s", told)


def main(arguments: argparse.Namespace, argv: Sequence[str]) -> None:
    """Read text, train, measure, publish."""
    store = cli.prepare(arguments)
    with cli.checking_flags():
        pretrained = open_pretrained(store, arguments.init_from) if arguments.init_from else None
        say_overruled(arguments, pretrained)
        data = read_data(arguments, open_judge(arguments, store))
    tokenizer = cli.run_tokenizer(arguments, lambda: learn_tokenizer(arguments, data, pretrained))
    boundary = boundary_id(tokenizer, data)
    stream = as_stream(data.train, tokenizer, boundary)
    log.info("%s tokens, vocabulary %s", f"{len(stream):,}", f"{tokenizer.vocab_size:,}")
    recipe.choose(arguments, len(stream), is_started=pretrained is not None)
    with cli.checking_flags():
        net = build_net(arguments, tokenizer.vocab_size, pretrained)
        config = store_config(arguments, net.config, data, boundary)
    points = train(arguments, net, stream, as_stream(data.validation, tokenizer, boundary))
    if points is None:
        return
    exported = to_graphs(TASK, net, arguments.weights_dtype)
    figures = measure(
        net, data, tokenizer, boundary, with_baseline=not arguments.no_baseline
    ) | measure_novelty(exported, data, tokenizer=tokenizer, config=config, count=arguments.samples)
    described = describe(arguments, argv, data, figures=figures, points=points)
    cli.publish_run(arguments, net, exported, config, tokenizer=tokenizer, described=described)
