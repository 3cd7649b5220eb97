"""The lesson of exploding gradients ends in a line that says what to change."""

import argparse

import pytest
import torch

from training.errors import UsageError
from training.fitting.callbacks import Point
from training.fitting.convergence import check_converged, kept_loss

NAN = float("nan")


def points(*losses):
    return [Point(place + 1.0, 1.0, loss, None) for place, loss in enumerate(losses)]


def given(keep="best", grad_clip_norm=0.0):
    return argparse.Namespace(learning_rate=0.5, grad_clip_norm=grad_clip_norm, keep=keep)


def test_weights_that_are_no_numbers_are_told():
    net = torch.nn.Linear(2, 2)
    check_converged(net, points(0.5), given())
    with torch.no_grad():
        net.bias[1] = NAN

    with pytest.raises(UsageError, match="diverged, its weights.*rate than 0.5.*under 1"):
        check_converged(net, points(0.5), given())


@pytest.mark.parametrize(
    ("losses", "keep", "told"),
    [
        ((6e33, NAN), "best", "6e\\+33 nats"),
        ((2.0, 900.0), "last", "900 nats"),
        ((2.0, NAN), "last", "nan nats"),
        ((NAN, NAN), "best", "nan nats"),
    ],
)
def test_weights_surer_of_what_is_wrong_than_a_guess_are_told(losses, keep, told):
    """Their graph and torch differ by magnified rounding: it was told as a fault of ours."""
    with pytest.raises(UsageError, match=f"diverged.*{told}.*norm under 2"):
        check_converged(torch.nn.Linear(2, 2), points(*losses), given(keep, grad_clip_norm=2.0))


@pytest.mark.parametrize(("losses", "keep"), [((2.0, 900.0), "best"), ((900.0, 2.0), "last"),
                                              ((14.5,), "best"), ((2.0, NAN), "best")])  # fmt: skip
def test_weights_that_are_kept_decide(losses, keep):
    check_converged(torch.nn.Linear(2, 2), points(*losses), given(keep))
    assert kept_loss(points(*losses), keep) <= 14.5
