"""Verify a JSON report: assess its images and outlines again and compare the AI results.

A name in a report is never used as a path: an image is looked for among the files of the folder, and the model among the
installed models by the hash of its weights. Exit status: 0 if every check passes; 1 if one fails or cannot be made because a
model is not installed.
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
"""Two devices differ in the last digits of a float32; a report shows two or three digits."""
_SHORT_HASH = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("report", type=Path, nargs="?", metavar="REPORT.json", help="the report to verify")
    parser.add_argument(
        "--image", type=Path, help="the image, or the folder that contains it (default: the folder of the report)"
    )
    parser.add_argument("--mask", type=Path, help="the outline as a mask file (default: the outline in the report)")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="compute device (default: auto)")
    parser.add_argument(
        "--key", type=Path, help="the public key (.pem) that must have signed the report, or a folder of such keys"
    )
    parser.add_argument(
        "--signed", action="store_true", help="fail unless this installation or a known key signed the report"
    )
    parser.add_argument("--own-key", action="store_true", help="print the public key of this installation and exit")


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one check.

    Attributes:
        subject: what was checked, such as "image".
        passed: whether the check passed; None for information only.
        result: the finding in words.
        missing: the check failed because a model is not installed, not because something is wrong.
    """

    subject: str
    passed: bool | None
    result: str
    missing: bool = False

    def line(self) -> str:
        """Return the check as one printed line; text from the report cannot add lines of its own."""
        mark = "-" if self.passed is None else "yes" if self.passed else "NO"
        return f"{self.subject:<12} {mark:<4} {one_line(self.result, 1000)}"


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """The frame that a report was made from, the number of frames in its file, and the name of the file."""

    frame: Frame
    frame_count: int
    name: str


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status: 0 if every check passes, 1 if one fails or cannot be made."""
    if chosen.own_key:
        return _print_own_key()
    if chosen.report is None:
        raise UserError("No report is named.", "Name the report's JSON file: csamoe-desktop verify REPORT.json")
    for file in (chosen.image, chosen.mask):
        if file is not None and file.exists() and not file.is_dir() and not is_plain(file):
            raise UserError(f"{file} is not a regular file.", "Give the image file or the mask file itself.")
    report = read_json(chosen.report, _known_keys(chosen.key))
    if chosen.mask is not None and len(report.readings) > 1:
        raise UserError(
            f"{chosen.report.name} contains {len(report.readings)} AI results, but --mask gives one outline.",
            "Leave out --mask to use the outlines in the report.",
        )
    changed = ", ".join(report.changed)
    state = f"was changed after it was written: {changed}" if changed else "is unchanged since it was written"
    checks = _printed([Check("report", not changed, state)])
    checks += _printed([_signature(report.signed, chosen.key is not None, chosen.signed)])
    where = chosen.image or chosen.report.absolute().parent
    for number, reading in enumerate(report.readings, 1):
        if len(report.readings) > 1:
            print(f"AI result    {number} of {len(report.readings)}: {one_line(reading.title)}")
        source, image = _find_image(reading, where)
        results = [image]
        if source is not None:
            results += _assess_again(reading, source, chosen.mask, chosen.device)
        checks += _printed(results)
    checks += _printed([_together(report, views) for views in report.together])
    if report.program != __version__:
        print(f"note         written by version {one_line(report.program, 40)} of this program; this is {__version__}")
    failed = [check for check in checks if check.passed is False]
    if any(not check.missing for check in failed):
        print("The report could not be verified.")
        return 1
    if failed:
        print("The report cannot be verified here: its model is not installed.")
        return 1
    results_words = "AI result" if len(report.readings) == 1 else "AI results"
    print(f"Verified: this program and model give the same {results_words}.")
    return 0


def _printed(checks: list[Check]) -> list[Check]:
    """Print the checks and return them."""
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
    """Return the keys that signatures are checked against: those of `--key`, or else the trusted keys.

    A trusted key that cannot be read is printed and left out.

    Raises:
        UserError: a key of `--key` cannot be read.
    """
    if named is None:
        keys, left_out = trusted_keys()
        for problem in left_out:
            print(f"left out: {problem}", file=sys.stderr)
        return keys
    if not named.is_dir():
        return [read_public_key(named)]
    try:
        files = sorted(named.glob("*.pem"))
    except OSError as problem:
        raise UserError(f"{named} could not be read: {reason(problem)}.", "Give the key file.") from problem
    if not files:
        raise UserError(f"There is no key (.pem) in {named}.", "Give the key file, or the folder that contains it.")
    return [read_public_key(file) for file in files]


def _signature(signed: Signed, key_given: bool, required: bool) -> Check:
    """Return the check of the signature.

    With `key_given`, one of the keys of `--key` must have signed. If a signature is `required`, this installation or a known
    key must have signed.
    """
    passed = {Signer.THIS: True, Signer.KNOWN: True, Signer.BROKEN: False}.get(signed.signer)
    if key_given and signed.signer is not Signer.KNOWN:
        return Check("signature", False, f"not by the key given with --key; {signed.words}")
    return Check("signature", False if passed is None and required else passed, signed.words)


def _together(report: ReportToCheck, views: ViewsToCheck) -> Check:
    """Return the check that the combined result of several views follows from the results of the single views."""
    single = tuple(report.readings[place].probability for place in views.readings)
    fused, numbers = fuse(single), " and ".join(str(place + 1) for place in views.readings)
    result = f"{views.probability:.4f} in the report, {fused:.4f} from AI results {numbers}"
    thresholds = Thresholds(*report.readings[views.readings[0]].thresholds)
    passed = (
        max(abs(computed - written) for computed, written in zip(single, views.single, strict=True)) <= _TOLERANCE
        and abs(fused - views.probability) <= _TOLERANCE
        and categorise(fused, thresholds) is views.category
    )
    return Check("together", passed, result)


def _assess_again(report: ReadingToCheck, source: _Source, mask_file: Path | None, device: str) -> list[Check]:
    frame = source.frame
    mask, outline = _find_mask(report, source, mask_file)
    bundle = find_by_weights(report.weights_sha256, report.model)
    if bundle is None:
        return [outline, _no_such_model(report)]
    model = _compare_cards(report, bundle)
    if mask is None:
        return [outline, model]
    return [outline, model, *_compare(report, bundle, frame, mask, device)]


def _find_mask(report: ReadingToCheck, source: _Source, file: Path | None) -> tuple[NDArray[np.bool_] | None, Check]:
    """Return the mask that was assessed, or None if it is not available, and the check of it.

    Raises:
        UserError: `file` cannot be read.
    """
    mask, frame = report.mask, source.frame
    if file is not None:
        place = FramePlace(frame.index, source.frame_count)
        try:
            # The file may name another image (`another`): the hash below decides whether this is the mask.
            mask = read_mask(file, frame.shape, image=source.name, frame=place, another=True).pixels
        except MaskSizeMismatch as problem:
            return None, Check("outline", False, problem.message)
    if pixels_sha256(mask) == report.mask_sha256 and mask.shape == frame.shape:
        return mask, Check("outline", True, "is the assessed outline")
    if file is None:
        return None, Check("outline", False, "in the report does not have the hash of the assessed outline")
    apart = int((mask != report.mask).sum()) if mask.shape == report.mask.shape else mask.size
    return None, Check("outline", False, f"{file.name} differs from the assessed outline in {apart} pixels")


def _no_such_model(report: ReadingToCheck) -> Check:
    """Return the failed check for a report whose weights no installed model has."""
    expected, same_name = report.weights_sha256[:_SHORT_HASH], is_installed(report.model)
    if same_name is not None:
        installed = same_name.card.sha256[:_SHORT_HASH]
        return Check("model", False, f"{report.model} has other weights here ({installed}, not {expected})")
    return Check(
        "model", False, f"There is no model {report.model!r} here, and none with its weights ({expected})", missing=True
    )


def _compare_cards(report: ReadingToCheck, bundle: Bundle) -> Check:
    """Return the check of the installed model's card; loading the model checks the weights themselves."""
    card, name = bundle.card, report.model
    installed = card.sha256[:_SHORT_HASH]
    if card.name != name:
        return Check("model", False, f"the model with these weights ({installed}) is {card.name} here, not {name}")
    thresholds = (card.thresholds.benign_below, card.thresholds.suspicious_from)
    differences = [
        f"{field} {now}, not {then}"
        for field, now, then in (
            ("version", card.version, report.version),
            ("temperature", card.temperature, report.temperature),
            ("thresholds", thresholds, report.thresholds),
        )
        if now != then
    ]
    if differences:
        return Check("model", False, f"{name} has the same weights, but its card differs ({'; '.join(differences)})")
    return Check("model", True, f"{name} {card.version} has the same weights and thresholds ({installed})")


def _compare(report: ReadingToCheck, bundle: Bundle, frame: Frame, mask: NDArray[np.bool_], device: str) -> list[Check]:
    # Importing torch takes seconds, so the files are checked first.
    from csamoe_desktop.inference.loading import load_predictor

    try:
        again = assess(frame, mask if mask.any() else None, load_predictor(bundle, device))
    except Withheld as problem:
        return [
            Check("probability", False, f"{report.probability:.4f} in the report, withheld here: {problem.message}")
        ]
    probability, category, gates = again.prediction.probability, again.category, again.prediction.gates
    differences = [
        f"{name} {report.gates.get(name, 0):.4f} in the report, {gates.get(name, 0):.4f} here"
        for name in sorted(gates.keys() | report.gates.keys())
        if abs(gates.get(name, 0) - report.gates.get(name, 0)) > _TOLERANCE
    ]
    same = category is report.category
    return [
        Check(
            "probability",
            abs(probability - report.probability) <= _TOLERANCE,
            f"{report.probability:.4f} in the report, {probability:.4f} here on {again.device}",
        ),
        Check(
            "category",
            same,
            category.value if same else f"{report.category.value} in the report, {category.value} here",
        ),
        Check("gates", not differences, "; ".join(differences) or "are the same"),
    ]


def _find_image(report: ReadingToCheck, where: Path) -> tuple[_Source | None, Check]:
    """Return the frame with the report's hash in the file or folder `where`, or None, and the check of the image.

    Raises:
        UserError: `where` is a file that cannot be opened.
    """
    if not where.is_dir():
        source, refusal = _frame_of(report, where)
        return source, Check("image", source is not None, refusal or f"{where.name} is the assessed image")
    refusal_of_named = ""
    try:
        files = list(_candidates(report, where))
    except OSError as problem:
        return None, Check("image", False, f"{where} could not be read: {reason(problem)}")
    for file in files:
        try:
            source, refusal = _frame_of(report, file)
        except UserError:
            continue
        if source is not None:
            return source, Check("image", True, f"{file.name} is the assessed image")
        if shown_name(file.name) == report.study_name:
            refusal_of_named = refusal
    missing = f"{report.study_name} is not in {where}: give it with --image"
    return None, Check("image", False, refusal_of_named or missing)


def _candidates(report: ReadingToCheck, folder: Path) -> Iterator[Path]:
    """Yield the regular files in the folder, the one named in the report first; links are skipped, as they lead outside."""
    files = sorted(file for file in folder.iterdir() if is_plain(file, links=False))
    yield from sorted(files, key=lambda file: shown_name(file.name) != report.study_name)


def _frame_of(report: ReadingToCheck, file: Path) -> tuple[_Source | None, str]:
    """Return the frame of `file` that the report was made from, or None and the reason in words.

    Raises:
        UserError: the file cannot be opened.
    """
    study = open_study(file)
    if not 1 <= report.frame <= study.frame_count:
        return None, f"{file.name} has no frame {report.frame}, the one that was assessed"
    frame = study.frame(report.frame - 1)
    if pixels_sha256(frame.pixels) == report.image_sha256:
        return _Source(frame, study.frame_count, study.path.name), ""
    if frame.pixels.shape != report.shape:
        sizes = (" x ".join(map(str, shape)) for shape in (frame.pixels.shape, report.shape))
        return None, "{} is {}, the assessed image {} (rows x columns)".format(file.name, *sizes)
    return None, f"{file.name} has other pixels than the assessed image"
