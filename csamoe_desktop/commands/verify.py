"""Verify a JSON report: read its images and outlines again, and say whether this program and model give its readings.

What a report names is never a path: an image is one of the folder's own files, the model an installed one that has the report's
weights. Exit status: 0 all holds; 1 something does not, or cannot be told, as a model that read is not installed here.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop import __version__
from csamoe_desktop.assess import Withheld, assess, categorise
from csamoe_desktop.errors import UserError
from csamoe_desktop.files import reason
from csamoe_desktop.inference.bundle import Bundle, find_by_weights, is_installed
from csamoe_desktop.inference.engine import DEVICES
from csamoe_desktop.lesion.files.formats import MaskSizeMismatch, read_mask
from csamoe_desktop.lesion.files.planes import FramePlace
from csamoe_desktop.names import shown_name
from csamoe_desktop.networks.cards import Thresholds
from csamoe_desktop.read_views import fuse
from csamoe_desktop.report.json_reading import ReadingToCheck, ReportToCheck, ViewsToCheck, read_json
from csamoe_desktop.report.json_report import pixels_sha256
from csamoe_desktop.report.signing import (
    PublicKey,
    Signed,
    Signer,
    own_public_key,
    public_key_text,
    read_public_key,
    trusted_keys,
)
from csamoe_desktop.study.model import Frame
from csamoe_desktop.study.opening import open_study
from csamoe_desktop.untrusted import is_plain, one_line

_TOLERANCE = 1e-3
"""Two devices differ in the last digits of a float32; a report shows two or three."""
_SHORT_HASH = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("report", type=Path, nargs="?", metavar="REPORT.json")
    parser.add_argument(
        "--image", type=Path, help="the image, or the folder it is in (default: the report's own folder)"
    )
    parser.add_argument("--mask", type=Path, help="the outline's file (default: the outline in the report)")
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument(
        "--key", type=Path, help="the public key (.pem) that must have signed the report, or a folder of such keys"
    )
    parser.add_argument(
        "--signed", action="store_true", help="refuse a report that neither this installation nor a known key signed"
    )
    parser.add_argument("--own-key", action="store_true", help="print this installation's public key, and do no more")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what, whether it holds (None: it is only told), and in words what was found.

    `missing`: it does not hold because what would be needed is not installed here, not because something is wrong.
    """

    what: str
    holds: bool | None
    found: str
    missing: bool = False

    def line(self) -> str:
        """Return it as it is printed: one line, whatever the report says."""
        mark = "-" if self.holds is None else "yes" if self.holds else "NO"
        return f"{self.what:<12} {mark:<4} {one_line(self.found, 1000)}"


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """The frame that a report was made from, how many its file has, and the file's name."""

    frame: Frame
    frame_count: int
    name: str


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status: 0 where all holds, 1 where something does not or cannot be told."""
    if chosen.own_key:
        return _print_own_key()
    if chosen.report is None:
        raise UserError("No report is named.", "Name the report's JSON file: csamoe-desktop verify REPORT.json")
    for file in (chosen.image, chosen.mask):
        if file is not None and file.exists() and not file.is_dir() and not is_plain(file):
            raise UserError(f"{file} is no plain file.", "Name an image's or an outline's own file.")
    report = read_json(chosen.report, _known_keys(chosen.key))
    if chosen.mask is not None and len(report.readings) > 1:
        raise UserError(
            f"{chosen.report.name} holds {len(report.readings)} readings, and --mask names one outline.",
            "Leave it out: the outlines in the report are then read.",
        )
    changed = ", ".join(report.changed)
    as_written = f"was changed after it was written: {changed}" if changed else "is as it was written"
    checks = _printed([Check("report", not changed, as_written)])
    checks += _printed([_signature(report.signed, chosen.key is not None, chosen.signed)])
    where = chosen.image or chosen.report.absolute().parent
    for number, reading in enumerate(report.readings, 1):
        if len(report.readings) > 1:
            print(f"reading      {number} of {len(report.readings)}: {one_line(reading.title)}")
        there, image = _find_image(reading, where)
        found = [image]
        if there is not None:
            found += _read_again(reading, there, chosen.mask, chosen.device)
        checks += _printed(found)
    checks += _printed([_together(report, one) for one in report.together])
    if report.program != __version__:
        print(f"note         written by version {one_line(report.program, 40)} of this program; this is {__version__}")
    wrong = [check for check in checks if check.holds is False]
    if any(not check.missing for check in wrong):
        print("The report could not be verified.")
        return 1
    if wrong:
        print("The report cannot be verified here: a model that read is not installed.")
        return 1
    these = "this reading" if len(report.readings) == 1 else "these readings"
    print(f"This program and model give {these}.")
    return 0


def _printed(checks: list[Check]) -> list[Check]:
    """Print what was found, and return it."""
    for check in checks:
        print(check.line())
    return checks


def _print_own_key() -> int:
    key = own_public_key(make=True)
    assert key is not None
    print(public_key_text(key), end="")
    print(f"fingerprint (SHA-256): {key.fingerprint}", file=sys.stderr)
    return 0


def _known_keys(named: Path | None) -> list[PublicKey]:
    """Return the keys to know signatures by: those named, else the trusted ones; a trusted one that is none is told.

    Raises:
        UserError: a named one cannot be read.
    """
    if named is None:
        found, left_out = trusted_keys()
        for problem in left_out:
            print(f"left out: {problem}", file=sys.stderr)
        return found
    if not named.is_dir():
        return [read_public_key(named)]
    try:
        files = sorted(named.glob("*.pem"))
    except OSError as problem:
        raise UserError(f"{named} could not be read: {reason(problem)}.", "Name the key's file.") from problem
    if not files:
        raise UserError(f"There is no key (.pem) in {named}.", "Name the key's file, or the folder it is in.")
    return [read_public_key(file) for file in files]


def _signature(signed: Signed, named: bool, asked: bool) -> Check:
    """Return what is to be said of the signature. Where keys are `named` one of them must have signed; where a signature is
    `asked` for, this installation or a known key."""
    holds = {Signer.THIS: True, Signer.KNOWN: True, Signer.BROKEN: False}.get(signed.signer)
    if named and signed.signer is not Signer.KNOWN:
        return Check("signature", False, f"not by the key that was named; {signed.words}")
    return Check("signature", False if holds is None and asked else holds, signed.words)


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


def _read_again(report: ReadingToCheck, there: _Found, mask_file: Path | None, device: str) -> list[Check]:
    frame = there.frame
    mask, outline = _find_mask(report, there, mask_file)
    bundle = find_by_weights(report.weights_sha256, report.model)
    if bundle is None:
        return [outline, _no_such_model(report)]
    model = _compare_cards(report, bundle)
    if mask is None:
        return [outline, model]
    return [outline, model, *_compare(report, bundle, frame, mask, device)]


def _find_mask(report: ReadingToCheck, there: _Found, file: Path | None) -> tuple[NDArray[np.bool_] | None, Check]:
    """Return the outline that was read, None where it is not at hand, and what is to be said of it.

    Raises:
        UserError: `file` cannot be read.
    """
    said, mask, frame = "is the one that was read", report.mask, there.frame
    if file is not None:
        place = FramePlace(frame.index, there.frame_count)
        try:
            # Of many images' outlines this one's are looked at; whatever image the file names, the hash decides.
            mask = read_mask(file, frame.shape, image=there.name, frame=place, another=True).pixels
        except MaskSizeMismatch as problem:
            return None, Check("outline", False, problem.message)
    if pixels_sha256(mask) == report.mask_sha256 and mask.shape == frame.shape:
        return mask, Check("outline", True, said)
    if file is None:
        return None, Check("outline", False, "in the report has not the hash of the one that was read")
    apart = int((mask != report.mask).sum()) if mask.shape == report.mask.shape else mask.size
    return None, Check("outline", False, f"{file.name} differs from the one that was read in {apart} pixels")


def _no_such_model(report: ReadingToCheck) -> Check:
    """Return what is to be said where no model here has the report's weights."""
    there, same_name = report.weights_sha256[:_SHORT_HASH], is_installed(report.model)
    if same_name is not None:
        here = same_name.card.sha256[:_SHORT_HASH]
        return Check("model", False, f"{report.model} has other weights here ({here}, not {there})")
    return Check(
        "model", False, f"There is no model {report.model!r} here, and none with its weights ({there})", missing=True
    )


def _compare_cards(report: ReadingToCheck, bundle: Bundle) -> Check:
    """Return what is to be said of the model here, as its card tells it; loading checks the weights themselves."""
    card, name = bundle.card, report.model
    here = card.sha256[:_SHORT_HASH]
    if card.name != name:
        return Check("model", False, f"the model with these weights ({here}) is {card.name} here, not {name}")
    thresholds = (card.thresholds.benign_below, card.thresholds.suspicious_from)
    others = [
        f"{what} {now}, not {then}"
        for what, now, then in (
            ("version", card.version, report.version),
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

    try:
        again = assess(frame, mask if mask.any() else None, load_predictor(bundle, device))
    except Withheld as problem:
        return [
            Check("probability", False, f"{report.probability:.4f} in the report, withheld here: {problem.message}")
        ]
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


def _find_image(report: ReadingToCheck, where: Path) -> tuple[_Found | None, Check]:
    """Return the frame with the report's hash in the file or folder `where`, None where there is none, and what is to
    be said of it.

    Raises:
        UserError: `where` is a file that cannot be opened.
    """
    if not where.is_dir():
        there, instead = _frame_of(report, where)
        return there, Check("image", there is not None, instead or f"{where.name} is the one that was read")
    named = ""
    try:
        files = list(_candidates(report, where))
    except OSError as problem:
        return None, Check("image", False, f"{where} could not be read: {reason(problem)}")
    for file in files:
        try:
            there, instead = _frame_of(report, file)
        except UserError:
            continue
        if there is not None:
            return there, Check("image", True, f"{file.name} is the one that was read")
        if shown_name(file.name) == report.study_name:
            named = instead
    return None, Check("image", False, named or f"{report.study_name} is not in {where}: name it with --image")


def _candidates(report: ReadingToCheck, folder: Path) -> Iterator[Path]:
    """Yield the folder's own plain files, the one of the report's name first; links could lead anywhere."""
    files = sorted(file for file in folder.iterdir() if is_plain(file, links=False))
    yield from sorted(files, key=lambda file: shown_name(file.name) != report.study_name)


def _frame_of(report: ReadingToCheck, file: Path) -> tuple[_Found | None, str]:
    """Return the frame of `file` that the report was made from, or None and in words why it is not there.

    Raises:
        UserError: it cannot be opened.
    """
    study = open_study(file)
    if not 1 <= report.frame <= study.frame_count:
        return None, f"{file.name} has no frame {report.frame}, which was read"
    frame = study.frame(report.frame - 1)
    if pixels_sha256(frame.pixels) == report.image_sha256:
        return _Found(frame, study.frame_count, study.path.name), ""
    if frame.pixels.shape != report.shape:
        sizes = (" x ".join(map(str, shape)) for shape in (frame.pixels.shape, report.shape))
        return None, "{} is {}, what was read {} (rows x columns)".format(file.name, *sizes)
    return None, f"{file.name} has other pixels than were read"
