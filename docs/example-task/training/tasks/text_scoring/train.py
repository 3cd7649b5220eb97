"""Train a scorer of texts.

python -m training.tasks.text_scoring.train --data stars.csv --name stars
"""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from model_store.tasks.text_scoring import ScorerConfig
from torch import Tensor
from torch.nn.functional import mse_loss
from training.tasks.text_scoring.task import TASK, Scorer

from model_store import About
from training import cli, flags
from training.data.batches import TextBatch, TextBatches
from training.data.vocab import train_tokenizer
from training.export.publish import Described, command_line, library_versions, publish, to_graphs
from training.fitting.fit import fit
from training.fitting.module import TrainingModule
from training.nets.config import StackConfig
from training.parser import Parser
from training.reports.figures import draw_curves
from training.script import run_script


class ScorerModule(TrainingModule):
    """Squared error."""

    net: Scorer

    def training_step(self, batch: TextBatch, batch_idx: int) -> Tensor:
        """Return the loss of one batch."""
        loss = mse_loss(self.net(batch.token_ids, batch.lengths), batch.labels.float())
        self.log("loss", loss, on_step=True, on_epoch=True, batch_size=len(batch.labels))
        self.log("tokens", float(batch.lengths.sum()), reduce_fx="sum", batch_size=1)
        return loss

    def validation_step(self, batch: TextBatch, batch_idx: int) -> None:
        """Log the loss of one batch."""
        scores = self.net(batch.token_ids, batch.lengths)
        self.log("val_loss", mse_loss(scores, batch.labels.float()), batch_size=len(batch.labels))


def main(argv: Sequence[str]) -> None:
    """Read `text,score` rows, train, measure, publish."""
    parser = Parser(prog="python -m training.tasks.text_scoring.train")
    parser.add_argument("--data", required=True, type=Path, help="CSV with text and score")
    flags.add_stack_flags(parser)
    flags.add_fit_flags(parser)
    flags.add_run_flags(parser)
    arguments = parser.parse_args(argv)
    store = cli.prepare(arguments)
    rows = list(csv.DictReader(arguments.data.open()))
    texts, scores = [row["text"] for row in rows], [float(row["score"]) for row in rows]
    tokenizer = train_tokenizer("word", texts, vocab_size=10_000)
    stack = flags.options_from(StackConfig, arguments, vocab_size=tokenizer.vocab_size)
    config = ScorerConfig(
        cell=stack.cell, vocab_size=stack.vocab_size, embedding_dim=stack.embedding_dim,
        hidden_size=stack.hidden_size, num_layers=stack.num_layers,
    )  # fmt: skip
    ids = [config.input_ids(text, tokenizer) for text in texts]
    held = len(ids) // 10
    batches = TextBatches(ids[held:], scores[held:], batch_size=arguments.batch_size, seed=0)
    held_out = TextBatches(ids[:held], scores[:held], batch_size=256)
    net = Scorer(stack)
    module = ScorerModule(net, cli.optimizer_options(arguments))
    points = fit(module, batches, held_out, options=cli.fit_options(arguments))
    errors = [(net(b.token_ids, b.lengths) - b.labels).abs().mean() for b in held_out]
    about = About(
        task=TASK.name,
        metrics={"mean_error": float(torch.stack(errors).mean())},
        command=command_line("training.tasks.text_scoring.train", argv),
        libraries=library_versions(),
    )
    described = Described(
        about, ["a good film", "dull"], "a good film", pictures={"curves.png": draw_curves(points)}
    )
    stored = publish(net, to_graphs(TASK, net), config, tokenizer=tokenizer, store=store,
                     name=arguments.name, described=described)  # fmt: skip
    cli.say_published(stored, described.example)


if __name__ == "__main__":
    sys.exit(run_script(main, sys.argv[1:]))
