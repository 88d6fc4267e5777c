"""List the installed models: what each needs, its size, training data, figures and licence."""

import argparse
import json
import sys
from typing import Any

from csamoe_desktop import paths
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import DEFAULT, Bundle, bundles_and_left_out
from csamoe_desktop.networks.cards import Evaluation, ModelCard
from csamoe_desktop.report.content.model_words import caution, needs, outline_words, size_words


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print a list of JSON objects")


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    usable, left_out = bundles_and_left_out()
    for problem in left_out:
        print(f"left out: {problem}", file=sys.stderr)
    if not usable:
        raise UserError(
            f"No model is installed in {paths.model_weights()}.",
            "Install the program again, or copy a model's folder there.",
        )
    if chosen.json:
        print(json.dumps([_json_object(bundle) for bundle in usable], indent=2, ensure_ascii=False))
        return 0
    print("\n\n".join(_text(bundle) for bundle in usable))
    return 0


def _json_object(bundle: Bundle) -> dict[str, Any]:
    card = bundle.card
    return {
        "name": card.name,
        "version": card.version,
        "title": card.title,
        "default": card.name == DEFAULT,
        "task": card.task,
        "needs_outline": card.needs_outline,
        "proposes_outline": card.proposes_outline,
        "needs": needs(card),
        "reads_poorly": card.reads_poorly,
        "architecture": card.builder.network,
        "parameters": card.parameters,
        "bytes": bundle.size,
        "views": list(card.views),
        "data": card.training.data,
        "split": card.training.split,
        # The first evaluation is on the held-out patients, as `evaluate` prints it; "evaluations" has all.
        "metrics": card.evaluations[0].to_dict()["metrics"] if card.evaluations else {},
        "evaluations": [evaluation.to_dict() for evaluation in card.evaluations],
        "licence": card.licence,
        "sha256": card.sha256,
    }


def _text(bundle: Bundle) -> str:
    card = bundle.card
    lines = [
        f"{card.name} {card.version}{' (default)' if card.name == DEFAULT else ''}: {card.title}",
        f"  use         {needs(card)}",
        f"  network     {card.builder.network}, {card.parameters:,} parameters, {size_words(bundle.size)}{_sees(card)}",
        f"  trained on  {card.training.data}",
        f"  split       {card.training.split}",
    ]
    if caution(card):
        lines.append(f"  caution     {caution(card)}")
    for evaluation in card.evaluations:
        lines += _figures(evaluation)
    return "\n".join([*lines, f"  licence     {card.licence}"])


def _sees(card: ModelCard) -> str:
    return f", sees {', '.join(card.views)}" if card.views else ""


def _figures(evaluation: Evaluation) -> list[str]:
    """Return a line for each leading figure of an evaluation: AUC for AI results, Dice for outlines."""
    lines = []
    if auc := evaluation.metrics.get("auc"):
        by_group = evaluation.group_metrics.get("auc")
        of_groups = f", {by_group.words()} of {evaluation.groups} groups" if by_group else ""
        lines.append(f"  AUC         {auc.words()} of {evaluation.images} images{of_groups}; {evaluation.data}")
    if dice := evaluation.metrics.get("dice"):
        beside = outline_words(evaluation)
        lines.append(
            f"  Dice        {dice.words()}{f', {beside}' if beside else ''}, of {evaluation.images} images of "
            f"{evaluation.groups} groups; {evaluation.data}"
        )
    return lines
