"""Propose an outline of a lesion, on the whole image or in a box, and write it as a mask file."""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import check_output
from csamoe_desktop.inference.bundle import find_outliner
from csamoe_desktop.inference.engine import DEVICES
from csamoe_desktop.inference.examined import check_origin
from csamoe_desktop.inference.guard import withheld_because
from csamoe_desktop.lesion.files.formats import is_mask_file, mask_format, write_mask
from csamoe_desktop.lesion.propose import Box, Proposal, propose, propose_in
from csamoe_desktop.names import shown
from csamoe_desktop.study.model import Frame
from csamoe_desktop.study.opening import open_study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("image", type=Path, help="DICOM, PNG, JPEG, BMP or TIFF")
    parser.add_argument("--out", type=Path, required=True, metavar="MASK.png", help="the mask file to write")
    parser.add_argument(
        "--box", metavar="x0,y0,x1,y1", help="search only this box, in pixels: left, top, right, bottom"
    )
    parser.add_argument(
        "--frame", type=int, default=1, metavar="N", help="frame of a cine, counted from 1 (default: 1)"
    )
    parser.add_argument(
        "--model", metavar="NAME", help="a model that proposes outlines; `csamoe-desktop models` lists them"
    )
    parser.add_argument("--device", choices=DEVICES, default="auto", help="compute device (default: auto)")
    parser.add_argument("--json", action="store_true", help="print all candidates as one JSON object")


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    if mask_format(chosen.out) is None:
        raise UserError(f"{chosen.out.name} does not end in the suffix of a mask format.", "Let it end in .png.")
    check_output(chosen.out, [chosen.image], is_mask_file)
    study = open_study(chosen.image)
    if not 1 <= chosen.frame <= study.frame_count:
        raise UserError(
            f"{chosen.image} has no frame {chosen.frame}.", f"Choose a frame from 1 to {study.frame_count}."
        )
    frame = study.frame(chosen.frame - 1)
    box = None if chosen.box is None else _box(chosen.box, frame.shape)
    _refuse_withheld(chosen, frame)
    bundle = find_outliner(chosen.model)
    # Importing torch takes seconds, so the input files are checked first.
    from csamoe_desktop.inference.loading import load_outliner

    outliner = load_outliner(bundle, chosen.device)
    aspect = frame.scale.aspect
    if box is None:
        proposals = propose(frame.pixels, outliner, aspect=aspect)
    else:
        proposals = propose_in(frame.pixels, box, outliner, aspect)
    if not proposals:
        where = "on" if box is None else "in the box on"
        raise UserError(
            f"No lesion was proposed {where} {chosen.image.name}; {chosen.out} was not written.",
            "Give the lesion's place with --box." if box is None else "Give another box, or draw the outline.",
        )
    best = proposals[0].mask
    _refuse_withheld(chosen, frame, best)
    warnings = [finding.sentence for finding in check_origin(frame, best)]
    write_mask(chosen.out, best, frame.scale, study.path.name)
    name = f"{outliner.card.name} {outliner.card.version}"
    if chosen.json:
        document = {
            "mask": str(chosen.out),
            "candidates": [_json_object(proposal) for proposal in proposals],
            "model": name,
            "weights_sha256": outliner.card.sha256,
            "device": outliner.device.words,
            "notes": list(study.notes),
            "warnings": warnings,
        }
        print(json.dumps(document, ensure_ascii=False))
        return 0
    for number, proposal in enumerate(proposals, 1):
        facts = _json_object(proposal)
        corners = "{}, {} to {}, {}".format(*facts["box"])
        written = f", written to {shown(chosen.out)}" if number == 1 else ""
        print(
            f"candidate {number}  confidence {proposal.confidence:.2f}, {facts['area_px']} pixels in {corners}{written}"
        )
    print(f"model        {name} on {outliner.device.words}")
    for note in study.notes:
        print(f"note         {note}")
    for warning in warnings:
        print(f"warning      {warning}")
    print("This outline is proposed, not confirmed: check it before you use it. Research use only.")
    return 0


def _refuse_withheld(chosen: argparse.Namespace, frame: Frame, mask: NDArray[np.bool_] | None = None) -> None:
    """Refuse a frame, or an outline on it, for which the guard would withhold the AI result.

    Raises:
        UserError: the guard would withhold it.
    """
    if why := withheld_because(check_origin(frame, mask)):
        raise UserError(f"No outline is proposed on {chosen.image.name}; {chosen.out} was not written. {why}")


def _json_object(proposal: Proposal) -> dict[str, Any]:
    """Return a proposal for `--json`; its box is left, top, right, bottom in pixels, the last two exclusive."""
    down, across = np.flatnonzero(proposal.mask.any(1)), np.flatnonzero(proposal.mask.any(0))
    return {
        "confidence": proposal.confidence,
        "area_px": int(proposal.mask.sum()),
        "box": [int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1],
    }


def _box(text: str, shape: tuple[int, int]) -> Box:
    """Return the box that `x0,y0,x1,y1` names on a frame of `shape`, as (top, left, bottom, right).

    Raises:
        UserError: the text is not a box, or the box is not on the frame.
    """
    rows, columns = shape
    try:
        left, top, right, bottom = (int(number) for number in text.split(","))
    except ValueError as problem:
        raise UserError(
            f"{text!r} is not a box.", "Give four whole numbers: left, top, right, bottom, such as 120,80,260,190."
        ) from problem
    if not (0 <= left < right <= columns and 0 <= top < bottom <= rows):
        raise UserError(
            f"The box {text} does not lie on the image of {columns} x {rows} pixels.",
            f"Left and right go from 0 to {columns}, top and bottom from 0 to {rows}; left < right and top < bottom.",
        )
    return top, left, bottom, right
