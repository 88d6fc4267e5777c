"""Train one network with several processes, as started by `torchrun` (DistributedDataParallel).

Every process has the whole network and takes its share of each batch; the gradients are averaged. Only the first process
validates, writes files and logs. Batch norm uses the share of the process on the CPU and the whole batch on GPUs.
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
        """Whether this process validates, writes files and logs."""
        return self.rank == 0

    def share(self, places: Any) -> Any:
        """Return this process's share of a batch; a remainder that cannot be divided evenly is left out."""
        return places[: len(places) // self.size * self.size][self.rank :: self.size]

    def together(self, learner: nn.Module, device: torch.device) -> nn.Module:
        """Return `learner` wrapped so that its gradients are averaged over all processes."""
        if self.size == 1:
            return learner
        if device.type == "cuda":
            learner = nn.SyncBatchNorm.convert_sync_batchnorm(learner)  # type: ignore[no-untyped-call]
        # Some tasks do not use every part of the network: outlining does not use the classifier.
        return DistributedDataParallel(learner, find_unused_parameters=True)

    def broadcast(self, value: Any) -> Any:
        """Return, in all processes, the `value` of the first process."""
        if self.size == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box)
        return box[0]


def join(device: torch.device) -> tuple[Team, torch.device]:
    """Return this process's place in the team that `torchrun` started, or a team of one, and its device."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return Team(), device
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    if not distributed.is_initialized():
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return Team(distributed.get_rank(), size), device
