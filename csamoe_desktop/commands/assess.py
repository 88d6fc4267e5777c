"""Read one lesion: an image, its mask, and the model's second reading, on paper if wanted."""

import argparse
import json
from datetime import datetime
from pathlib import Path

from csamoe_desktop.assessment import Assessment, assess
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.inference.engine import DEVICES
from csamoe_desktop.lesion.formats import read_mask
from csamoe_desktop.lesion.mask import Author, LesionMask
from csamoe_desktop.study.opening import open_study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("image", type=Path, help="DICOM, PNG, JPEG, BMP or TIFF")
    parser.add_argument("--mask", type=Path, required=True, help="the lesion's outline as an image of the same size")
    parser.add_argument("--frame", type=int, default=1, metavar="N", help="of a cine, from 1 (default: 1)")
    parser.add_argument("--model", metavar="NAME", help="a bundle, see `csamoe-desktop models`")
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--report", type=Path, metavar="OUT.pdf", help="write the reading as a PDF report")
    parser.add_argument("--json", action="store_true", help="print the reading as one JSON object")


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    study = open_study(chosen.image)
    if not 1 <= chosen.frame <= study.frame_count:
        raise UserError(
            f"{chosen.image} has no frame {chosen.frame}.", f"Choose a frame from 1 to {study.frame_count}."
        )
    frame = study.frame(chosen.frame - 1)
    read = read_mask(chosen.mask, frame.shape)
    # Importing torch takes seconds: only once the files have been found good.
    from csamoe_desktop.inference.torch_engine import load_predictor

    predictor = load_predictor(find_bundle(chosen.model), chosen.device)
    assessment = assess(frame, read.pixels, predictor)
    if chosen.report:
        from csamoe_desktop.report.content import ReportInput
        from csamoe_desktop.report.pdf import write_pdf

        write_pdf(
            chosen.report,
            ReportInput(
                study_name=study.path.name,
                facts=study.facts,
                frame=frame,
                frame_count=study.frame_count,
                mask=LesionMask(read.pixels, Author.IMPORTED, chosen.mask.name, read.notes),
                assessment=assessment,
                reader="",
                comment="",
                created=datetime.now().astimezone(),
                notes=study.notes,
            ),
        )
    told = {**assessment.to_dict(), "notes": [*study.notes, *read.notes]}
    if chosen.json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        print(_words(assessment, [*study.notes, *read.notes]))
        if chosen.report:
            print(f"report       {chosen.report}")
    return 0


def _words(assessment: Assessment, notes: list[str]) -> str:
    prediction = assessment.prediction
    gates = ", ".join(f"{name} {share:.2f}" for name, share in prediction.gates.items())
    lines = [
        f"reading      {assessment.category.value}, probability of malignancy {prediction.probability:.3f}",
        f"gates        {gates} (routing, not evidence)",
        f"model        {assessment.card.name} {assessment.card.version} on {assessment.device}",
    ]
    lines += [f"note         {note}" for note in notes]
    lines += [f"warning      {warning}" for warning in assessment.warnings]
    return "\n".join([*lines, "Research use only. Management must not rest solely on this output."])
