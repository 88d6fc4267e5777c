"""Verify a JSON report: read its images and outlines again, and say whether this program and model give its readings."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop import __version__
from csamoe_desktop.assessment import assess, categorise
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import Bundle, find_bundle
from csamoe_desktop.inference.engine import DEVICES
from csamoe_desktop.lesion.formats import MaskSizeMismatch, read_mask
from csamoe_desktop.networks.cards import Thresholds
from csamoe_desktop.report.json_reading import ReadingToCheck, ReportToCheck, ViewsToCheck, read_json
from csamoe_desktop.report.json_report import pixels_sha256
from csamoe_desktop.study.model import Frame
from csamoe_desktop.study.opening import open_study
from csamoe_desktop.together import fuse

_TOLERANCE = 1e-3
"""Two devices differ in the last digits of a float32; a report shows two or three."""
_SHORT_HASH = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("report", type=Path, metavar="REPORT.json")
    parser.add_argument(
        "--image", type=Path, help="the image, or the folder it is in (default: the report's own folder)"
    )
    parser.add_argument("--mask", type=Path, help="the outline's file (default: the outline in the report)")
    parser.add_argument("--device", choices=DEVICES, default="auto")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what, whether it holds, and in words what was found."""

    what: str
    holds: bool
    found: str

    def line(self) -> str:
        """Return it as it is printed."""
        return f"{self.what:<12} {'yes' if self.holds else 'NO ':<4} {self.found}"


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status: 0 where all holds, 1 where something does not."""
    report = read_json(chosen.report)
    if chosen.mask is not None and len(report.readings) > 1:
        raise UserError(
            f"{chosen.report.name} holds {len(report.readings)} readings, and --mask names one outline.",
            "Leave it out: the outlines in the report are then read.",
        )
    changed = ", ".join(report.changed)
    as_written = f"was changed after it was written: {changed}" if changed else "is as it was written"
    verified = _printed([Check("report", not changed, as_written)])
    where = chosen.image or chosen.report.absolute().parent
    for number, reading in enumerate(report.readings, 1):
        if len(report.readings) > 1:
            print(f"reading      {number} of {len(report.readings)}: {reading.title}")
        frame, image = _find_image(reading, where)
        checks = [image]
        if frame is not None:
            checks += _read_again(reading, frame, chosen.mask, chosen.device)
        verified &= _printed(checks)
    verified &= _printed([_together(report, one) for one in report.together])
    if report.program != __version__:
        print(f"note         written by version {report.program} of this program; this is {__version__}")
    these = "this reading" if len(report.readings) == 1 else "these readings"
    print(f"This program and model give {these}." if verified else "The report could not be verified.")
    return 0 if verified else 1


def _printed(checks: list[Check]) -> bool:
    """Print what was found, and return whether all of it holds."""
    for check in checks:
        print(check.line())
    return all(check.holds for check in checks)


def _together(report: ReportToCheck, views: ViewsToCheck) -> Check:
    """Return whether what is said of several views together follows from what each of them reads."""
    single = tuple(report.readings[place].probability for place in views.readings)
    fused, numbers = fuse(single), " and ".join(str(place + 1) for place in views.readings)
    said = f"{views.probability:.4f} in the report, {fused:.4f} from readings {numbers}"
    thresholds = Thresholds(*report.readings[views.readings[0]].thresholds)
    holds = (
        max(abs(one - other) for one, other in zip(single, views.single, strict=True)) <= _TOLERANCE
        and abs(fused - views.probability) <= _TOLERANCE
        and categorise(fused, thresholds) is views.category
    )
    return Check("together", holds, said)


def _read_again(report: ReadingToCheck, frame: Frame, mask_file: Path | None, device: str) -> list[Check]:
    mask, outline = _find_mask(report, frame, mask_file)
    try:
        bundle = find_bundle(report.model)
    except UserError as problem:
        return [outline, Check("model", False, problem.message)]
    model = _compare_cards(report, bundle)
    if mask is None or bundle.card.sha256 != report.weights_sha256:
        return [outline, model]
    return [outline, model, *_compare(report, bundle, frame, mask, device)]


def _find_mask(report: ReadingToCheck, frame: Frame, file: Path | None) -> tuple[NDArray[np.bool_] | None, Check]:
    """Return the outline that was read, None where it is not at hand, and what is to be said of it.

    Raises:
        UserError: `file` cannot be read.
    """
    said, mask = "is the one that was read", report.mask
    if file is not None:
        try:
            mask = read_mask(file, frame.shape).pixels
        except MaskSizeMismatch as problem:
            return None, Check("outline", False, problem.message)
    if pixels_sha256(mask) == report.mask_sha256 and mask.shape == frame.shape:
        return mask, Check("outline", True, said)
    if file is None:
        return None, Check("outline", False, "in the report has not the hash of the one that was read")
    apart = int((mask != report.mask).sum()) if mask.shape == report.mask.shape else mask.size
    return None, Check("outline", False, f"{file.name} differs from the one that was read in {apart} pixels")


def _compare_cards(report: ReadingToCheck, bundle: Bundle) -> Check:
    """Return what is to be said of the model here, as its card tells it; loading checks the weights themselves."""
    card, name = bundle.card, report.model
    here, there = card.sha256[:_SHORT_HASH], report.weights_sha256[:_SHORT_HASH]
    if card.sha256 != report.weights_sha256:
        return Check("model", False, f"{name} has other weights here ({here}, not {there})")
    thresholds = (card.thresholds.benign_below, card.thresholds.suspicious_from)
    others = [
        f"{what} {now}, not {then}"
        for what, now, then in (
            ("temperature", card.temperature, report.temperature),
            ("thresholds", thresholds, report.thresholds),
        )
        if now != then
    ]
    if others:
        return Check("model", False, f"{name} has the same weights, but other figures here ({'; '.join(others)})")
    return Check("model", True, f"{name} {card.version} has the same weights and thresholds ({here})")


def _compare(report: ReadingToCheck, bundle: Bundle, frame: Frame, mask: NDArray[np.bool_], device: str) -> list[Check]:
    # Importing torch takes seconds: only once the files have been found good.
    from csamoe_desktop.inference.loading import load_predictor

    again = assess(frame, mask if mask.any() else None, load_predictor(bundle, device))
    here, there = again.prediction.probability, report.probability
    category, gates = again.category, again.prediction.gates
    apart = [
        f"{name} {report.gates.get(name, 0):.4f} in the report, {gates.get(name, 0):.4f} here"
        for name in sorted(gates.keys() | report.gates.keys())
        if abs(gates.get(name, 0) - report.gates.get(name, 0)) > _TOLERANCE
    ]
    same = category is report.category
    return [
        Check(
            "probability",
            abs(here - there) <= _TOLERANCE,
            f"{there:.4f} in the report, {here:.4f} here on {again.device}",
        ),
        Check(
            "category",
            same,
            category.value if same else f"{report.category.value} in the report, {category.value} here",
        ),
        Check("gates", not apart, "; ".join(apart) or "are the same"),
    ]


def _find_image(report: ReadingToCheck, where: Path) -> tuple[Frame | None, Check]:
    """Return the frame with the report's hash in the file or folder `where`, None where there is none, and what is to
    be said of it.

    Raises:
        UserError: `where` is a file that cannot be opened.
    """
    if not where.is_dir():
        frame, instead = _frame_of(report, where)
        return frame, Check("image", frame is not None, instead or f"{where.name} is the one that was read")
    named = ""
    for file in _candidates(report, where):
        try:
            frame, instead = _frame_of(report, file)
        except UserError:
            continue
        if frame is not None:
            return frame, Check("image", True, f"{file.name} is the one that was read")
        if file.name == report.study_name:
            named = instead
    return None, Check("image", False, named or f"{report.study_name} is not in {where}: name it with --image")


def _candidates(report: ReadingToCheck, folder: Path) -> Iterator[Path]:
    """Yield the files of a folder, the one of the report's name first."""
    named = folder / report.study_name
    if report.study_name and named.is_file():
        yield named
    yield from sorted(file for file in folder.iterdir() if file.is_file() and file != named)


def _frame_of(report: ReadingToCheck, file: Path) -> tuple[Frame | None, str]:
    """Return the frame of `file` that the report was made from, or None and in words why it is not there.

    Raises:
        UserError: it cannot be opened.
    """
    study = open_study(file)
    if not 1 <= report.frame <= study.frame_count:
        return None, f"{file.name} has no frame {report.frame}, which was read"
    frame = study.frame(report.frame - 1)
    if pixels_sha256(frame.pixels) == report.image_sha256:
        return frame, ""
    if frame.pixels.shape != report.shape:
        sizes = (" x ".join(map(str, shape)) for shape in (frame.pixels.shape, report.shape))
        return None, "{} is {}, what was read {} (rows x columns)".format(file.name, *sizes)
    return None, f"{file.name} has other pixels than were read"
