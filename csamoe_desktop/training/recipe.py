"""A training recipe as one value; a resumed run must have the same recipe, and the card records it."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, Literal

from csamoe_desktop.lesion.regions import SIZE
from csamoe_desktop.networks.cards import Builder, Normalisation


@dataclass(frozen=True, slots=True)
class Recipe:
    """A network and its training. The defaults are the paper's.

    The paper runs all 30 epochs; `patience` only saves the epochs after the best one, which are not used.

    Attributes:
        builder, views, size, field, normalisation: the network and the input of its experts.
        task: the kind of task (see `tasks.py`).
        classes: the labels, in the order of the logits.
        overlap: the weight of the Dice loss beside the cross-entropy if an outline is learned.
        augmentation: a name in `augment.AUGMENTATIONS`.
        balance: every epoch shows each class equally often; repeated images are augmented differently.
        balance_hospitals: every epoch shows each dataset folder equally often, images of a small folder more than once.
        borrowed_look: how often an image gets the look of an image of another folder (see `appearance`), 0 to 1.
        mixstyle: whether the style of early features is mixed (see `mixstyle`).
        smoothing: label smoothing: the share of each target that is spread over all classes.
        epochs: the largest number of epochs; with the schedule `plateau`, the run ends after `patience` epochs without a
            better validation accuracy.
        batch, learning_rate, weight_decay: for AdamW (with a weight decay of 0: Adam).
        schedule: `plateau` halves the rate after `plateau` epochs without a lower validation loss, down to
            `lowest_rate`, and the best epoch is used; `one-cycle` raises it to `learning_rate` and lowers it to nearly
            zero over the whole run, and the last epoch is used.
        average: the decay per step of the moving average of the weights, which is validated and used; 0: no average.
        seed: the seed of random, numpy and torch.
        bfloat16: mixed precision in the forward pass.
        first: the stage that is trained before this one (see `stages.py`).
    """

    builder: Builder = dataclasses.field(default_factory=lambda: Builder("csa-moe-net"))
    views: tuple[str, ...] = ("image", "core", "boundary")
    size: int = SIZE
    field: float | None = None
    normalisation: Normalisation = dataclasses.field(default_factory=Normalisation)
    task: Literal["reading", "outlining", "reading and outlining", "two readings"] = "reading"
    classes: tuple[str, ...] = ("benign", "malignant")
    overlap: float = 0.0
    augmentation: str = "paper"
    balance: bool = False
    balance_hospitals: bool = False
    borrowed_look: float = 0.0
    mixstyle: bool = False
    smoothing: float = 0.0
    epochs: int = 30
    patience: int = 8
    batch: int = 32
    learning_rate: float = 5e-5
    weight_decay: float = 0.0
    schedule: Literal["plateau", "one-cycle"] = "plateau"
    plateau: int = 3
    lowest_rate: float = 1e-6
    average: float = 0.0
    seed: int = 42
    bfloat16: bool = True
    first: "Recipe | None" = None

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as JSON types."""
        as_json: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return as_json
