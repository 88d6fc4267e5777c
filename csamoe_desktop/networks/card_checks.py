"""Check the JSON of a model card: types, ranges and lengths of every entry.

A card is a file that somebody may have edited, truncated or copied from elsewhere. NaN, a standard deviation of zero or a
temperature near zero would silently make every AI result wrong; the checks here refuse them and name the entry.
"""

import re
from collections.abc import Callable
from typing import Any

from csamoe_desktop.untrusted import is_count, is_number, is_text

VIEWS = ("image", "core", "boundary")
COLDEST, HOTTEST = 0.01, 100.0
"""The limits of the temperature; training fits values between 0.05 and 20."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_OPTION, _MOST_BLOCKS = 1024, 24
"""The limits of numeric builder options: a larger network would fill the memory before the error is noticed."""

Check = Callable[[Any], bool]


def is_name(text: Any) -> bool:
    """Return whether `text` can be the name of a model: the name of a folder, never a path."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None and text.rstrip(".") == text


def check_card(card: Any) -> None:
    """Check all entries in the JSON of a card, except its version and unknown entries.

    Raises:
        ValueError, TypeError: an entry is not valid; the message names it.
        KeyError: an entry is missing.
    """
    _check(card, "", _CARD)
    if card.get("task", "reading") not in ("reading", "outlining"):
        raise ValueError(f"unknown task {str(card['task'])[:40]}")
    if card["positive"] not in card["classes"]:
        raise ValueError("the positive class is not one of the classes")
    _check(card["builder"], "builder", {"network": is_text})
    if unknown := set(card["builder"]) - {"network", "options"}:
        raise ValueError(f"unknown entries in builder: {', '.join(sorted(map(str, unknown)))}")
    for name, value in card["builder"].get("options", {}).items():
        most = _MOST_BLOCKS if name == "blocks" else _MOST_OPTION
        if not (isinstance(value, bool) or is_count(value, 0, most) or is_number(value, -most, most) or _words(value)):
            raise ValueError(f"the builder's option {name[:40]} is out of range")
    normalisation = card["normalisation"]
    _check(normalisation, "normalisation", {"mean": _three(-10, 10), "std": _three(1e-3, 100)})
    if not isinstance(normalisation.get("per_image", False), bool):
        raise TypeError("normalisation.per_image is neither true nor false")
    _check_thresholds(card["thresholds"])
    _check(card["training"], "training", _TRAINING)
    for number, evaluation in enumerate(card["evaluations"], 1):
        _check_evaluation(evaluation, f"evaluation {number}")


def _check_thresholds(thresholds: Any) -> None:
    _check(thresholds, "thresholds", {"benign_below": _share, "suspicious_from": _share})
    if thresholds["benign_below"] > thresholds["suspicious_from"]:
        raise ValueError("the threshold of likely benign is above that of suspicious")
    if not is_text(thresholds.get("chosen_on", "")):
        raise ValueError("thresholds.chosen_on is not text")
    if thresholds.get("counts") is not None:
        _check_counts(thresholds["counts"])
    outside = thresholds.get("outside", [])
    if not isinstance(outside, list) or len(outside) > 20:
        raise ValueError("thresholds.outside is not a list of at most 20 hospitals")
    for hospital in outside:
        _check(hospital, "outside", {"hospital": lambda value: is_text(value, 500), "counts": _is_table})
        _check_counts(hospital["counts"])


def _check_counts(counts: Any) -> None:
    _check(
        counts,
        "counts",
        dict.fromkeys(("positives", "negatives", "missed", "cleared", "caught", "false_alarms"), is_count),
    )
    if counts.get("patients") is not None and not is_count(counts["patients"]):
        raise ValueError("counts.patients is not a count")
    if (
        counts["missed"] + counts["caught"] > counts["positives"]
        or counts["cleared"] + counts["false_alarms"] > counts["negatives"]
    ):
        raise ValueError("the categories have more images than there are")


def _check_evaluation(evaluation: Any, where: str) -> None:
    _check(evaluation, where, {"data": is_text, "images": is_count, "groups": is_count, "metrics": _is_table})
    for table in (evaluation["metrics"], evaluation.get("group_metrics", {})):
        if not _is_table(table):
            raise ValueError(f"{where}: the figures are not a JSON object")
        for name, figure in table.items():
            _check(figure, f"{where}, {name[:40]}", dict.fromkeys(("value", "low", "high"), _figure))


def _check(entries: Any, where: str, checks: dict[str, Check]) -> None:
    """Check the entries of a JSON object.

    Raises:
        ValueError, TypeError: an entry fails its check.
        KeyError: an entry is missing.
    """
    if not isinstance(entries, dict):
        raise TypeError(f"{where or 'the card'} is not a JSON object")
    for name, check in checks.items():
        if not check(entries[name]):
            raise ValueError(
                f"the {name} {'of ' + where + ' ' if where else ''}is missing, out of range or of the wrong type"
            )


def _share(value: Any) -> bool:
    return is_number(value, 0, 1)


def _figure(value: Any) -> bool:
    return value is None or is_number(value, -1e6, 1e6)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and len(value) <= 200


def _three(low: float, high: float) -> Check:
    return lambda value: (
        isinstance(value, list) and len(value) == 3 and all(is_number(item, low, high) for item in value)
    )


def _words(value: Any) -> bool:
    return is_text(value, 100) or (
        isinstance(value, list) and len(value) <= 20 and all(is_text(item, 100) for item in value)
    )


def _different(names: Any, most: int, least: int = 1) -> bool:
    """Return whether `names` is a list of distinct, non-empty names."""
    return (
        isinstance(names, list)
        and least <= len(names) <= most
        and all(is_text(name, 100) and name for name in names)
        and len(set(names)) == len(names)
    )


_CARD: dict[str, Check] = {
    "name": is_name,
    "version": lambda value: is_text(value, 100),
    "title": lambda value: is_text(value, 500),
    "builder": _is_table,
    "parameters": lambda value: is_count(value, 1, 2 * 10**9),
    "views": lambda value: _different(value, len(VIEWS)) and set(value) <= set(VIEWS),
    "input_size": lambda value: is_count(value, 16, 2048),
    "field": lambda value: value is None or is_number(value, 0.5, 20),
    "normalisation": _is_table,
    "classes": lambda value: _different(value, 20, 2),
    "positive": lambda value: is_text(value, 100),
    "temperature": lambda value: is_number(value, COLDEST, HOTTEST),
    "thresholds": _is_table,
    "training": _is_table,
    "evaluations": lambda value: isinstance(value, list) and len(value) <= 100,
    "intended_use": is_text,
    "limits": lambda value: isinstance(value, list) and len(value) <= 100 and all(is_text(item) for item in value),
    "licence": is_text,
    "sha256": lambda value: isinstance(value, str) and _SHA256.fullmatch(value) is not None,
}
_TRAINING: dict[str, Check] = {
    "data": is_text,
    "data_sha256": lambda value: is_text(value, 200),
    "split": is_text,
    "seed": lambda value: is_count(value, -(2**63)),
    "start": is_text,
    "recipe": _is_table,
    "epochs": is_count,
    "best_epoch": is_count,
    "hardware": is_text,
    "hours": lambda value: is_number(value, 0, 1e7),
}
