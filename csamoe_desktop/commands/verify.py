"""Verify a JSON report: read its image and outline again, and say whether this program and model give its reading."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.assessment import assess
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.inference.engine import DEVICES
from csamoe_desktop.lesion.formats import read_mask
from csamoe_desktop.report.json_report import ReportToCheck, pixels_sha256, read_json
from csamoe_desktop.study.model import Frame
from csamoe_desktop.study.opening import open_study

_TOLERANCE = 1e-3
"""Two devices differ in the last digits of a float32; a report shows two or three."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("report", type=Path, metavar="REPORT.json")
    parser.add_argument(
        "--image", type=Path, help="the image, or the folder it is in (default: the report's own folder)"
    )
    parser.add_argument("--mask", type=Path, help="the outline's file (default: the outline in the report)")
    parser.add_argument("--device", choices=DEVICES, default="auto")


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status: 0 where all holds, 1 where something does not."""
    report = read_json(chosen.report)
    frame = _find_image(report, chosen.image or chosen.report.absolute().parent)
    checks = [
        ("report", report.unchanged, "is as it was written", "was changed after it was written"),
        ("image", frame is not None, "is the one that was read", "is not the one that was read, or was not found"),
    ]
    if frame is not None:
        checks += _read_again(report, frame, chosen.mask, chosen.device)
    for what, holds, yes, no in checks:
        print(f"{what:<12} {'yes' if holds else 'NO ':<4} {yes if holds else no}")
    verified = all(holds for _, holds, _, _ in checks)
    print("This program and model give this reading." if verified else "The report could not be verified.")
    return 0 if verified else 1


def _read_again(
    report: ReportToCheck, frame: Frame, mask_file: Path | None, device: str
) -> list[tuple[str, bool, str, str]]:
    mask = report.mask if mask_file is None else read_mask(mask_file, frame.shape).pixels
    outlined = pixels_sha256(mask) == report.mask_sha256 and mask.shape == frame.shape
    checks = [("outline", outlined, "is the one that was read", "is not the one that was read")]
    try:
        bundle = find_bundle(report.model)
    except UserError as problem:
        return [*checks, ("model", False, "", problem.message)]
    same_weights = bundle.card.sha256 == report.weights_sha256
    other = f"{report.model} has other weights here ({bundle.card.sha256[:12]}, not {report.weights_sha256[:12]})"
    checks.append(("model", same_weights, f"{report.model} {bundle.card.version} has the same weights", other))
    if not (outlined and same_weights):
        return checks
    return [*checks, *_compare(report, frame, mask, device)]


def _compare(
    report: ReportToCheck, frame: Frame, mask: NDArray[np.bool_], device: str
) -> list[tuple[str, bool, str, str]]:
    # Importing torch takes seconds: only once the files have been found good.
    from csamoe_desktop.inference.torch_engine import load_predictor

    # Loading checks the weights themselves against the card's hash.
    predictor = load_predictor(find_bundle(report.model), device)
    again = assess(frame, mask if mask.any() else None, predictor)
    here, there = again.prediction.probability, report.probability
    told = f"{there:.4f} in the report, {here:.4f} here on {again.device}"
    gates = again.prediction.gates
    same_gates = gates.keys() == report.gates.keys() and all(
        abs(gates[name] - share) <= _TOLERANCE for name, share in report.gates.items()
    )
    return [
        ("probability", abs(here - there) <= _TOLERANCE, told, told),
        ("category", again.category is report.category, again.category.value, f"here it is {again.category.value}"),
        ("gates", same_gates, "are the same", "differ"),
    ]


def _find_image(report: ReportToCheck, where: Path) -> Frame | None:
    """Return the frame with the report's hash in the file or folder `where`; None where there is none.

    Raises:
        UserError: `where` is a file that cannot be opened.
    """
    if not where.is_dir():
        return _frame_of(report, where)
    for file in _candidates(report, where):
        try:
            frame = _frame_of(report, file)
        except UserError:
            continue
        if frame is not None:
            return frame
    return None


def _candidates(report: ReportToCheck, folder: Path) -> Iterator[Path]:
    """Yield the files of a folder, the one of the report's name first."""
    named = folder / report.study_name
    if report.study_name and named.is_file():
        yield named
    yield from sorted(file for file in folder.iterdir() if file.is_file() and file != named)


def _frame_of(report: ReportToCheck, file: Path) -> Frame | None:
    study = open_study(file)
    if not 1 <= report.frame <= study.frame_count:
        return None
    frame = study.frame(report.frame - 1)
    return frame if pixels_sha256(frame.pixels) == report.image_sha256 else None
