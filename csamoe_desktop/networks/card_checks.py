"""What a model card may say: types, ranges and lengths of every entry, checked before a card is made of it.

A card is a file that somebody may have edited, cut off or copied from elsewhere. A number that is none, a deviation of
zero or a temperature of next to nothing would make every reading wrong without a word; here they are refused by name.
"""

import re
from collections.abc import Callable
from typing import Any

from csamoe_desktop.untrusted import is_count, is_number, is_text

VIEWS = ("image", "core", "boundary")
COLDEST, HOTTEST = 0.01, 100.0
"""Of a temperature: training fits one between 0.05 and 20."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_OPTION, _MOST_BLOCKS = 1024, 24
"""Of a builder's option that is a count: beyond it a network would fill the memory before it is known to be wrong."""

Check = Callable[[Any], bool]


def is_name(text: Any) -> bool:
    """Return whether `text` can be a model's name: that of a folder, never a path."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None and text.rstrip(".") == text


def check_card(told: Any) -> None:
    """Check everything that the JSON of a card says, but for its version and for unknown entries.

    Raises:
        ValueError, TypeError: the entry that is wrong, in words.
        KeyError: one is missing.
    """
    _check(told, "", _CARD)
    if told.get("task", "reading") not in ("reading", "outlining"):
        raise ValueError(f"unknown task {str(told['task'])[:40]}")
    if told["positive"] not in told["classes"]:
        raise ValueError("the positive class is none of the classes")
    _check(told["builder"], "builder", {"network": is_text})
    if unknown := set(told["builder"]) - {"network", "options"}:
        raise ValueError(f"unknown entries in builder: {', '.join(sorted(map(str, unknown)))}")
    for name, value in told["builder"].get("options", {}).items():
        most = _MOST_BLOCKS if name == "blocks" else _MOST_OPTION
        if not (isinstance(value, bool) or is_count(value, 0, most) or is_number(value, -most, most) or _words(value)):
            raise ValueError(f"the builder's option {name[:40]} is out of range")
    normalisation = told["normalisation"]
    _check(normalisation, "normalisation", {"mean": _three(-10, 10), "std": _three(1e-3, 100)})
    if not isinstance(normalisation.get("per_image", False), bool):
        raise TypeError("normalisation.per_image is neither true nor false")
    _check_thresholds(told["thresholds"])
    _check(told["training"], "training", _TRAINING)
    for number, one in enumerate(told["evaluations"], 1):
        _check_evaluation(one, f"evaluation {number}")


def _check_thresholds(told: Any) -> None:
    _check(told, "thresholds", {"benign_below": _share, "suspicious_from": _share})
    if told["benign_below"] > told["suspicious_from"]:
        raise ValueError("the threshold of likely benign lies above that of suspicious")
    if not is_text(told.get("chosen_on", "")):
        raise ValueError("thresholds.chosen_on is no text")
    if told.get("counts") is not None:
        _check_counts(told["counts"])
    outside = told.get("outside", [])
    if not isinstance(outside, list) or len(outside) > 20:
        raise ValueError("thresholds.outside is no list of hospitals")
    for one in outside:
        _check(one, "outside", {"hospital": lambda value: is_text(value, 500), "counts": _is_table})
        _check_counts(one["counts"])


def _check_counts(counts: Any) -> None:
    _check(
        counts,
        "counts",
        dict.fromkeys(("positives", "negatives", "missed", "cleared", "caught", "false_alarms"), is_count),
    )
    if counts.get("patients") is not None and not is_count(counts["patients"]):
        raise ValueError("counts.patients is no count")
    if (
        counts["missed"] + counts["caught"] > counts["positives"]
        or counts["cleared"] + counts["false_alarms"] > counts["negatives"]
    ):
        raise ValueError("the categories hold more images than there are")


def _check_evaluation(told: Any, where: str) -> None:
    _check(told, where, {"data": is_text, "images": is_count, "groups": is_count, "metrics": _is_table})
    for table in (told["metrics"], told.get("group_metrics", {})):
        if not _is_table(table):
            raise ValueError(f"{where}: the figures are no table")
        for name, figure in table.items():
            _check(figure, f"{where}, {name[:40]}", dict.fromkeys(("value", "low", "high"), _figure))


def _check(told: Any, where: str, checks: dict[str, Check]) -> None:
    """Raise ValueError (or TypeError) for the first entry that is not as its check wants it, KeyError for one that is
    missing."""
    if not isinstance(told, dict):
        raise TypeError(f"{where or 'the card'} is no table of entries")
    for name, check in checks.items():
        if not check(told[name]):
            raise ValueError(
                f"the {name} {'of ' + where + ' ' if where else ''}is missing, out of range or of another kind"
            )


def _share(value: Any) -> bool:
    return is_number(value, 0, 1)


def _figure(value: Any) -> bool:
    return value is None or is_number(value, -1e6, 1e6)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and len(value) <= 200


def _three(low: float, high: float) -> Check:
    return lambda value: isinstance(value, list) and len(value) == 3 and all(is_number(one, low, high) for one in value)


def _words(value: Any) -> bool:
    return is_text(value, 100) or (
        isinstance(value, list) and len(value) <= 20 and all(is_text(one, 100) for one in value)
    )


def _different(values: Any, most: int, least: int = 1) -> bool:
    """Return whether `values` is a list of different names."""
    return (
        isinstance(values, list)
        and least <= len(values) <= most
        and all(is_text(one, 100) and one for one in values)
        and len(set(values)) == len(values)
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
    "limits": lambda value: isinstance(value, list) and len(value) <= 100 and all(is_text(one) for one in value),
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
