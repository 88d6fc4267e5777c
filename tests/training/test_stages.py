"""Two stages: whose masks are seen, what stands for the others, what is held, and a kill in the middle."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from csamoe_desktop.datasets.folder import Example, Sample, read_examples
from csamoe_desktop.networks.build import build
from csamoe_desktop.networks.cards import Builder, Normalisation
from csamoe_desktop.training import loop
from csamoe_desktop.training.loop import seed_everything
from csamoe_desktop.training.recipe import Recipe
from csamoe_desktop.training.stages import FIRST, pseudo_masks, train_stages, with_masks

CPU = torch.device("cpu")
AS_THEY_ARE = Normalisation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
TEACHER = Recipe(
    builder=Builder("la-net"),
    views=("image",),
    size=32,
    normalisation=AS_THEY_ARE,
    task="outlining",
    overlap=1.0,
    epochs=1,
    batch=4,
    learning_rate=1e-2,
    bfloat16=False,
)
BOTH = dataclasses.replace(TEACHER, task="reading and outlining", epochs=2, first=TEACHER)


class LocatedReading(NamedTuple):
    """What the loop looks at of LA-Net's reading."""

    logits: Tensor
    gates: Tensor
    mask_logits: Tensor


class SmallLocator(nn.Module):
    """LA-Net's interface in 600 parameters, with batch norm and dropout, so that a resumed run has all to remember."""

    expert_names = ("image",)

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.2))
        self.find = nn.Conv2d(8, 1, 3, padding=1)
        self.head = nn.Linear(8, 2)

    def outline(self, views: Tensor) -> Tensor:
        found: Tensor = self.find(self.look(views[:, 0]))
        return found

    def forward(self, views: Tensor) -> LocatedReading:
        seen = self.look(views[:, 0])
        return LocatedReading(self.head(seen.mean((2, 3))), seen.new_ones(len(seen), 1), self.find(seen))


class Threshold(nn.Module):
    """A teacher that outlines what is brighter than half; `only` the pixels at these places of its input."""

    def __init__(self, only: tuple[int, int] | None = None) -> None:
        super().__init__()
        self.middle = nn.Parameter(torch.tensor(0.5))
        self.only = only

    def outline(self, views: Tensor) -> Tensor:
        if self.only is None:
            return views[:, 0, :1] - self.middle
        found = torch.full_like(views[:, 0, :1], -9.0)
        found[..., self.only[0], self.only[1]] = 0.01
        return found


class KilledAt(Sequence[Example]):
    """Examples that stop the run as Ctrl+C would, at the n-th look."""

    def __init__(self, examples: list[Example], looks: int) -> None:
        self.examples, self.looks = examples, looks

    def __len__(self) -> int:
        return len(self.examples)

    @overload
    def __getitem__(self, place: int) -> Example: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Example]: ...
    def __getitem__(self, place: int | slice) -> Example | Sequence[Example]:
        self.looks -= 1
        if self.looks < 0:
            raise KeyboardInterrupt
        return self.examples[place]


@pytest.fixture
def examples(samples: list[Sample]) -> list[Example]:
    torch.set_num_threads(1)
    return read_examples(samples, ("benign", "malignant"))


def started() -> SmallLocator:
    seed_everything(42, 0)
    return SmallLocator()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_larger_share_of_masks_holds_every_smaller_one_and_no_group_is_parted(
    seed: int, examples: list[Example]
) -> None:
    before: set[str] = set()
    for share, groups in ((0.1, 2), (0.25, 4), (0.5, 9), (1.0, 18)):
        chosen = with_masks(examples, share, seed)
        names = {one.sample.name for one in chosen}
        assert before <= names
        assert len({one.sample.group for one in chosen}) == groups
        assert len(chosen) == 2 * groups  # both images of each
        before = names


def test_the_seed_alone_draws_the_masks(examples: list[Example]) -> None:
    def drawn(seed: int) -> list[str]:
        return [one.sample.name for one in with_masks(examples, 0.25, seed)]

    assert drawn(1) == drawn(1) != drawn(2)


def test_pseudo_masks_are_what_the_teacher_finds_on_each_frame(examples: list[Example]) -> None:
    found = pseudo_masks(TEACHER, Threshold(), examples[:6])
    for one, mask in zip(examples[:6], found, strict=True):
        assert mask.shape == one.pixels.shape
        assert mask.dtype == bool
        if one.target == 0:  # a dark lesion: nothing is brighter than half
            assert not mask.any()
        else:
            assert (mask & one.mask).sum() / (mask | one.mask).sum() > 0.85


def test_a_speck_that_could_not_be_read_again_is_no_pseudo_mask(examples: list[Example]) -> None:
    # On a frame three times as large, a logit barely above zero among -9s is one pixel; on one a half larger it lies
    # between two, and falls between the network's pixels.
    frames = [
        dataclasses.replace(examples[0], pixels=np.zeros((side, side), np.uint8), mask=np.zeros((side, side), bool))
        for side in (32, 48, 96)
    ]
    for frame in frames:
        (mask,) = pseudo_masks(TEACHER, Threshold(only=(10, 10)), [frame])
        if mask.any():
            recipe = dataclasses.replace(TEACHER, batch=1)
            guessed = dataclasses.replace(frame, mask=mask)
            loop.validate(recipe, loop.make_task(recipe, [guessed]), Threshold(), [guessed], CPU)
    assert pseudo_masks(TEACHER, Threshold(only=(10, 10)), frames[:1])[0].sum() == 1


def test_only_those_with_masks_teach_and_the_teachers_guesses_stand_for_the_others(
    examples: list[Example], tmp_path: Path
) -> None:
    """Wrong masks on the images that have none are never looked at."""
    known = {one.sample.name for one in with_masks(examples[:12], 0.5, BOTH.seed)}
    spoilt = [one if one.sample.name in known else dataclasses.replace(one, mask=~one.mask) for one in examples[:12]]
    runs = []
    for name, training in (("true", examples[:12]), ("spoilt", spoilt)):
        folder = tmp_path / name
        runs.append(
            train_stages(BOTH, started(), training, examples[12:16], folder, CPU, "none", 0.5, show_progress=False)
        )
    assert runs[0].history == runs[1].history
    everything = train_stages(
        BOTH, started(), spoilt, examples[12:16], tmp_path / "all", CPU, "none", 1.0, show_progress=False
    )
    assert everything.history != runs[1].history


def test_the_second_stage_goes_on_from_the_firsts_best(examples: list[Example], tmp_path: Path) -> None:
    still = dataclasses.replace(BOTH, epochs=1, learning_rate=1e-20, lowest_rate=0.0)
    network = started()
    before = network.find.weight.detach().clone()
    train_stages(still, network, examples[:8], examples[8:12], tmp_path, CPU, "none", show_progress=False)
    first = load_file(tmp_path / FIRST / loop.BEST)
    torch.testing.assert_close(network.find.weight.detach(), first["find.weight"])
    assert not torch.equal(first["find.weight"], before)


@pytest.mark.parametrize("looks", [5, 12], ids=["in the first stage", "in the second"])
def test_a_run_killed_in_either_stage_goes_on_to_the_same_weights(
    looks: int, examples: list[Example], tmp_path: Path
) -> None:
    """Of four validation images the fingerprint takes five looks, each epoch one: 6 in the first stage."""
    training, validation = examples[:10], examples[10:14]

    def run(network: nn.Module, checked: Sequence[Example], name: str) -> loop.Progress:
        return train_stages(BOTH, network, training, checked, tmp_path / name, CPU, "none", 0.5, show_progress=False)

    unbroken = run(started(), validation, "unbroken")
    with pytest.raises(KeyboardInterrupt):
        run(started(), KilledAt(validation, looks), "killed")
    assert (tmp_path / "killed" / loop.CHECKPOINT).is_file() == (looks > 6)
    # A first stage without a checkpoint starts again, from the same seed; what has one forgets this start.
    resumed = run(started() if looks < 6 else SmallLocator(), validation, "killed")
    assert resumed.history == unbroken.history
    for folder in (FIRST, "."):
        one, two = (load_file(tmp_path / name / folder / loop.CHECKPOINT) for name in ("unbroken", "killed"))
        assert one.keys() == two.keys()
        assert all(torch.equal(value, two[name]) for name, value in one.items())


def test_the_two_stage_networks_segmenter_is_its_first_stages_and_is_held(
    samples: list[Sample], tmp_path: Path
) -> None:
    torch.set_num_threads(1)
    classes = ("normal", "benign", "malignant")
    unet = Recipe(
        builder=Builder("unet", {"width": 2}),
        views=("image",),
        size=128,
        normalisation=AS_THEY_ARE,
        task="outlining",
        classes=classes,
        epochs=1,
        batch=4,
        learning_rate=1e-2,
        bfloat16=False,
    )
    recipe = dataclasses.replace(unet, builder=Builder("two-stage", {"segmenter_width": 2}), task="reading", first=unet)
    some = read_examples([*samples[:3], samples[36]], classes)
    assert len({one.target for one in some}) == 3
    network = build(recipe.builder)
    head = network.head.weight.detach().clone()
    train_stages(recipe, network, some, some, tmp_path, CPU, "none", show_progress=False)
    first, second = load_file(tmp_path / FIRST / loop.BEST), load_file(tmp_path / loop.BEST)
    held = {name.removeprefix("segmenter."): value for name, value in second.items() if name.startswith("segmenter.")}
    assert held.keys() == first.keys()
    assert all(torch.equal(value, first[name]) for name, value in held.items())
    assert not torch.equal(second["head.weight"], head)
