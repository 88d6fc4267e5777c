"""What is trained and how, as one value: what a run is resumed by and what its card tells."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, Literal

from csamoe_desktop.lesion.regions import SIZE
from csamoe_desktop.networks.cards import Builder, Normalisation


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is trained and how. The defaults are the paper's (which runs all 30 epochs; `patience` only spares those
    after the best that will not count).

    Attributes:
        builder, views, size, field, normalisation: the network and what its experts see.
        task: a name in TASKS.
        classes: the labels it reads, in the order of its logits.
        overlap: how much the Dice counts beside the cross-entropy where an outline is learned.
        augmentation: a name in `augment.AUGMENTATIONS`.
        balance: every epoch shows the rarer class as often as the commoner, its images augmented anew.
        balance_hospitals: every epoch shows as many images of each dataset folder, those of a small one more than once.
        borrowed_look: how often an image borrows the look of one of another folder (see `appearance`), 0 to 1.
        mixstyle: mixes the style of early features (see `mixstyle`).
        smoothing: of the labels: so much of each target is spread over all classes.
        epochs: at most so many; with the schedule `plateau`, `patience` epochs without a better validation accuracy
            end the run earlier.
        batch, learning_rate, weight_decay: of AdamW (with a weight decay of 0: Adam).
        schedule: `plateau` halves the rate after `plateau` epochs without a lower validation loss, down to
            `lowest_rate`, and the best epoch counts; `one-cycle` raises it to `learning_rate` and lowers it to nothing
            over the whole run, and the last epoch counts.
        average: decay, a step, of the moving average of the weights that is validated and kept; 0: none.
        seed: of random, numpy and torch.
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
        """Return the recipe as JSON knows it."""
        told: dict[str, Any] = dataclasses.asdict(self)
        as_json: dict[str, Any] = json.loads(json.dumps(told))
        return as_json
