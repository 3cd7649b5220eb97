"""Learning rates by step and depth, and which layers learn in which epoch."""

import pytest
import torch

from tests.training.runs import Interrupted, StopAt, classifier_run, interrupt
from tests.training.tiny import classifier_task, language_task
from training.fitting.schedules import (
    GradualUnfreezing,
    OptimizerOptions,
    build_optimizer,
    depth_groups,
    schedule_factor,
)


def factors(schedule, *, total_steps=100, num_epochs=1, **more):
    options = OptimizerOptions(schedule=schedule, **more)
    factor = schedule_factor(options, total_steps=total_steps, num_epochs=num_epochs)
    return [factor(step) for step in range(total_steps + 50)]


def test_constant_schedule_stays_at_the_peak():
    assert set(factors("constant")) == {1.0}


@pytest.mark.parametrize("schedule", ["slanted", "cosine"])
@pytest.mark.parametrize("warmup_share", [0.0, 0.1, 0.5])
def test_schedule_rises_to_the_peak_once_and_falls(schedule, warmup_share):
    rates = factors(schedule, warmup_share=warmup_share)
    peak = rates.index(1.0)

    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert peak == pytest.approx(100 * warmup_share, abs=1)
    assert min(rates) > 0


def test_slanted_falls_in_a_line_and_cosine_to_a_tenth():
    slanted, cosine = factors("slanted"), factors("cosine")

    assert slanted[55] == pytest.approx(0.5)
    assert slanted[100] == pytest.approx(1 / 32)
    assert cosine[55] == pytest.approx(0.55)
    assert cosine[100] == pytest.approx(0.1)


def test_schedule_goes_on_after_its_end():
    assert factors("cosine")[149] == pytest.approx(0.1)


def test_step_schedule_halves_in_each_epoch_after_the_fourth():
    """Zaremba et al. 2014: full rate in epochs 1 to 4, half in the fifth, a quarter after."""
    rates = factors("step", total_steps=70, num_epochs=7, decay_after=4, epoch_decay=0.5)

    assert rates[0:70:10] == [1.0, 1.0, 1.0, 1.0, 0.5, 0.25, 0.125]
    assert rates[9:70:10] == rates[0:70:10]


def test_groups_hold_every_parameter_once_from_the_bottom_up():
    for net in (
        classifier_task(num_layers=2, bidirectional=True).net,
        language_task(num_layers=2).net,
    ):
        groups = depth_groups(net)

        found = [id(parameter) for group in groups for parameter in group]
        assert sorted(found) == sorted(map(id, net.parameters()))
        assert len(groups) == 4
        assert groups[0] == [net.stack.embedding.weight]
        assert any(p is net.stack.forward_layers[1].weight_hh for p in groups[2])


def test_lower_layers_learn_slower_by_the_layer_decay():
    options = OptimizerOptions(learning_rate=1.0, layer_decay=0.5)

    optimizer, _ = build_optimizer(classifier_task(num_layers=2).net, options, total_steps=10)

    assert [group["lr"] for group in optimizer.param_groups] == [0.125, 0.25, 0.5, 1.0]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("adamw", torch.optim.AdamW), ("rmsprop", torch.optim.RMSprop), ("sgd", torch.optim.SGD)],
)
def test_optimizer_is_the_named_one(name, kind):
    options = OptimizerOptions(optimizer=name, weight_decay=0.01)

    optimizer, _ = build_optimizer(classifier_task().net, options, total_steps=10)

    assert type(optimizer) is kind
    assert {group["weight_decay"] for group in optimizer.param_groups} == {0.01}


class Moves(StopAt):
    """Records, at each epoch's end, which depth groups moved in it."""

    def __init__(self):
        super().__init__(-1, None)
        self.moved = []

    def on_train_epoch_start(self, trainer, task):
        self.before = [[p.clone() for p in group] for group in depth_groups(task.net)]

    def on_train_epoch_end(self, trainer, task):
        now = depth_groups(task.net)
        self.moved.append([
            any(not torch.equal(a, b) for a, b in zip(old, new, strict=True))
            for old, new in zip(self.before, now, strict=True)
        ])  # fmt: skip


def test_unfreezing_trains_one_more_group_each_epoch(tmp_path):
    moves = Moves()

    classifier_run(tmp_path, callbacks=[GradualUnfreezing(), moves], patience=99)

    assert moves.moved == [
        [False, False, True],
        [False, True, True],
        [True, True, True],
        [True, True, True],
    ]


def test_run_resumed_in_the_middle_of_an_epoch_stays_frozen(tmp_path):
    def run(name, *more, **options):
        callbacks = [GradualUnfreezing(), *more]
        return classifier_run(
            tmp_path / name, callbacks=callbacks, save_minutes=0, patience=99, **options
        )

    whole, _ = run("whole", max_epochs=2)
    with pytest.raises(Interrupted):
        run("cut", StopAt(4, interrupt), max_epochs=2)

    resumed, _ = run("cut", max_epochs=2, resume=True)

    assert torch.equal(resumed.net.stack.embedding.weight, whole.net.stack.embedding.weight)
