"""The loop stops in time, leaves the best weights, and goes on after a kill as if nothing was."""

import signal
import subprocess
import sys
from pathlib import Path

import lightning.pytorch as pl
import pytest
import torch

from tests.training.runs import RUNS, Interrupted, StopAt, classifier_run, interrupt, language_run
from tests.training.tiny import classifier_task, labelled_rows
from training.data.batches import TextBatches
from training.errors import UsageError
from training.tasks.text_classification.module import ClassifierModule

ROOT = Path(__file__).resolve().parents[3]


def weights_of(task):
    return {name: tensor.clone() for name, tensor in task.net.state_dict().items()}


def assert_same(first, second):
    torch.testing.assert_close(weights_of(first[0]), weights_of(second[0]), rtol=0, atol=0)
    assert first[1] == second[1]


def validation_loss(task):
    (batch,) = TextBatches(*labelled_rows(60, seed=1), batch_size=60)
    logits = task.net(batch.token_ids, batch.lengths)
    return torch.nn.functional.cross_entropy(logits, batch.labels).item()


@pytest.mark.parametrize("kind", RUNS)
def test_loss_falls(kind, tmp_path):
    _, points = RUNS[kind](tmp_path)

    assert points[-1].val_loss < 0.9 * points[0].val_loss
    assert [point.epoch for point in points] == [1, 2, 3, 4]


def test_same_seed_gives_the_same_run(tmp_path):
    assert_same(classifier_run(tmp_path / "a"), classifier_run(tmp_path / "b"))


@pytest.mark.parametrize(
    "when",
    [{}, {"checks_per_epoch": 2}, {"save_minutes": 0}, {"average_decay": 0.9}],
    ids=str,
)
@pytest.mark.parametrize("step", [17, 24, 25])
@pytest.mark.parametrize("kind", RUNS)
def test_resumed_run_is_the_uninterrupted_run(kind, step, when, tmp_path):
    """Weights and history are equal to the last bit, dropout and carried state included."""
    run, options = RUNS[kind], {"patience": 99, **when}
    whole = run(tmp_path / "whole", **options)

    with pytest.raises(Interrupted):
        run(tmp_path / "cut", callbacks=[StopAt(step, interrupt)], **options)

    assert_same(run(tmp_path / "cut", resume=True, **options), whole)


@pytest.mark.parametrize(
    "change",
    [{"task": classifier_task(hidden_size=9)}, {"batch_size": 7}, {"max_epochs": 1}],
    ids=["another net", "another batch size", "fewer epochs"],
)
def test_checkpoint_of_another_run_is_refused_in_a_line(change, tmp_path):
    """Each was a traceback of the training library."""
    classifier_run(tmp_path, max_epochs=3)
    with pytest.raises(UsageError, match=r"last.ckpt cannot be gone on from.*leave out --resume"):
        classifier_run(tmp_path, resume=True, **change)


def test_damaged_checkpoint_is_refused_in_a_line(tmp_path):
    (tmp_path / "last.ckpt").write_bytes(b"no checkpoint")
    with pytest.raises(UsageError, match="last.ckpt cannot be gone on from"):
        classifier_run(tmp_path, resume=True)


class Averaging(pl.Callback):
    """The running average of the weights after each step, by its definition."""

    def __init__(self, decay):
        self.decay, self.average = decay, None

    def on_train_batch_end(self, trainer, task, *_):
        now = weights_of(task)
        before = self.average or now
        self.average = {
            name: self.decay * before[name] + (1 - self.decay) * now[name] for name in now
        }


def test_running_average_is_what_is_validated_and_kept(tmp_path):
    oracle = Averaging(0.8)

    task, points = classifier_run(tmp_path, average_decay=0.8, max_epochs=1, callbacks=[oracle])

    torch.testing.assert_close(weights_of(task), oracle.average)
    assert points[-1].val_loss == pytest.approx(validation_loss(task), rel=1e-5)


def test_last_weights_are_kept_where_that_is_asked_for_and_nothing_stops_before(tmp_path):
    last = Averaging(0.0)  # no average at all: the weights after the last step

    task, points = classifier_run(tmp_path, keep="last", patience=0, min_delta=9, callbacks=[last])

    torch.testing.assert_close(weights_of(task), last.average)
    assert [point.epoch for point in points] == [1, 2, 3, 4]


@pytest.mark.parametrize(("save_minutes", "saved_step"), [(0, 16), (60, 10)])
def test_checkpoint_is_written_also_between_validations(save_minutes, saved_step, tmp_path):
    with pytest.raises(Interrupted):
        language_run(tmp_path, save_minutes=save_minutes, callbacks=[StopAt(17, interrupt)])

    checkpoint = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert checkpoint["global_step"] == saved_step


def test_run_that_was_killed_goes_on_as_if_nothing_was(tmp_path):
    whole = language_run(tmp_path / "whole", checks_per_epoch=2)
    command = ["tests.training.runs", "killed", "language", tmp_path / "cut"]

    killed = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, timeout=120, capture_output=True
    )

    assert killed.returncode == -signal.SIGKILL
    assert_same(language_run(tmp_path / "cut", checks_per_epoch=2, resume=True), whole)


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


@pytest.fixture
def _at_a_terminal():
    """A program started in the background ignores Ctrl-C, and so would a run in it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_at_a_terminal")
@pytest.mark.parametrize(
    ("kind", "when", "step", "kept_step"),
    [
        ("classifier", {}, 3, 3),
        ("classifier", {}, 8, 9),
        ("language", {"checks_per_epoch": 2}, 15, 16),
    ],
    ids=["first epoch", "before its validation", "before a validation within"],
)
def test_run_stopped_by_ctrl_c_goes_on_from_its_last_batch(kind, when, step, kept_step, tmp_path):
    run, handler = RUNS[kind], signal.getsignal(signal.SIGINT)
    whole = run(tmp_path / "whole", **when)

    with pytest.raises(KeyboardInterrupt, match=r"last\.ckpt is kept: .* --resume goes on"):
        run(tmp_path / "cut", callbacks=[StopAt(step, ctrl_c)], **when)

    assert torch.load(tmp_path / "cut/last.ckpt", weights_only=True)["global_step"] == kept_step
    assert signal.getsignal(signal.SIGINT) is handler
    assert_same(run(tmp_path / "cut", resume=True, **when), whole)


def test_run_that_ended_in_a_validation_makes_it_up_when_resumed(tmp_path):
    """A checkpoint by the clock, written after an epoch's last batch, resumed after its check."""
    options = {"save_minutes": 0, "max_epochs": 3}
    whole = classifier_run(tmp_path / "whole", **options)

    with pytest.raises(Interrupted):
        classifier_run(tmp_path / "cut", callbacks=[StopInValidation(2)], **options)

    assert_same(classifier_run(tmp_path / "cut", resume=True, **options), whole)


class StopInValidation(pl.Callback):
    """Interrupt the run in one of its validations."""

    def __init__(self, number):
        self.number = number

    def on_validation_start(self, *_):
        self.number -= 1
        if not self.number:
            interrupt()


@pytest.mark.usefixtures("_at_a_terminal")
def test_second_ctrl_c_stops_at_once_and_says_that_nothing_is_kept(tmp_path):
    def twice():
        ctrl_c()
        ctrl_c()

    with pytest.raises(KeyboardInterrupt, match="nothing was kept yet: the same command begins"):
        language_run(tmp_path, callbacks=[StopAt(3, twice)])

    assert not (tmp_path / "last.ckpt").exists()


def test_checkpoint_of_the_run_before_is_set_aside(tmp_path):
    (tmp_path / "last.ckpt").write_bytes(b"of days")

    with pytest.raises(Interrupted):
        language_run(tmp_path, callbacks=[StopAt(3, interrupt)])

    assert (tmp_path / "previous.ckpt").read_bytes() == b"of days"
    assert not (tmp_path / "last.ckpt").exists()


def test_finished_run_can_be_resumed_and_keeps_its_best_weights(tmp_path):
    whole = classifier_run(tmp_path)

    assert_same(classifier_run(tmp_path, resume=True), whole)


def test_resume_without_a_checkpoint_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="run without --resume first"):
        classifier_run(tmp_path, resume=True)


class Scripted(ClassifierModule):
    """Reports validation losses of our choice, and marks its weights with their number."""

    losses: tuple[float, ...]
    number = 0

    def validation_step(self, batch, batch_idx):
        self.net.temperature.fill_(self.number)
        self.log("val_loss", torch.tensor(self.losses[self.number]))
        self.number += 1


def scripted(*losses):
    plain = classifier_task()
    task = Scripted(plain.net, plain.options)
    task.losses = losses
    return task


@pytest.mark.parametrize(
    ("losses", "num_checks", "best"),
    [
        ((1.0, 0.9, 0.95, 0.96, 0.5), 4, 1),
        ((1.0, 0.95, 0.91, 0.87, 0.5), 5, 4),
        ((1.0, 0.99995, 0.9999, 0.5, 0.1), 3, 2),  # drops under min_delta are no improvement
        ((1.0, float("nan"), 0.5, 0.4, 0.3), 2, 0),
    ],
    ids=["worse", "better", "hardly better", "not a number"],
)
def test_training_stops_after_patience_and_leaves_the_best_weights(
    losses, num_checks, best, tmp_path
):
    task = scripted(*losses)

    _, points = classifier_run(tmp_path, task=task, max_epochs=5, patience=2, min_delta=1e-3)

    assert len(points) == num_checks
    assert int(task.net.temperature) == best


def test_what_is_left_in_the_net_gives_the_best_validation_loss(tmp_path):
    task, points = classifier_run(tmp_path, task=classifier_task(learning_rate=0.3))

    assert not task.net.training
    assert validation_loss(task) == pytest.approx(min(point.val_loss for point in points))


def test_time_limit_stops_training_and_still_validates(tmp_path):
    _, points = classifier_run(tmp_path, max_epochs=10_000, max_minutes=0.005, patience=10_000)

    assert 1 <= len(points) < 10_000


def test_stale_run_folder_does_not_leak_into_a_new_run(tmp_path):
    classifier_run(tmp_path, task=scripted(0.001, 0.001, 0.001, 0.001))

    task, points = classifier_run(tmp_path)

    assert validation_loss(task) == pytest.approx(min(point.val_loss for point in points))


def test_losses_of_each_step_stand_in_a_csv_file(tmp_path):
    language_run(tmp_path)

    header, *rows = (tmp_path / "csv" / "metrics.csv").read_text().splitlines()

    assert {"loss_step", "val_loss", "grad_norm"} <= set(header.split(","))
    assert len(rows) >= 4
