"""Training in several processes at once, each on its own share of the batches.

    torchrun --nproc-per-node 2 -m training.train_classifier --data imdb --name sentiment

`torchrun` starts the processes and tells each its rank in the environment; gradients are averaged
over all of them (gloo on processors, NCCL on GPUs). `--batch-size` is that of each process. The
first process alone writes logs, checkpoints and the version.
"""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """One process's part of the work: every `count`-th batch from place `rank` on."""

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Return whether this process speaks and writes for all."""
        return self.rank == 0


def this_share() -> Share:
    """Return the share of this process, all of it unless `torchrun` started several."""
    return Share(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))
