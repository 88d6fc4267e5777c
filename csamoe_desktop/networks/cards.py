"""The model card: everything that is known of a trained network, in one card.json beside its weights."""

import dataclasses
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from csamoe_desktop.errors import UserError
from csamoe_desktop.names import lossless_json
from csamoe_desktop.networks.card_checks import check_card
from csamoe_desktop.untrusted import inside, one_line, read_json

CARD_VERSION = 1
_MOST_BYTES = 4_000_000
POOR_BELOW = 0.75
"""Where the lower end of the AUC's interval lies below, a model is said to read poorly."""


@dataclass(frozen=True, slots=True)
class Builder:
    """What builds the network: its name in `networks/build.py`, and that builder's options."""

    network: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Normalisation:
    """Per-channel mean and standard deviation taken from an image scaled to 0..1; `per_image`: each image's own instead."""

    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    per_image: bool = False


@dataclass(frozen=True, slots=True)
class CategoryCounts:
    """How the validation images fell on the categories, as counts, so that every rate can be told with its numbers.

    Attributes:
        positives, negatives: images with the positive class, and without.
        missed, cleared: of each, those under `benign_below`: read likely benign, wrongly and rightly.
        caught, false_alarms: of each, those from `suspicious_from` on: read suspicious, rightly and wrongly.
        patients: behind all of them, where it is known.
    """

    positives: int
    negatives: int
    missed: int
    cleared: int
    caught: int
    false_alarms: int
    patients: int | None = None

    def false_omission(self, prevalence: float | None = None) -> float:
        """Return the share of positives among those read likely benign, as counted or restated for a `prevalence` (0..1);
        nan where there are none."""
        return _share_of_wrong(self.missed, self.positives, self.cleared, self.negatives, prevalence)

    def false_discovery(self, prevalence: float | None = None) -> float:
        """Return the share of negatives among those read suspicious, likewise."""
        other = None if prevalence is None else 1 - prevalence
        return _share_of_wrong(self.false_alarms, self.negatives, self.caught, self.positives, other)


@dataclass(frozen=True, slots=True)
class OutsideCounts:
    """How the images of a hospital that the network never saw fell on the categories; `hospital` is which, in words."""

    hospital: str
    counts: CategoryCounts


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Calibrated probabilities that divide the categories, with what they cost on the validation patients.

    Attributes:
        benign_below: under it a reading is likely benign (chosen for sensitivity of at least 98 %).
        suspicious_from: from it on a reading is suspicious (chosen for specificity of at least 95 %).
        chosen_on: the images and patients they were chosen on, in words.
        counts: how those fell on the categories; None on a card that does not say.
        outside: how the images of hospitals that neither training nor thresholds ever saw fell on them: what a user
            elsewhere may expect.
    """

    benign_below: float
    suspicious_from: float
    chosen_on: str = ""
    counts: CategoryCounts | None = None
    outside: tuple[OutsideCounts, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure with its 95 % bootstrap interval; nan (null in JSON) where it is undefined."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float | None]:
        """Return the figure as JSON knows it."""
        told = {"value": self.value, "low": self.low, "high": self.high}
        return {name: None if math.isnan(value) else value for name, value in told.items()}

    def words(self) -> str:
        """Return the figure for a person, such as "0.948 (0.912 to 0.979)"."""
        if math.isnan(self.value):
            return "undefined"
        if math.isnan(self.low) or math.isnan(self.high):
            return f"{self.value:.3f}"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures on one set of images: what they are, how many, and the figures by name."""

    data: str
    images: int
    groups: int
    metrics: dict[str, Figure]
    group_metrics: dict[str, Figure] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as JSON knows it."""
        return {
            "data": self.data,
            "images": self.images,
            "groups": self.groups,
            "metrics": {name: figure.to_dict() for name, figure in self.metrics.items()},
            "group_metrics": {name: figure.to_dict() for name, figure in self.group_metrics.items()},
        }


@dataclass(frozen=True, slots=True)
class Training:
    """How the network came to be: data and its hash, split, recipe, hardware, time."""

    data: str
    data_sha256: str
    split: str
    seed: int
    start: str
    recipe: dict[str, Any]
    epochs: int
    best_epoch: int
    hardware: str
    hours: float


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The card.

    Attributes:
        name: the bundle's folder name.
        views: what the network's experts see, in order.
        input_size: rows and columns of its input.
        field: how many times the lesion's longer side the square around it measures that is read; None: the whole frame.
        positive: the class whose probability is given.
        temperature: divides the logits before the softmax.
        sha256: of weights.safetensors.
        task: `reading` gives the classes' probabilities; `outlining` finds lesions and gives none.
    """

    name: str
    version: str
    title: str
    builder: Builder
    parameters: int
    views: tuple[str, ...]
    input_size: int
    field: float | None
    normalisation: Normalisation
    classes: tuple[str, ...]
    positive: str
    temperature: float
    thresholds: Thresholds
    training: Training
    evaluations: tuple[Evaluation, ...]
    intended_use: str
    limits: tuple[str, ...]
    licence: str
    sha256: str
    card_version: int = CARD_VERSION
    task: Literal["reading", "outlining"] = "reading"

    @property
    def needs_outline(self) -> bool:
        """Whether it reads nothing until a lesion is marked."""
        return self.task == "reading" and (
            self.field is not None or self.views != ("image",) or self._second_stage_sees == "true_mask_and_image"
        )

    @property
    def reads_poorly(self) -> bool:
        """Whether its first evaluation, on what was held out, leaves open an AUC that is hardly better than chance."""
        auc = self.evaluations[0].metrics.get("auc") if self.evaluations else None
        return self.task == "reading" and auc is not None and auc.low < POOR_BELOW

    @property
    def proposes_outline(self) -> bool:
        """Whether it finds the lesion's outline itself."""
        return (
            self.task == "outlining"
            or self.builder.network == "la-net"
            or self._second_stage_sees in ("predicted_mask", "predicted_mask_and_image")
        )

    @property
    def _second_stage_sees(self) -> str | None:
        """What the two-stage network's second stage is given, as `two_stage.Inputs`; None of another network."""
        if self.builder.network != "two-stage":
            return None
        return str(self.builder.options.get("inputs", "predicted_mask_and_image"))

    def to_json(self) -> str:
        """Return the card as it is written to card.json."""
        told = dataclasses.asdict(self) | {"evaluations": [one.to_dict() for one in self.evaluations]}
        return lossless_json(told, indent=2, allow_nan=False) + "\n"


def read_card(file: Path) -> ModelCard:
    """Return the card in `file`, every entry checked.

    Raises:
        UserError: it is missing, no plain file in its own folder, no strict JSON, or says what no card may say.
    """
    try:
        if not inside(file, file.parent):
            raise ValueError("it is a link to another folder")
        return _card(read_json(file, _MOST_BYTES))
    except (OSError, RuntimeError) as problem:  # RuntimeError: links in a circle
        raise UserError(
            f"The model in {file.parent} has no readable card.json.", "Copy the whole model folder again."
        ) from problem
    except KeyError as problem:
        raise _no_card(file, f"it does not say {problem}") from problem
    except (ValueError, TypeError, AttributeError) as problem:
        raise _no_card(file, str(problem)) from problem


def _no_card(file: Path, why: str) -> UserError:
    return UserError(
        f"{file} is not a model card this program understands ({one_line(why)}).",
        "Copy the whole model folder again, or update the program.",
    )


def _card(told: dict[str, Any]) -> ModelCard:
    if not isinstance(told, dict):
        raise TypeError("it is no table of entries")
    if told["card_version"] != CARD_VERSION:
        raise ValueError(f"card version {told['card_version']}, expected {CARD_VERSION}")
    known = {member.name for member in dataclasses.fields(ModelCard)}
    if unknown := set(told) - known:
        raise ValueError(f"unknown entries: {', '.join(sorted(unknown))}")
    check_card(told)
    normalisation = told["normalisation"]
    return ModelCard(
        **{
            **told,
            "builder": Builder(**told["builder"]),
            "views": tuple(told["views"]),
            "normalisation": Normalisation(
                _three(normalisation["mean"]), _three(normalisation["std"]), normalisation.get("per_image", False)
            ),
            "classes": tuple(told["classes"]),
            "thresholds": _thresholds(told["thresholds"]),
            "training": Training(**told["training"]),
            "evaluations": tuple(_evaluation(one) for one in told["evaluations"]),
            "limits": tuple(told["limits"]),
        }
    )


def _thresholds(told: dict[str, Any]) -> Thresholds:
    counts = told.get("counts")
    outside = tuple(OutsideCounts(one["hospital"], CategoryCounts(**one["counts"])) for one in told.get("outside", []))
    return Thresholds(**{**told, "counts": None if counts is None else CategoryCounts(**counts), "outside": outside})


def _share_of_wrong(wrong: int, of_wrong: int, right: int, of_right: int, share: float | None) -> float:
    """Return wrong / (wrong + right); with a `share` of the wrongs' class in place of the one counted."""
    if share is None or not of_wrong or not of_right:
        return wrong / (wrong + right) if wrong + right else math.nan
    wrongs, rights = share * wrong / of_wrong, (1 - share) * right / of_right
    return wrongs / (wrongs + rights) if wrongs + rights else math.nan


def _three(values: list[float]) -> tuple[float, float, float]:
    first, second, third = values
    return first, second, third


def _evaluation(told: dict[str, Any]) -> Evaluation:
    return Evaluation(
        **{
            **told,
            "metrics": {name: _figure(figure) for name, figure in told["metrics"].items()},
            "group_metrics": {name: _figure(figure) for name, figure in told["group_metrics"].items()},
        }
    )


def _figure(told: dict[str, float | None]) -> Figure:
    return Figure(**{name: math.nan if value is None else value for name, value in told.items()})
