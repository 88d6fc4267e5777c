"""The loop: what it leaves behind, that it learns, and that a killed run goes on as if nothing had been."""

import csv
import dataclasses
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, overload

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from csamoe_desktop.datasets.folder import Example, Sample, read_examples
from csamoe_desktop.errors import UserError
from csamoe_desktop.networks.build import build
from csamoe_desktop.networks.cards import Builder
from csamoe_desktop.training import loop
from csamoe_desktop.training.checkpoint import Progress
from csamoe_desktop.training.curves import CURVES
from csamoe_desktop.training.loop import make_task, seed_everything, train
from csamoe_desktop.training.recipe import Recipe

CPU = torch.device("cpu")
RECIPE = Recipe(
    builder=Builder("resnet18"), views=("image",), size=64, epochs=2, batch=4, learning_rate=1e-4, bfloat16=False
)
PLUS = dataclasses.replace(
    RECIPE, field=2.2, augmentation="strong", weight_decay=0.05, schedule="one-cycle", average=0.9
)


@pytest.fixture
def examples(samples: list[Sample]) -> list[Example]:
    return read_examples(samples, ("benign", "malignant"))


def started(recipe: Recipe = RECIPE) -> torch.nn.Module:
    seed_everything(recipe.seed, 0)
    return build(recipe.builder)


class KilledAt(Sequence[Example]):
    """Samples that stop the run as Ctrl+C would, at the n-th look (the first eleven are the fingerprint's)."""

    def __init__(self, samples: list[Example], looks: int) -> None:
        self.samples, self.looks = samples, looks

    def __len__(self) -> int:
        return len(self.samples)

    @overload
    def __getitem__(self, place: int) -> Example: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Example]: ...
    def __getitem__(self, place: int | slice) -> Example | Sequence[Example]:
        self.looks -= 1
        if self.looks < 0:
            raise KeyboardInterrupt
        return self.samples[place]


@pytest.mark.parametrize("recipe", [RECIPE, PLUS], ids=["paper", "plus"])
def test_a_killed_run_goes_on_to_the_same_weights(recipe: Recipe, examples: list[Example], tmp_path: Path) -> None:
    training, validation = examples[:10], examples[10:16]
    unbroken = train(recipe, started(recipe), training, validation, tmp_path / "unbroken", CPU, show_progress=False)
    with pytest.raises(KeyboardInterrupt):
        train(
            recipe, started(recipe), KilledAt(training, 26), validation, tmp_path / "killed", CPU, show_progress=False
        )
    # The process that goes on knows nothing of the first: it starts from other random weights.
    torch.manual_seed(99)
    resumed = train(recipe, build(recipe.builder), training, validation, tmp_path / "killed", CPU, show_progress=False)
    assert resumed.history == unbroken.history
    first, second = (load_file(tmp_path / run / loop.CHECKPOINT) for run in ("unbroken", "killed"))
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name


class TwoReader(nn.Module):
    """CSASN's interface in a few parameters."""

    expert_names = ("image",)

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Sequential(nn.Conv2d(3, 6, 5, stride=4), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(0.2))
        self.head, self.second_head = nn.Linear(6, 2), nn.Linear(6, 4)

    def forward(self, views: Tensor) -> "TwoLogits":
        seen = self.look(views[:, 0]).mean((2, 3))
        return TwoLogits(self.head(seen), seen.new_ones(len(seen), 1), self.second_head(seen))


class TwoLogits(NamedTuple):
    """What the loop looks at of CSASN's reading."""

    logits: Tensor
    gates: Tensor
    second_logits: Tensor


def test_what_a_task_learns_is_trained_and_goes_on_after_a_kill_too(examples: list[Example], tmp_path: Path) -> None:
    recipe = dataclasses.replace(
        RECIPE, builder=Builder("csasn"), task="two readings", size=32, learning_rate=1e-2, weight_decay=0.05
    )
    labelled = [
        dataclasses.replace(
            one, sample=dataclasses.replace(one.sample, columns=one.sample.columns | {"birads": str(2 + place % 4)})
        )
        for place, one in enumerate(examples)
    ]
    training, validation = labelled[:10], labelled[10:16]

    def run(some: Sequence[Example], seed: int, name: str) -> Progress:
        seed_everything(seed, 0)
        return train(recipe, TwoReader(), some, validation, tmp_path / name, CPU, show_progress=False)

    unbroken = run(training, 1, "unbroken")
    with pytest.raises(KeyboardInterrupt):
        run(KilledAt(training, 11 + 3 * 11 + 10 + 5), 1, "killed")  # three more passes count classes and categories
    assert len(load_file(tmp_path / "killed" / loop.CHECKPOINT)) > 0
    assert run(training, 99, "killed").history == unbroken.history
    first, second = (load_file(tmp_path / name / loop.CHECKPOINT) for name in ("unbroken", "killed"))
    assert first.keys() == second.keys()
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    assert first["task.weighing.free_log_variance"].abs().min() > 0  # it started from zero


def test_it_learns_what_is_plain_to_see(examples: list[Example], tmp_path: Path) -> None:
    recipe = dataclasses.replace(RECIPE, epochs=6, batch=8, learning_rate=3e-4, bfloat16=True)
    progress = train(recipe, started(recipe), examples[:24], examples[24:], tmp_path, CPU, show_progress=False)
    best = progress.history[progress.best_epoch - 1]
    assert best["validation_accuracy"] == 1.0
    assert progress.history[-1]["training_loss"] < progress.history[0]["training_loss"]


def test_curves_and_the_best_weights_are_left(examples: list[Example], tmp_path: Path) -> None:
    progress = train(RECIPE, started(), examples[:8], examples[8:14], tmp_path, CPU, show_progress=False)
    with (tmp_path / CURVES).open() as opened:
        rows = list(csv.DictReader(opened))
    assert [int(row["epoch"]) for row in rows] == [1, 2]
    assert float(rows[-1]["validation_loss"]) == progress.history[-1]["validation_loss"]
    network = build(RECIPE.builder)
    network.load_state_dict(load_file(tmp_path / loop.BEST))
    checked = loop.validate(RECIPE, make_task(RECIPE, examples[:8]), network, examples[8:14], CPU)
    assert checked["loss"] == pytest.approx(progress.history[progress.best_epoch - 1]["validation_loss"], rel=1e-4)


def test_a_run_ends_when_validation_stops_improving(examples: list[Example], tmp_path: Path) -> None:
    recipe = dataclasses.replace(RECIPE, epochs=9, patience=1, learning_rate=1e-12)
    progress = train(recipe, started(recipe), examples[:8], examples[8:14], tmp_path, CPU, show_progress=False)
    assert progress.epochs < 9
    assert progress.epochs == progress.best_epoch + 1


def test_a_one_cycle_run_keeps_its_last_averaged_weights(examples: list[Example], tmp_path: Path) -> None:
    network = started(PLUS)
    progress = train(PLUS, network, examples[:12], examples[12:16], tmp_path, CPU, show_progress=False)
    assert progress.best_epoch == progress.epochs == PLUS.epochs
    rates = [row["learning_rate"] for row in progress.history]
    assert rates[-1] < PLUS.learning_rate / 1000
    kept = load_file(tmp_path / loop.BEST)
    assert not torch.equal(kept["head.weight"], network.state_dict()["head.weight"])


def test_another_recipe_does_not_go_on_with_this_run(examples: list[Example], tmp_path: Path) -> None:
    short = dataclasses.replace(RECIPE, epochs=1)
    train(short, started(short), examples[:4], examples[4:8], tmp_path, CPU, show_progress=False)
    other = dataclasses.replace(short, seed=1)
    with pytest.raises(UserError, match="another recipe"):
        train(other, started(other), examples[:4], examples[4:8], tmp_path, CPU, show_progress=False)


def test_other_data_or_another_start_does_not_go_on_with_this_run(examples: list[Example], tmp_path: Path) -> None:
    """Else a second split would be tested on what the first was trained on."""
    short = dataclasses.replace(RECIPE, epochs=1)
    train(short, started(short), examples[:4], examples[4:8], tmp_path, CPU, show_progress=False)
    with pytest.raises(UserError, match="another data"):
        train(short, started(short), examples[:5], examples[5:8], tmp_path, CPU, show_progress=False)
    with pytest.raises(UserError, match="another start"):
        train(short, started(short), examples[:4], examples[4:8], tmp_path, CPU, "ImageNet", show_progress=False)


def test_a_damaged_checkpoint_is_said(examples: list[Example], tmp_path: Path) -> None:
    (tmp_path / loop.CHECKPOINT).write_bytes(b"half a file")
    with pytest.raises(UserError, match="damaged"):
        train(RECIPE, started(), examples[:4], examples[4:8], tmp_path, CPU, show_progress=False)


def test_a_full_disk_is_a_refusal_and_keeps_the_checkpoint_before(tmp_path: Path) -> None:
    """In a process of its own, whose files may not grow beyond a megabyte."""
    code = """
import resource, sys, torch
from pathlib import Path
from csamoe_desktop.errors import UserError
from csamoe_desktop.training.checkpoint import write_tensors
file = Path(sys.argv[1])
write_tensors(file, {"small": torch.zeros(9)})
before = file.read_bytes()
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    write_tensors(file, {"large": torch.zeros(1_000_000)})
except UserError as problem:
    print(problem)
assert file.read_bytes() == before
assert len(list(file.parent.iterdir())) == 1
"""
    command = [sys.executable, "-c", code, str(tmp_path / "last.safetensors")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "could not be written" in done.stdout
