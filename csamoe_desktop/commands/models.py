"""List the models that are installed: parameters, training data, figures, licence."""

import argparse
import json
from typing import Any

from csamoe_desktop import paths
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import DEFAULT, bundles
from csamoe_desktop.networks.cards import ModelCard


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print a list of JSON objects")


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    cards = [bundle.card for bundle in bundles()]
    if not cards:
        raise UserError(
            f"No model is installed in {paths.model_weights()}.",
            "Install the program again, or copy a model's folder there.",
        )
    if chosen.json:
        print(json.dumps([_told(card) for card in cards], indent=2, ensure_ascii=False))
        return 0
    print("\n\n".join(_words(card) for card in cards))
    return 0


def _told(card: ModelCard) -> dict[str, Any]:
    return {
        "name": card.name,
        "version": card.version,
        "title": card.title,
        "default": card.name == DEFAULT,
        "architecture": card.builder.network,
        "parameters": card.parameters,
        "views": list(card.views),
        "data": card.training.data,
        "split": card.training.split,
        # Of the held-out patients, as `evaluate` prints them; the others by their data.
        "metrics": card.evaluations[0].to_dict()["metrics"] if card.evaluations else {},
        "evaluations": [evaluation.to_dict() for evaluation in card.evaluations],
        "licence": card.licence,
        "sha256": card.sha256,
    }


def _words(card: ModelCard) -> str:
    lines = [
        f"{card.name} {card.version}{' (default)' if card.name == DEFAULT else ''}: {card.title}",
        f"  network     {card.builder.network}, {card.parameters:,} parameters, sees {', '.join(card.views)}",
        f"  trained on  {card.training.data}",
        f"  split       {card.training.split}",
    ]
    for evaluation in card.evaluations:
        auc, by_group = evaluation.metrics["auc"].words(), evaluation.group_metrics["auc"].words()
        lines.append(
            f"  AUC         {auc} of {evaluation.images} images, {by_group} of {evaluation.groups} groups; "
            f"{evaluation.data}"
        )
    return "\n".join([*lines, f"  licence     {card.licence}"])
