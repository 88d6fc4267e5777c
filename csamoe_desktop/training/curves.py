"""Write a run's figures per epoch: curves.csv, and event files for TensorBoard if it is installed."""

import csv
import importlib.util
import io
from pathlib import Path

from csamoe_desktop.files import write_whole
from csamoe_desktop.training.checkpoint import Progress

CURVES = "curves.csv"
EVENTS = "tensorboard"


def write_curves(folder: Path, progress: Progress) -> None:
    """Write all epochs to curves.csv, and the last epoch to the event files."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(progress.history[0]))
    writer.writeheader()
    writer.writerows(progress.history)
    write_whole(folder / CURVES, lambda path: path.write_bytes(text.getvalue().encode()))
    if importlib.util.find_spec("tensorboard") is None:
        return
    from torch.utils.tensorboard import SummaryWriter

    # An epoch that is trained again after an interruption replaces its first attempt.
    with SummaryWriter(str(folder / EVENTS), purge_step=progress.epochs) as events:
        for name, value in progress.history[-1].items():
            if name != "epoch":
                events.add_scalar(name, value, progress.epochs)
