"""Trains a translator, or any writer of one text for another, and exports it to the model store.

    python -m training.train_translator --preset eng-fra --name en-fr

Knows data, net and export; the loop itself is in `fit`.
"""

import argparse
import logging
from collections.abc import Sequence

import sacrebleu

from model_store import SamplingDefaults, Tokenizer
from model_store.tasks.translation import TranslationConfig
from training import cli
from training.data.pair_batches import EncodedPairs, PairBatches, encode_pairs
from training.data.reports import counted
from training.data.sentence_pairs import Pair, PairData, Referenced, load_pairs
from training.data.vocab import train_tokenizer
from training.errors import DataError
from training.export.publish import Described, command_line, to_graphs
from training.fitting.callbacks import Point
from training.fitting.processes import this_share
from training.flags import options_from
from training.nets.translator import Translator, TranslatorConfig
from training.reports.card import table
from training.reports.figures import draw_curves
from training.tasks.translation.figures import translation_figures
from training.tasks.translation.module import TranslationModule
from training.tasks.translation.served import ServedTranslator
from training.tasks.translation.task import TASK

log = logging.getLogger(__name__)

EVALUATION_BATCH_SIZE = 256
NUM_GOLDEN, NUM_SHOWN = 4, 8


def read_data(arguments: argparse.Namespace) -> PairData:
    """Load the splits and say what was read and left out."""
    data = load_pairs(
        arguments.data,
        source_column=arguments.source_column,
        target_column=arguments.target_column,
        validation_split=arguments.validation_split,
        test_split=arguments.test_split,
        seed=arguments.seed,
    )
    cli.say_report(data.report)
    return data


def learn_tokenizer(data: PairData, vocab_size: int) -> Tokenizer:
    """Learn one vocabulary of both languages; each distinct source counts once."""
    sources = dict.fromkeys(pair.source for pair in data.train)
    texts = [*sources, *(pair.target for pair in data.train)]
    return train_tokenizer("cased", texts, vocab_size=vocab_size)


def store_config(
    arguments: argparse.Namespace, shape: TranslatorConfig, data: PairData, tokenizer: Tokenizer
) -> TranslationConfig:
    """Return the same network in the store's words, with what the service must know."""
    assert tokenizer.bos_id is not None
    source, target = data.languages
    return TranslationConfig(
        cell=shape.cell,
        vocab_size=shape.vocab_size,
        embedding_dim=shape.embedding_dim,
        hidden_size=shape.hidden_size,
        num_layers=shape.num_layers,
        encoder_hidden_size=shape.encoder_hidden_size,
        encoder_layers=shape.encoder_layers,
        max_source_tokens=shape.max_source_tokens,
        source_language=arguments.source_language or source,
        target_language=arguments.target_language or target,
        length_penalty=arguments.length_penalty,
        bos_id=tokenizer.bos_id,
        eos_id=tokenizer.eos_id,
        max_tokens=arguments.max_tokens,
        sampling=SamplingDefaults(max_tokens=arguments.max_tokens, temperature=0.0),
    )


def encoded(
    pairs: Sequence[Pair], tokenizer: Tokenizer, config: TranslationConfig, *, split: str
) -> EncodedPairs:
    """Return the pairs as token ids, and say how many do not fit.

    Raises:
        DataError: None fits.
    """
    most, longest = config.max_source_tokens, config.max_tokens
    found = encode_pairs(pairs, tokenizer, max_source_tokens=most, max_tokens=longest)
    if missing := len(pairs) - len(found.sources):
        log.info("%s: %s left out: over %d or %d tokens", split, counted(missing, "pair"), most,
                 longest)  # fmt: skip
    if not found.sources:
        raise DataError(
            f"no pair of the {split} split fits into {most} and {longest} tokens: name a file of "
            "shorter texts, or raise --max-source-tokens and --max-tokens"
        )
    return found


def with_first_reference(sentences: Sequence[Referenced]) -> list[Pair]:
    """Return held-out sentences as pairs, for the loss."""
    return [Pair(sentence.source, sentence.references[0]) for sentence in sentences]


def train(
    arguments: argparse.Namespace, net: Translator, pairs: EncodedPairs, held_out: EncodedPairs
) -> list[Point] | None:
    """Fit the net; return the losses at each validation, None where there is no more to do."""
    module = TranslationModule(
        net, cli.optimizer_options(arguments), label_smoothing=arguments.label_smoothing
    )
    with cli.checking_flags():
        batches = PairBatches(
            pairs, batch_size=arguments.batch_size, seed=arguments.seed, share=this_share()
        )
        validation = PairBatches(held_out, batch_size=EVALUATION_BATCH_SIZE)
    return cli.fit_or_try(arguments, module, batches, validation)


def describe(
    command: str,
    data: PairData,
    served: ServedTranslator,
    *,
    figures: dict[str, float],
    points: Sequence[Point],
) -> Described:
    """Gather what goes into the version besides the net."""
    split = "test" if data.test else "validation"
    shown = (data.test or data.validation)[:NUM_SHOWN]
    sources = [sentence.source for sentence in shown]
    written = served.translate(sources)
    rows = [
        [sentence.source, translation, " / ".join(sentence.references)]
        for sentence, translation in zip(shown, written, strict=True)
    ]
    notes = {
        "Translations": f"The first of the {split} split, greedily:\n\n"
        + table(["source", "translation", "references"], rows)
        + f"\n\nMeasured by sacreBLEU {sacrebleu.__version__}, with references as they are but for "
        "white space and apostrophes.",
    }
    about = cli.about_run(
        TASK, command, datasets=data.datasets, figures=figures, primary=f"{split}_bleu"
    )
    return Described(
        about=about,
        golden=sources[:NUM_GOLDEN],
        example=sources[0],
        notes=notes,
        pictures={"curves.png": draw_curves(points)},
    )


def main(arguments: argparse.Namespace, argv: Sequence[str]) -> None:
    """Read pairs, train, measure, publish."""
    cli.prepare(arguments)
    data = read_data(arguments)
    tokenizer = cli.run_tokenizer(arguments, lambda: learn_tokenizer(data, arguments.vocab_size))
    with cli.checking_flags():
        shape = options_from(TranslatorConfig, arguments, vocab_size=tokenizer.vocab_size)
        config = store_config(arguments, shape, data, tokenizer)
    net = Translator(shape)
    held_out = with_first_reference(data.validation)
    points = train(
        arguments,
        net,
        encoded(data.train, tokenizer, config, split="training"),
        encoded(held_out, tokenizer, config, split="validation"),
    )
    if points is None:
        return
    exported = to_graphs(TASK, net, arguments.weights_dtype)
    served = ServedTranslator.of(exported, tokenizer, config)
    figures = {"validation_loss": min(point.val_loss for point in points)}
    splits = {"validation": data.validation} | ({"test": data.test} if data.test else {})
    for split, sentences in splits.items():
        log.info("%s:", split)
        found = translation_figures(served, sentences, num_beams=arguments.num_beams)
        figures |= {f"{split}_{name}": value for name, value in found.items()}
    command = command_line("training.train_translator", argv)
    described = describe(command, data, served, figures=figures, points=points)
    cli.publish_run(arguments, net, exported, config, described=described, tokenizer=tokenizer)
