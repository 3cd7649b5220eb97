"""Train a text generator, export it to the model store, and say how to call it.

    python -m training.train_generator --data tiny_shakespeare --name shakespeare
    python -m training.train_generator --data names_by_language --cell gru --name names
    python -m training.train_generator --data my_text.txt --name mine

Knows data, nets and export; the loop itself is in `fit`.
"""

import argparse
import logging
import math
import sys
from collections.abc import Sequence

import numpy as np
import torch

from model_store import About, GeneratorConfig, PrimaryMetric, SamplingDefaults, Tokenizer
from training import cli
from training.batches import BpttWindows
from training.callbacks import Point
from training.corpus import CorpusData, load_corpus
from training.export import DTYPES, Described, command_line, export, library_versions
from training.figures import draw_curves
from training.fit import fit
from training.losses import SampledSoftmax
from training.nets.config import LanguageModelConfig, StackConfig
from training.nets.language_model import LanguageModel
from training.tasks import LanguageModelTask, corpus_loss
from training.vocab import encode_corpus, train_tokenizer
from training.weights import round_weights

log = logging.getLogger(__name__)


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(prog="python -m training.train_generator",
                                     description=__doc__.split("\n")[0])  # fmt: skip
    data = parser.add_argument_group("data")
    data.add_argument("--data", required=True, metavar="SOURCE",
                      help="tiny_shakespeare, names, names_by_language, imdb, or your own UTF-8 "
                      "text file or folder of them")  # fmt: skip
    data.add_argument("--lines", action="store_true", help="each line of your file is a document")
    data.add_argument("--validation-split", type=float, default=0.1, help="share held out")
    data.add_argument("--tokenizer", default="char", choices=["char", "subword", "word"])
    data.add_argument("--vocab-size", type=int, default=2000, help="tokens at most")
    net = cli.add_stack_flags(parser)
    net.add_argument("--tie-weights", action="store_true", help="output layer = embedding")
    cli.add_fit_flags(parser)
    text = parser.add_argument_group("running text")
    text.add_argument("--bptt-len", type=int, default=128, help="tokens of a window")
    text.add_argument("--sampled-softmax", type=int, default=0, metavar="N",
                      help="train against N drawn tokens, not the whole vocabulary")  # fmt: skip
    text.add_argument("--activation-penalty", type=float, default=0.0, help="AWD-LSTM's AR")
    text.add_argument("--slowness-penalty", type=float, default=0.0, help="AWD-LSTM's TAR")
    use = parser.add_argument_group("use: defaults of the service for this model")
    use.add_argument("--prompt-suffix", default="", help="text put after each prompt")
    use.add_argument("--max-tokens", type=int, default=4096, help="upper limit of a request")
    use.add_argument("--default-max-tokens", type=int, default=256)
    use.add_argument("--temperature", type=float, default=0.8)
    use.add_argument("--top-k", type=int, default=0)
    use.add_argument("--top-p", type=float, default=0.95)
    use.add_argument("--example", default="", help="prompt of the example call")
    cli.add_run_flags(parser)
    return parser


def boundary_id(tokenizer: Tokenizer, data: CorpusData) -> int:
    """Return the token that stands before every text: a line end, or the end of a document."""
    if is_running(data):
        newline = tokenizer.encode_ids("\n")
        if newline:
            return newline[0]
    end = tokenizer.eos_id
    assert end is not None, "trained vocabularies have <eos>"
    return end


def is_running(data: CorpusData) -> bool:
    """Return whether the corpus is one long text rather than many documents."""
    return len(data.train) == 1


def as_stream(documents: Sequence[str], tokenizer: Tokenizer, boundary: int) -> np.ndarray:
    """Return documents as one stream of token ids, the boundary token before, between and after."""
    stream = [boundary]
    for ids in encode_corpus(tokenizer, documents):
        stream += ids
        stream.append(boundary)
    return np.asarray(stream, np.int32)


def net_config(arguments: argparse.Namespace, vocab_size: int) -> LanguageModelConfig:
    """Return the network that the flags describe."""
    stack = cli.options_from(StackConfig, arguments, vocab_size=vocab_size)
    return LanguageModelConfig(stack, tie_weights=arguments.tie_weights)


def store_config(
    arguments: argparse.Namespace, shape: LanguageModelConfig, data: CorpusData, boundary: int
) -> GeneratorConfig:
    """Return the same network in the store's words, with what the service must know."""
    stack = shape.stack
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
        prompt_suffix=arguments.prompt_suffix,
        prompts=data.prompts,
        bos_id=boundary,
        eos_id=None if is_running(data) else boundary,
        max_prompt_tokens=4096,
        max_tokens=arguments.max_tokens,
        sampling=sampling,
    )


def build_task(
    arguments: argparse.Namespace, net: LanguageModel, stream: np.ndarray
) -> LanguageModelTask:
    """Return the net with its loss: over the whole vocabulary or over drawn tokens."""
    sampled = None
    if arguments.sampled_softmax:
        counts = np.bincount(stream, minlength=net.config.stack.vocab_size)
        sampled = SampledSoftmax(torch.from_numpy(counts), num_sampled=arguments.sampled_softmax)
    return LanguageModelTask(
        net,
        cli.optimizer_options(arguments),
        sampled=sampled,
        activation_penalty=arguments.activation_penalty,
        slowness_penalty=arguments.slowness_penalty,
    )


def train(
    arguments: argparse.Namespace,
    task: LanguageModelTask,
    stream: np.ndarray,
    held_out: np.ndarray,
) -> list[Point]:
    """Fit the task's net; return the losses at each validation."""
    windows = BpttWindows(
        stream, batch_size=arguments.batch_size, bptt_len=arguments.bptt_len, seed=arguments.seed
    )
    if arguments.dry_run:
        task.net(next(iter(windows)).inputs)[0].sum().backward()
        count = sum(parameter.numel() for parameter in task.net.parameters())
        log.info("dry run: %s parameters, %d windows an epoch; nothing written", f"{count:,}",
                 len(windows))  # fmt: skip
        return []
    rows = min(arguments.batch_size, max(1, len(held_out) // 256))
    validation = BpttWindows(held_out, batch_size=rows, bptt_len=arguments.bptt_len)
    return fit(task, windows, validation, options=cli.fit_options(arguments))


def measure(
    net: LanguageModel, data: CorpusData, tokenizer: Tokenizer, boundary: int
) -> dict[str, float]:
    """Return nats per token, perplexity and bits per byte of validation and test text."""
    figures: dict[str, float] = {}
    for split, documents in (("validation", data.validation), ("test", data.test)):
        if not documents:
            continue
        stream = as_stream(documents, tokenizer, boundary)
        loss = corpus_loss(net, torch.from_numpy(stream).long())
        num_bytes = sum(len(document.encode()) for document in documents)
        figures[f"{split}_loss"] = loss
        figures[f"{split}_perplexity"] = math.exp(loss)
        figures[f"{split}_bits_per_byte"] = loss * (len(stream) - 1) / num_bytes / math.log(2)
    return figures


def describe(
    arguments: argparse.Namespace,
    data: CorpusData,
    figures: dict[str, float],
    *,
    command: str,
    points: Sequence[Point],
) -> Described:
    """Gather what goes into the version besides the net."""
    chosen = "test_loss" if "test_loss" in figures else "validation_loss"
    about = About(
        task="text-generation",
        datasets=data.datasets,
        metrics=figures,
        primary_metric=PrimaryMetric(name=chosen, higher_is_better=False),
        command=command,
        libraries=library_versions(),
    )
    example = arguments.example or (data.prompts[0] if data.prompts else "")
    return Described(
        about=about,
        golden_texts=[*data.prompts[:3], example] if data.prompts else [example, "a", ""],
        example=example,
        pictures={"curves.png": draw_curves(points)},
        dtype=arguments.weights_dtype,
    )


def read_data(arguments: argparse.Namespace) -> CorpusData:
    """Load the splits and say what was read and left out."""
    data = load_corpus(
        arguments.data,
        validation_split=arguments.validation_split,
        lines=arguments.lines,
        seed=arguments.seed,
    )
    for line in data.report.lines():
        log.info("%s", line)
    return data


def main(argv: Sequence[str]) -> None:
    """Read text, train, measure, publish."""
    arguments = build_parser().parse_args(argv)
    store = cli.prepare(arguments)
    data = read_data(arguments)
    tokenizer = cli.run_tokenizer(
        arguments,
        lambda: train_tokenizer(arguments.tokenizer, data.train, vocab_size=arguments.vocab_size),
    )
    boundary = boundary_id(tokenizer, data)
    shape = net_config(arguments, tokenizer.vocab_size)
    config = store_config(arguments, shape, data, boundary)
    net = LanguageModel(shape)
    stream = as_stream(data.train, tokenizer, boundary)
    log.info("%s tokens, vocabulary %d", f"{len(stream):,}", tokenizer.vocab_size)
    task = build_task(arguments, net, stream)
    points = train(arguments, task, stream, as_stream(data.validation, tokenizer, boundary))
    if arguments.dry_run:
        return
    round_weights(net, DTYPES[arguments.weights_dtype])
    figures = measure(net, data, tokenizer, boundary)
    command = command_line("training.train_generator", argv)
    stored = export(
        net,
        config,
        tokenizer=tokenizer,
        store=store,
        name=arguments.name,
        described=describe(arguments, data, figures, command=command, points=points),
    )
    prompt = arguments.example or (data.prompts[0] if data.prompts else "")
    cli.say_published(stored, "generate", {"model": stored.name, "prompt": prompt})


if __name__ == "__main__":
    sys.exit(cli.run_script(main, sys.argv[1:]))
