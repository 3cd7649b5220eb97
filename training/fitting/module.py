"""What every network's training step stands on: the net with its optimizer."""

from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from training.fitting.schedules import OptimizerOptions, build_optimizer


class TrainingModule(pl.LightningModule):
    """A network with its optimizer; a subclass logs `loss` and `val_loss` in nats."""

    net: nn.Module

    def __init__(self, net: nn.Module, options: OptimizerOptions) -> None:
        """Keep the net and how its weights are updated."""
        super().__init__()
        self.net = net
        self.options = options

    def forward(self, batch: Any) -> Tensor:
        """Return what the net answers to a batch; a dry run tries this much."""
        raise NotImplementedError

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Build the optimizer over the net's depth groups."""
        optimizer, scheduler = build_optimizer(
            self.net,
            self.options,
            total_steps=int(self.trainer.estimated_stepping_batches),
            num_epochs=self.trainer.max_epochs or 1,
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }
