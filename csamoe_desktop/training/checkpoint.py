"""Checkpoints of a training run, as safetensors: a resumed run gives exactly the same weights as an uninterrupted one."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as safetensors_bytes
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import write_whole

_NETWORK, _TASK, _AVERAGE, _OPTIMISER = "network.", "task.", "average.", "optimiser."


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a run: one dict of figures per epoch, the best epoch (from 1), and the seconds spent."""

    history: tuple[dict[str, float], ...] = ()
    best_epoch: int = 0
    seconds: float = 0.0

    @property
    def epochs(self) -> int:
        """The number of finished epochs."""
        return len(self.history)


def save(
    file: Path,
    origin: dict[str, Any],
    progress: Progress,
    network: nn.Module,
    task: nn.Module,
    average: nn.Module | None,
    optimiser: Optimizer,
    schedule: LRScheduler | ReduceLROnPlateau,
) -> None:
    """Write a checkpoint atomically: if the process is killed, the old or the new checkpoint is intact."""
    tensors = {_NETWORK + name: tensor for name, tensor in network.state_dict().items()}
    tensors |= {_TASK + name: tensor for name, tensor in task.state_dict().items()}
    if average is not None:
        tensors |= {_AVERAGE + name: tensor for name, tensor in average.state_dict().items()}
    state = optimiser.state_dict()
    for place, values in state["state"].items():
        for name, value in values.items():
            tensors[f"{_OPTIMISER}{place}.{name}"] = value
    run = {
        "origin": origin,
        "history": progress.history,
        "best_epoch": progress.best_epoch,
        "seconds": progress.seconds,
        "groups": state["param_groups"],
        "schedule": schedule.state_dict(),
    }
    write_tensors(file, tensors, {"run": json.dumps(run)})


def load(
    file: Path,
    origin: dict[str, Any],
    network: nn.Module,
    task: nn.Module,
    average: nn.Module | None,
    optimiser: Optimizer,
    schedule: LRScheduler | ReduceLROnPlateau,
) -> Progress:
    """Restore network, task, average, optimiser and schedule from the checkpoint and return its progress.

    Raises:
        UserError: the file is damaged, or is from a run with another `origin` (recipe, data, start).
    """
    try:
        with safe_open(file, framework="pt") as opened:
            run = json.loads(opened.metadata()["run"])
            tensors: dict[str, Tensor] = {name: opened.get_tensor(name) for name in opened.offset_keys()}
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as problem:
        raise UserError(f"The checkpoint {file} is damaged.", "Train into a new folder with --out.") from problem
    different = [name for name, value in origin.items() if run.get("origin", {}).get(name) != value]
    if different:
        raise UserError(
            f"{file.parent} holds a run with another {' and another '.join(different)}.",
            "Train into a new folder with --out, or give the same options to continue this run.",
        )
    network.load_state_dict(_named(tensors, _NETWORK))
    task.load_state_dict(_named(tensors, _TASK))
    if average is not None:
        average.load_state_dict(_named(tensors, _AVERAGE))
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in _named(tensors, _OPTIMISER).items():
        place, key = name.split(".")
        state.setdefault(int(place), {})[key] = value
    optimiser.load_state_dict({"state": state, "param_groups": run["groups"]})
    schedule.load_state_dict(run["schedule"])
    return Progress(tuple(run["history"]), run["best_epoch"], run["seconds"])


def write_tensors(file: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """Write tensors as a safetensors file, atomically.

    Raises:
        UserError: as `write_whole`. (The writer of safetensors would hide a full disk in its own exception.)
    """
    data = safetensors_bytes({name: tensor.contiguous() for name, tensor in tensors.items()}, metadata)
    write_whole(file, lambda path: path.write_bytes(data))


def _named(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
