"""Train a captioner: what `train_captioner` runs.

The data are labelled numbers of a fixed size, as `train_classifier` takes them; each label is the
caption. For `digits` a caption is the digit's name in English and French: "seven, sept".
"""

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from model_store import SamplingDefaults, Tokenizer
from model_store.tasks.image_captioning import CaptionerConfig
from training import cli, flags
from training.data.numbers import NumberData, NumberRows, load_numbers
from training.data.vocab import train_tokenizer
from training.errors import UsageError
from training.export.publish import Described, command_line, to_graphs
from training.fitting.callbacks import Point
from training.fitting.processes import this_share
from training.nets.captioner import Captioner, CaptionNetConfig
from training.reports.figures import draw_curves
from training.reports.intervals import interval
from training.tasks.image_captioning.module import CaptionBatches, CaptionModule
from training.tasks.image_captioning.task import TASK

DIGIT_NAMES = {
    "0": "zero, zéro", "1": "one, un", "2": "two, deux", "3": "three, trois",
    "4": "four, quatre", "5": "five, cinq", "6": "six, six", "7": "seven, sept",
    "8": "eight, huit", "9": "nine, neuf",
}  # fmt: skip
EVALUATION_BATCH_SIZE = 256
SPARE_TOKENS = 8  # that a caption may be longer than any of training


def captions_of(data: NumberData, source: str) -> list[str]:
    """Return the caption of each label."""
    names = DIGIT_NAMES if source == "digits" else {}
    return [names.get(label, label) for label in data.labels]


def encoded(rows: NumberRows, captions: Sequence[Sequence[int]], config: CaptionerConfig,
            batch_size: int, seed: int | None) -> CaptionBatches:  # fmt: skip
    """Return batches of images and their captions between begin and end token."""
    assert config.eos_id is not None
    wrapped = [[config.bos_id, *captions[label], config.eos_id] for label in rows.labels]
    images = [one[0] for one in rows.values]
    share = this_share()
    return CaptionBatches(images, wrapped, batch_size=batch_size, seed=seed, share=share)


@torch.inference_mode()
def spell(net: Captioner, images: torch.Tensor, config: CaptionerConfig) -> list[list[int]]:
    """Return the most probable tokens for images (batch, num_features), up to the end token."""
    net.eval()
    state = net.read(images)
    token_ids = torch.full((len(images), 1), config.bos_id)
    written: list[list[int]] = [[] for _ in images]
    is_open = [True] * len(images)
    for _ in range(config.max_tokens):
        outputs, state = net.stack(token_ids, state=state)
        token_ids = net.decoder(outputs[:, -1]).argmax(dim=1, keepdim=True)
        for row, token_id in enumerate(token_ids[:, 0].tolist()):
            is_open[row] &= token_id != config.eos_id
            if is_open[row]:
                written[row].append(token_id)
    return written


def exactness(net: Captioner, rows: NumberRows, captions: Sequence[Sequence[int]],
              config: CaptionerConfig) -> dict[str, float]:  # fmt: skip
    """Return the share of images whose whole caption is right, and its interval."""
    images = torch.from_numpy(np.concatenate(rows.values))
    written = spell(net, images, config)
    right = sum(
        got == list(captions[label]) for got, label in zip(written, rows.labels, strict=True)
    )
    low, high = interval(right / len(rows), len(rows))
    return {"exact": right / len(rows), "exact_low": low, "exact_high": high}


def build(
    arguments: argparse.Namespace, data: NumberData, tokenizer: Tokenizer, longest: int
) -> tuple[Captioner, CaptionerConfig]:
    """Build the network, its standardization fitted, and its configuration in the store."""
    shape: dict[str, Any] = {"num_features": data.num_features, "vocab_size": tokenizer.vocab_size}
    net = Captioner(flags.options_from(CaptionNetConfig, arguments, **shape))
    net.standardize.fit(torch.from_numpy(np.concatenate(data.train.values)))
    assert tokenizer.bos_id is not None
    config = CaptionerConfig(
        cell=net.config.cell,
        hidden_size=net.config.hidden_size,
        num_layers=net.config.num_layers,
        embedding_dim=net.config.embedding_dim,
        bos_id=tokenizer.bos_id,
        eos_id=tokenizer.eos_id,
        max_tokens=longest + SPARE_TOKENS,
        sampling=SamplingDefaults(max_tokens=longest + SPARE_TOKENS, temperature=0.0),
        **shape,
    )
    return net, config


def main(arguments: argparse.Namespace, argv: Sequence[str]) -> None:
    """Read data, train, measure, publish."""
    cli.prepare(arguments)
    data = load_numbers(
        arguments.data,
        validation_split=arguments.validation_split,
        test_split=arguments.test_split,
        seed=arguments.seed,
    )
    if data.is_sequence:
        raise UsageError(f"{arguments.data} holds sequences; a captioner takes a fixed size")
    cli.say_report(data.report)
    texts = captions_of(data, arguments.data)
    tokenizer = cli.run_tokenizer(
        arguments, lambda: train_tokenizer("char", texts, vocab_size=1000)
    )
    captions = tokenizer.encode_ids_batch(texts)
    with cli.checking_flags():
        net, config = build(arguments, data, tokenizer, max(map(len, captions)) + 1)
    batches = encoded(data.train, captions, config, arguments.batch_size, arguments.seed)
    held_out = encoded(data.validation, captions, config, EVALUATION_BATCH_SIZE, None)
    module = CaptionModule(net, cli.optimizer_options(arguments))
    points = cli.fit_or_try(arguments, module, batches, held_out)
    if points is None:
        return
    exported = to_graphs(TASK, net, arguments.weights_dtype)
    splits = {"validation": data.validation} | {f"{k}_test": v for k, v in data.tests.items()}
    figures = {
        f"{split}_{key}": value
        for split, rows in splits.items()
        for key, value in exactness(net, rows, captions, config).items()
    }
    described = describe(argv, data, figures, points)
    cli.publish_run(arguments, net, exported, config, tokenizer=tokenizer, described=described)


def describe(
    argv: Sequence[str], data: NumberData, figures: dict[str, float], points: Sequence[Point]
) -> Described:
    """Gather what goes into the version besides the net."""
    rows = np.concatenate(data.train.values)
    middles = [
        np.round(rows[np.asarray(data.train.labels) == label].mean(axis=0, keepdims=True), 1)
        for label in range(min(3, len(data.labels)))
    ]
    primary = next((f"{name}_test_exact" for name in data.tests), "validation_exact")
    command = command_line("training.train_captioner", argv)
    about = cli.about_run(TASK, command, datasets=data.datasets, figures=figures, primary=primary)
    return Described(about, middles, middles[-1], pictures={"curves.png": draw_curves(points)})
