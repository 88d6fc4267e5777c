"""The model card: the description of a trained network, in card.json beside its weights."""

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
"""If the lower end of the AUC's interval is below this value, the model gets a warning that it performs poorly."""


@dataclass(frozen=True, slots=True)
class Builder:
    """How to build the network: its name in `networks/build.py`, and the options."""

    network: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Normalisation:
    """Per-channel mean and standard deviation for an image scaled to 0..1; with `per_image`, each image's own are used."""

    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    per_image: bool = False


@dataclass(frozen=True, slots=True)
class CategoryCounts:
    """Counts of images by category and true class, so that every rate can be shown with its numbers.

    Attributes:
        positives, negatives: images with and without the positive class.
        missed, cleared: positives and negatives below `benign_below`: likely benign, wrongly and rightly.
        caught, false_alarms: positives and negatives from `suspicious_from` on: suspicious, rightly and wrongly.
        patients: the number of patients, or None if unknown.
    """

    positives: int
    negatives: int
    missed: int
    cleared: int
    caught: int
    false_alarms: int
    patients: int | None = None

    def false_omission(self, prevalence: float | None = None) -> float:
        """Return the share of positives among the images assessed as likely benign, as counted or for a `prevalence` (0..1).

        It is nan if there are no such images.
        """
        return _share_of_wrong(self.missed, self.positives, self.cleared, self.negatives, prevalence)

    def false_discovery(self, prevalence: float | None = None) -> float:
        """Return the share of negatives among the images assessed as suspicious, as `false_omission` does."""
        share = None if prevalence is None else 1 - prevalence
        return _share_of_wrong(self.false_alarms, self.negatives, self.caught, self.positives, share)


@dataclass(frozen=True, slots=True)
class OutsideCounts:
    """The counts for a hospital that the network never saw; `hospital` is its name."""

    hospital: str
    counts: CategoryCounts


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The calibrated probabilities that separate the categories, with the counts they give on the validation images.

    Attributes:
        benign_below: results below it are likely benign (chosen for a sensitivity of at least 98 %).
        suspicious_from: results from it on are suspicious (chosen for a specificity of at least 95 %).
        chosen_on: the images and patients that the thresholds were chosen on, in words.
        counts: the counts on these images; None if the card does not give them.
        outside: the counts for hospitals that were used neither for training nor for thresholds: what a user elsewhere can
            expect.
    """

    benign_below: float
    suspicious_from: float
    chosen_on: str = ""
    counts: CategoryCounts | None = None
    outside: tuple[OutsideCounts, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure with its 95 % bootstrap interval; nan (null in JSON) if it is undefined."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float | None]:
        """Return the figure as JSON types."""
        values = {"value": self.value, "low": self.low, "high": self.high}
        return {name: None if math.isnan(value) else value for name, value in values.items()}

    def words(self) -> str:
        """Return the figure as text, such as "0.948 (0.912 to 0.979)"."""
        if math.isnan(self.value):
            return "undefined"
        if math.isnan(self.low) or math.isnan(self.high):
            return f"{self.value:.3f}"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures on one set of images: its description, the numbers of images and groups, and the figures by name."""

    data: str
    images: int
    groups: int
    metrics: dict[str, Figure]
    group_metrics: dict[str, Figure] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as JSON types."""
        return {
            "data": self.data,
            "images": self.images,
            "groups": self.groups,
            "metrics": {name: figure.to_dict() for name, figure in self.metrics.items()},
            "group_metrics": {name: figure.to_dict() for name, figure in self.group_metrics.items()},
        }


@dataclass(frozen=True, slots=True)
class Training:
    """How the network was trained: data and its hash, split, recipe, hardware, time."""

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
    """The model card.

    Attributes:
        name: the folder name of the bundle.
        views: the inputs of the network's experts, in order.
        input_size: rows and columns of the input.
        field: the side of the square around the lesion that the network sees, as a multiple of the lesion's longer side;
            None: the whole frame.
        positive: the class whose probability is given.
        temperature: the logits are divided by it before the softmax.
        sha256: the hash of weights.safetensors.
        task: `reading` assesses lesions (gives probabilities of the classes); `outlining` only proposes outlines.
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
        """Whether the model needs an outline of the lesion."""
        return self.task == "reading" and (
            self.field is not None or self.views != ("image",) or self._second_stage_sees == "true_mask_and_image"
        )

    @property
    def reads_poorly(self) -> bool:
        """Whether the AUC interval of its first evaluation, on held-out data, reaches below POOR_BELOW."""
        auc = self.evaluations[0].metrics.get("auc") if self.evaluations else None
        return self.task == "reading" and auc is not None and auc.low < POOR_BELOW

    @property
    def proposes_outline(self) -> bool:
        """Whether the model proposes outlines."""
        return (
            self.task == "outlining"
            or self.builder.network == "la-net"
            or self._second_stage_sees in ("predicted_mask", "predicted_mask_and_image")
        )

    @property
    def _second_stage_sees(self) -> str | None:
        """The input of the two-stage network's second stage, as `two_stage.Inputs`; None for another network."""
        if self.builder.network != "two-stage":
            return None
        return str(self.builder.options.get("inputs", "predicted_mask_and_image"))

    def to_json(self) -> str:
        """Return the card as the text of card.json."""
        evaluations = [evaluation.to_dict() for evaluation in self.evaluations]
        return lossless_json(dataclasses.asdict(self) | {"evaluations": evaluations}, indent=2, allow_nan=False) + "\n"


def read_card(file: Path) -> ModelCard:
    """Return the card in `file` after checking every entry.

    Raises:
        UserError: the file is missing, not a regular file in its folder or not strict JSON, or an entry is not valid.
    """
    try:
        if not inside(file, file.parent):
            raise ValueError("it is a link to another folder")
        return _card(read_json(file, _MOST_BYTES))
    except (OSError, RuntimeError) as problem:  # RuntimeError: circular links
        raise UserError(
            f"The model in {file.parent} has no readable card.json.", "Copy the whole model folder again."
        ) from problem
    except KeyError as problem:
        raise _invalid_card(file, f"the entry {problem} is missing") from problem
    except (ValueError, TypeError, AttributeError) as problem:
        raise _invalid_card(file, str(problem)) from problem


def _invalid_card(file: Path, why: str) -> UserError:
    return UserError(
        f"{file} is not a model card this program understands ({one_line(why)}).",
        "Copy the whole model folder again, or update the program.",
    )


def _card(document: dict[str, Any]) -> ModelCard:
    if not isinstance(document, dict):
        raise TypeError("it is not a JSON object")
    if document["card_version"] != CARD_VERSION:
        raise ValueError(f"card version {document['card_version']}, expected {CARD_VERSION}")
    known = {member.name for member in dataclasses.fields(ModelCard)}
    if unknown := set(document) - known:
        raise ValueError(f"unknown entries: {', '.join(sorted(unknown))}")
    check_card(document)
    normalisation = document["normalisation"]
    return ModelCard(
        **{
            **document,
            "builder": Builder(**document["builder"]),
            "views": tuple(document["views"]),
            "normalisation": Normalisation(
                _three(normalisation["mean"]), _three(normalisation["std"]), normalisation.get("per_image", False)
            ),
            "classes": tuple(document["classes"]),
            "thresholds": _thresholds(document["thresholds"]),
            "training": Training(**document["training"]),
            "evaluations": tuple(_evaluation(evaluation) for evaluation in document["evaluations"]),
            "limits": tuple(document["limits"]),
        }
    )


def _thresholds(entry: dict[str, Any]) -> Thresholds:
    counts = entry.get("counts")
    outside = tuple(
        OutsideCounts(hospital["hospital"], CategoryCounts(**hospital["counts"]))
        for hospital in entry.get("outside", [])
    )
    return Thresholds(**{**entry, "counts": None if counts is None else CategoryCounts(**counts), "outside": outside})


def _share_of_wrong(wrong: int, of_wrong: int, right: int, of_right: int, share: float | None) -> float:
    """Return wrong / (wrong + right).

    With `share`, the counts are first rescaled so that the class of the wrong images makes up this share of all images.
    """
    if share is None or not of_wrong or not of_right:
        return wrong / (wrong + right) if wrong + right else math.nan
    wrongs, rights = share * wrong / of_wrong, (1 - share) * right / of_right
    return wrongs / (wrongs + rights) if wrongs + rights else math.nan


def _three(values: list[float]) -> tuple[float, float, float]:
    first, second, third = values
    return first, second, third


def _evaluation(entry: dict[str, Any]) -> Evaluation:
    return Evaluation(
        **{
            **entry,
            "metrics": {name: _figure(figure) for name, figure in entry["metrics"].items()},
            "group_metrics": {name: _figure(figure) for name, figure in entry["group_metrics"].items()},
        }
    )


def _figure(entry: dict[str, float | None]) -> Figure:
    return Figure(**{name: math.nan if value is None else value for name, value in entry.items()})
