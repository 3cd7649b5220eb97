"""Optimizers, parameter groups by depth, learning rate schedules and gradual unfreezing."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import lightning.pytorch as pl
import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

Schedule = Literal["constant", "slanted", "cosine", "step"]

SLANTED_FLOOR = 1 / 32  # of the peak (Howard and Ruder 2018)
COSINE_FLOOR = 0.1


@dataclass(frozen=True, slots=True)
class OptimizerOptions:
    """How weights are updated.

    Args:
        optimizer: "adamw", "rmsprop" or "sgd".
        learning_rate: Peak learning rate of the top group.
        weight_decay: Decoupled for AdamW (Loshchilov and Hutter 2019).
        schedule: "constant"; "slanted" (short linear rise, long linear fall; Howard and Ruder
            2018); "cosine" (linear rise, half a cosine down to a tenth); "step" (constant for
            `decay_after` epochs, then less by `epoch_decay` in each; Zaremba et al. 2014).
        warmup_share: Share of all steps that the rise takes.
        decay_after: Epochs before a "step" schedule falls.
        epoch_decay: Factor of each epoch after those.
        layer_decay: Each group below the top learns this much slower: 1 is off, Howard and
            Ruder's discriminative rates use 1 / 2.6.
    """

    optimizer: Literal["adamw", "rmsprop", "sgd"] = "adamw"
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    schedule: Schedule = "constant"
    warmup_share: float = 0.1
    decay_after: int = 4
    epoch_decay: float = 0.5
    layer_decay: float = 1.0


def depth_groups(net: nn.Module) -> list[list[nn.Parameter]]:
    """Return a net's parameters from the bottom up: embedding, each recurrent layer, the rest.

    A net without one of these has no group for it.
    """
    modules = dict(net.named_modules())
    embedding = modules.get("stack.embedding")
    groups = [] if embedding is None else [list(embedding.parameters())]
    forward, backward = (
        list(modules[name].children()) if name in modules else []
        for name in ("stack.forward_layers", "stack.backward_layers")
    )
    for index, layer in enumerate(forward):
        group = list(layer.parameters())
        if backward:
            group += list(backward[index].parameters())
        groups.append(group)
    below = {id(parameter) for group in groups for parameter in group}
    groups.append([p for p in net.parameters() if id(p) not in below])
    return groups


def schedule_factor(
    options: OptimizerOptions, *, total_steps: int, num_epochs: int = 1
) -> Callable[[int], float]:
    """Return the function from step to the share of the peak learning rate."""
    rise = max(1, round(total_steps * options.warmup_share))
    steps_per_epoch = max(1, total_steps // num_epochs)

    def constant(step: int) -> float:
        return 1.0

    def by_epoch(step: int) -> float:
        return options.epoch_decay ** max(0, step // steps_per_epoch + 1 - options.decay_after)

    def rising(step: int) -> float:
        if step < rise:
            return (step + 1) / rise
        done = min(1.0, (step - rise) / max(1, total_steps - rise))
        if options.schedule == "slanted":
            return max(1.0 - done, SLANTED_FLOOR)
        return COSINE_FLOOR + (1 - COSINE_FLOOR) * (1 + math.cos(math.pi * done)) / 2

    return {"constant": constant, "step": by_epoch}.get(options.schedule, rising)


def build_optimizer(
    net: nn.Module, options: OptimizerOptions, *, total_steps: int, num_epochs: int = 1
) -> tuple[torch.optim.Optimizer, LambdaLR]:
    """Build the optimizer over depth groups and its schedule, stepped once a batch."""
    groups = depth_groups(net)
    top = len(groups) - 1
    parameters = [
        {"params": group, "lr": options.learning_rate * options.layer_decay ** (top - depth)}
        for depth, group in enumerate(groups)
        if group
    ]
    decay = options.weight_decay
    optimizer: torch.optim.Optimizer
    if options.optimizer == "rmsprop":
        optimizer = torch.optim.RMSprop(parameters, alpha=0.9, eps=1e-7, weight_decay=decay)
    elif options.optimizer == "sgd":
        optimizer = torch.optim.SGD(parameters, weight_decay=decay)
    else:
        optimizer = torch.optim.AdamW(parameters, weight_decay=decay, betas=(0.9, 0.99))
    factor = schedule_factor(options, total_steps=total_steps, num_epochs=num_epochs)
    return optimizer, LambdaLR(optimizer, factor)


class GradualUnfreezing(pl.Callback):
    """Train the top group in the first epoch, one more group below in each that follows.

    Howard and Ruder 2018, section 3.3: layers that carry what the language model learned move
    only once those above them have settled.
    """

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Freeze also when a run is resumed in the middle of an epoch."""
        self.on_train_epoch_start(trainer, pl_module)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Freeze what is below the groups of this epoch."""
        net = pl_module.net
        assert isinstance(net, nn.Module)
        groups = depth_groups(net)
        for depth, group in enumerate(groups):
            is_trained = depth >= len(groups) - 1 - trainer.current_epoch
            for parameter in group:
                parameter.requires_grad_(is_trained)
