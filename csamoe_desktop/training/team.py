"""Several processes that train one network together, as `torchrun` starts them (DistributedDataParallel).

Every process holds the whole network and takes its share of each batch; the gradients are averaged. Only the first one
measures, writes and speaks. Batch norm sees a process's own share on the CPU and the whole batch on GPUs.
"""

import os
from dataclasses import dataclass
from typing import Any

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True, slots=True)
class Team:
    """This process's place among `size`."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process measures, writes and speaks."""
        return self.rank == 0

    def share(self, places: Any) -> Any:
        """Return this process's share of a batch; what cannot be shared evenly is left out."""
        return places[: len(places) // self.size * self.size][self.rank :: self.size]

    def together(self, learner: nn.Module, device: torch.device) -> nn.Module:
        """Return `learner` so that its gradients are everybody's."""
        if self.size == 1:
            return learner
        if device.type == "cuda":
            learner = nn.SyncBatchNorm.convert_sync_batchnorm(learner)  # type: ignore[no-untyped-call]
        # Not every task uses every part: an outline needs no classifier.
        return DistributedDataParallel(learner, find_unused_parameters=True)

    def told(self, value: Any) -> Any:
        """Return what the first process passes as `value`, in all of them."""
        if self.size == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box)
        return box[0]


def join(device: torch.device) -> tuple[Team, torch.device]:
    """Return this process's place in the team `torchrun` started, or a team of one, and the device it takes."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return Team(), device
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    if not distributed.is_initialized():
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return Team(distributed.get_rank(), size), device
