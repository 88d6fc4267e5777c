"""Two processes, started as torchrun starts them, train what one trains."""

import os
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

from csamoe_desktop.training.checkpoint import Progress
from csamoe_desktop.training.curves import CURVES, EVENTS, write_curves
from csamoe_desktop.training.team import Team

RUN = Path(__file__).with_name("team_run.py")


def trained(folder: Path, *before: str) -> dict[str, torch.Tensor]:
    """Return the network that team_run.py leaves in `folder`, started by Python with the arguments `before`."""
    folder.mkdir()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, *before, str(RUN), str(folder)], check=True, env=environment, timeout=300)
    return load_file(folder / "network.safetensors")


def test_two_processes_give_the_parameters_of_one(tmp_path: Path) -> None:
    alone = trained(tmp_path / "one")
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
    together = trained(tmp_path / "two", *torchrun)
    for name, tensor in alone.items():
        torch.testing.assert_close(together[name], tensor, rtol=1e-4, atol=1e-6)
    one, two = ((tmp_path / name / CURVES).read_text().splitlines() for name in ("one", "two"))
    assert len(one) == len(two) == 3


def test_a_share_is_everybodys_own_and_even() -> None:
    shares = [list(Team(rank, 3).share(range(8))) for rank in range(3)]
    assert shares == [[0, 3], [1, 4], [2, 5]]
    assert list(Team().share(range(5))) == [0, 1, 2, 3, 4]


def test_curves_can_be_read_by_tensorboard(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    first = {"epoch": 1, "training_loss": 0.5, "validation_auc": 0.75}
    second = {"epoch": 2, "training_loss": 0.25, "validation_auc": 0.875}
    write_curves(tmp_path, Progress((first,), 1, 1.0))
    write_curves(tmp_path, Progress((first, second), 2, 2.0))
    events = EventAccumulator(str(tmp_path / EVENTS))
    events.Reload()
    assert [(one.step, one.value) for one in events.Scalars("training_loss")] == [(1, 0.5), (2, 0.25)]
    assert [one.value for one in events.Scalars("validation_auc")] == [0.75, 0.875]
