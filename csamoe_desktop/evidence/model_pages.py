"""docs/models: one page for each installed model, and docs/results/outside.md, both written from the models' cards."""

import json
from collections.abc import Sequence

from csamoe_desktop.evidence.result_tables import NOTHING, cell, metric_title, table
from csamoe_desktop.networks.cards import CategoryCounts, Evaluation, ModelCard

MODELS = "models"
_CATEGORIES = ("likely benign", "suspicious")

_OUTSIDE = (
    "Images of a hospital whose images were used neither to train a model nor to choose its thresholds, counted by "
    "the category that the model gives them (`csamoe-desktop outside`). They show what to expect of a model "
    "elsewhere; the counts on its own validation images stand beside them. The cards hold counts of images, not which "
    "of them are of one patient, so no interval is given."
)


def model_page(card: ModelCard) -> list[str]:
    """Return the lines of the page on one model."""
    name = card.name
    lines = [f"# {name}", "", f"{card.title}. Version {card.version}. [All results](../results/README.md).", ""]
    lines += [card.intended_use, "", f"## Limits of {name}", "", *(f"- {limit}" for limit in card.limits), ""]
    lines += [f"Licence of the weights: {card.licence}", ""]
    lines += [f"## Measured figures of {name}", "", *_evaluations(card.evaluations)]
    if card.task == "reading":
        lines += ["", f"## Thresholds of {name}", "", *_thresholds(card)]
    lines += ["", f"## Input and network of {name}", "", *table(("property", "value"), _network(card))]
    training = card.training
    rows = [
        ("data", training.data),
        ("SHA-256 of the data", f"`{training.data_sha256}`"),
        ("split", training.split),
        ("start", training.start),
        ("seed", str(training.seed)),
        ("epochs", f"{training.epochs}, best {training.best_epoch}"),
        ("hardware", training.hardware),
        ("hours", f"{training.hours:.2f}"),
    ]
    lines += ["", f"## Training of {name}", "", *table(("property", "value"), rows)]
    recipe = json.dumps(training.recipe, indent=2, ensure_ascii=False)
    return [*lines, "", "Its recipe:", "", "```json", *recipe.splitlines(), "```"]


def outside_page(cards: Sequence[ModelCard]) -> list[str]:
    """Return the lines of the page on hospitals that no model was trained on; none where no card has any."""
    rows = []
    for card in cards:
        for outside in card.thresholds.outside:
            if card.thresholds.counts is not None:
                rows.append((card.name, "its own validation images", *_counts(card.thresholds.counts)))
            rows.append((card.name, outside.hospital, *_counts(outside.counts)))
    if not rows:
        return []
    titles = [f"{label}: {category}" for label in ("malignant", "others") for category in _CATEGORIES]
    return ["# Results in outside hospitals", "", _OUTSIDE, "", *table(("model", "images", *titles), rows)]


def _counts(counts: CategoryCounts) -> tuple[str, ...]:
    parts = (
        (counts.missed, counts.positives),
        (counts.caught, counts.positives),
        (counts.cleared, counts.negatives),
        (counts.false_alarms, counts.negatives),
    )
    return tuple(f"{part} of {whole} ({100 * part / whole:.1f} %)" if whole else NOTHING for part, whole in parts)


def _evaluations(evaluations: Sequence[Evaluation]) -> list[str]:
    """Return a table with a row for each figure and a column for each set of images that it was measured on."""
    lines: list[str] = ["Each with its 95 % interval; groups are patients where the data names them."]
    for evaluation in evaluations:
        rows = [
            (
                metric_title(name),
                cell(figure),
                cell(evaluation.group_metrics[name]) if name in evaluation.group_metrics else NOTHING,
            )
            for name, figure in evaluation.metrics.items()
        ]
        words = f"{evaluation.data[:1].upper()}{evaluation.data[1:]}"
        lines += ["", f"**{words}**: {evaluation.images} images of {evaluation.groups} groups.", ""]
        lines += table(("figure", "by image", "by group"), rows)
    return lines


def _thresholds(card: ModelCard) -> list[str]:
    both = card.thresholds
    sentence = (
        f"*Likely benign* below a calibrated probability of {both.benign_below:.3f}, *suspicious* from "
        f"{both.suspicious_from:.3f} on, *indeterminate* in between. Chosen on {both.chosen_on or 'images not named'}."
    )
    lines = [sentence]
    rows = [("validation images", *_counts(both.counts))] if both.counts is not None else []
    rows += [(outside.hospital, *_counts(outside.counts)) for outside in both.outside]
    if rows:
        called = [f"{label}: {category}" for label in (card.positive, "others") for category in _CATEGORIES]
        lines += ["", *table(("images", *called), rows)]
    return lines


def _network(card: ModelCard) -> list[tuple[str, str]]:
    mean, deviation = card.normalisation.mean, card.normalisation.std
    scaled = "each image's own" if card.normalisation.per_image else f"{[*mean]}, {[*deviation]}"
    field = "the whole frame" if card.field is None else f"a square of {card.field} times the lesion's longer side"
    rows = [
        ("network", card.builder.network),
        ("parameters", f"{card.parameters:,}"),
        ("sees", ", ".join(card.views)),
        ("input", f"{card.input_size} x {card.input_size} pixels, from {field}"),
        ("mean and deviation", scaled),
        ("classes", f"{', '.join(card.classes)}; the probability is of {card.positive}"),
        ("temperature", f"{card.temperature:.3f}"),
        ("SHA-256 of the weights", f"`{card.sha256}`"),
    ]
    return rows if card.task == "reading" else [row for row in rows if row[0] not in ("classes", "temperature")]
