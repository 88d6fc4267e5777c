"""Assess one lesion with several models and print their results side by side."""

import argparse
import json
from pathlib import Path
from typing import Any

from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import Bundle, find_bundle, find_typed, readers
from csamoe_desktop.inference.engine import DEVICES
from csamoe_desktop.lesion.files.formats import read_mask
from csamoe_desktop.lesion.files.planes import FramePlace
from csamoe_desktop.names import shown_name
from csamoe_desktop.report.content.model_words import needs
from csamoe_desktop.report.content.side_by_side import ModelRow, agreement, read_row, table_text
from csamoe_desktop.study.opening import open_study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("image", type=Path, help="DICOM, PNG, JPEG, BMP or TIFF")
    parser.add_argument(
        "--mask", type=Path, help="the outline as a mask file; without it, only models that need no outline are used"
    )
    parser.add_argument(
        "--models",
        metavar="A,B",
        help="the models to compare (default: all that assess lesions); `csamoe-desktop models` lists them",
    )
    parser.add_argument(
        "--frame", type=int, default=1, metavar="N", help="frame of a cine, counted from 1 (default: 1)"
    )
    parser.add_argument("--device", choices=DEVICES, default="auto", help="compute device (default: auto)")
    parser.add_argument("--json", action="store_true", help="print the AI results as one JSON object")


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    selected = _selected(chosen.models)
    study = open_study(chosen.image)
    if not 1 <= chosen.frame <= study.frame_count:
        raise UserError(
            f"{chosen.image} has no frame {chosen.frame}.", f"Choose a frame from 1 to {study.frame_count}."
        )
    frame = study.frame(chosen.frame - 1)
    mask = None
    if chosen.mask is not None:
        place = FramePlace(frame.index, study.frame_count)
        mask = read_mask(chosen.mask, frame.shape, image=study.path.name, frame=place)
    # Importing torch takes seconds, so the input files are checked first.
    from csamoe_desktop.inference.loading import load_predictor

    # Each model is freed before the next is loaded.
    pixels = None if mask is None else mask.pixels
    rows = [read_row(bundle, frame, pixels, lambda model: load_predictor(model, chosen.device)) for bundle in selected]
    if all(row.ai_result is None for row in rows):
        reasons = " ".join(dict.fromkeys(f"{row.card.name}: {row.unread}" for row in rows))
        raise UserError(
            f"No model could assess {chosen.image}. {reasons}",
            "Give an outline with --mask, or choose other models with --models.",
        )
    notes = [*study.notes, *(() if mask is None else mask.notes)]
    if chosen.json:
        print(json.dumps(_json_object(rows, notes), ensure_ascii=False))
    else:
        frame_words = f", frame {chosen.frame} of {study.frame_count}" if study.frame_count > 1 else ""
        outline = "no outline" if chosen.mask is None else f"outline {shown_name(chosen.mask.name)}"
        print(table_text(rows, f"{study.name}{frame_words}, {outline}", notes))
    return 0


def _selected(names: str | None) -> list[Bundle]:
    """Return the bundles to compare: those named, or all that assess lesions.

    Raises:
        UserError: a bundle is not installed or does not assess lesions, or none is named.
    """
    if names is None:
        return readers() or [find_bundle()]
    selected = [find_typed(name) for name in dict.fromkeys(name.strip() for name in names.split(",")) if name]
    if not selected:
        raise UserError("No model is named.", "Name models as in --models csamoe-resnet18,csamoe-resnet18-plus.")
    for bundle in selected:
        if bundle.card.task != "reading":
            raise UserError(
                f"{bundle.card.name} only proposes outlines and does not assess lesions.", "Leave it out of --models."
            )
    return selected


def _json_object(rows: list[ModelRow], notes: list[str]) -> dict[str, Any]:
    return {
        "agreement": agreement(rows),
        "readings": [
            {
                "name": row.card.name,
                "needs": needs(row.card),
                "thresholds": [row.card.thresholds.benign_below, row.card.thresholds.suspicious_from],
                "reading": None if row.ai_result is None else row.ai_result.to_dict(),
                "unread": row.unread,
            }
            for row in rows
        ],
        "notes": notes,
    }
