"""Assess one lesion from an image and its outline; print the AI result or write a report."""

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from csamoe_desktop.assess import AIResult, assess, look_closer
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import find_typed
from csamoe_desktop.inference.engine import DEVICES
from csamoe_desktop.lesion.files.formats import read_mask
from csamoe_desktop.lesion.files.planes import FramePlace
from csamoe_desktop.lesion.mask import Author, LesionMask
from csamoe_desktop.lesion.measure import Size, measure
from csamoe_desktop.names import shown
from csamoe_desktop.networks.cards import ModelCard
from csamoe_desktop.report.content.reasons import change_words, probability_words, range_words, reasons
from csamoe_desktop.report.letterhead import Letterhead
from csamoe_desktop.report.writing import check_paper, check_report
from csamoe_desktop.settings import read_settings
from csamoe_desktop.study.model import Frame, Study
from csamoe_desktop.study.opening import open_study
from csamoe_desktop.wording import LANGUAGES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("image", type=Path, help="DICOM, PNG, JPEG, BMP or TIFF")
    parser.add_argument(
        "--mask",
        type=Path,
        help="the outline as a mask file: an image, labelme, COCO, NIfTI or NumPy; some models need none",
    )
    parser.add_argument(
        "--frame", type=int, default=1, metavar="N", help="frame of a cine, counted from 1 (default: 1)"
    )
    parser.add_argument("--model", metavar="NAME", help="the model to use; `csamoe-desktop models` lists them")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="compute device (default: auto)")
    parser.add_argument(
        "--report", type=Path, metavar="OUT.pdf", help="write a report; the suffix selects PDF, .json or .txt"
    )
    parser.add_argument(
        "--language", choices=tuple(LANGUAGES), help="language of the report (default: as in the settings, or English)"
    )
    parser.add_argument("--json", action="store_true", help="print the AI result as one JSON object")


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    settings, damage = read_settings()
    if damage:
        print(shown(damage), file=sys.stderr)
    language, letterhead = chosen.language or settings.report_language, Letterhead(settings.institution, settings.logo)
    if chosen.report:
        check_paper(chosen.report, language, letterhead)
        check_report(chosen.report, [file for file in (chosen.image, chosen.mask) if file])
    study = open_study(chosen.image)
    if not 1 <= chosen.frame <= study.frame_count:
        raise UserError(
            f"{chosen.image} has no frame {chosen.frame}.", f"Choose a frame from 1 to {study.frame_count}."
        )
    frame = study.frame(chosen.frame - 1)
    bundle = find_typed(chosen.model)
    mask = _mask(chosen.mask, frame, study, bundle.card)
    # Importing torch takes seconds, so the input files are checked first.
    from csamoe_desktop.inference.loading import load_predictor

    predictor = load_predictor(bundle, chosen.device)
    outline = mask.pixels if mask.pixels.any() else None
    ai_result = look_closer(frame, outline, predictor, assess(frame, outline, predictor))
    prevalence = settings.malignancy_rate
    if chosen.report:
        from csamoe_desktop.report.document import Report, ReportInput
        from csamoe_desktop.report.writing import write_report

        lesion = ReportInput(
            study_name=study.name,
            facts=study.facts,
            frame=frame,
            frame_count=study.frame_count,
            mask=mask,
            ai_result=ai_result,
            reader="",
            comment="",
            created=datetime.now().astimezone(),
            notes=study.notes,
            prevalence=prevalence,
        )
        if unsigned := write_report(chosen.report, Report((lesion,), language, letterhead)):
            print(unsigned, file=sys.stderr)
    notes = [*study.notes, *mask.notes]
    size = None if outline is None else measure(outline, frame.scale)
    if chosen.json:
        document = {**ai_result.to_dict(), "size": None if size is None else _size(size), "notes": notes}
        print(json.dumps(document, ensure_ascii=False))
    else:
        print(_text(ai_result, size, notes, prevalence))
        if chosen.report:
            print(f"report       {shown(chosen.report)}")
    return 0


def _mask(file: Path | None, frame: Frame, study: Study, card: ModelCard) -> LesionMask:
    """Return the mask in `file`, or an empty mask if there is no file and the model needs no outline.

    Raises:
        UserError: the file cannot be read, or the model needs an outline and there is no file.
    """
    if file is not None:
        place = FramePlace(frame.index, study.frame_count)
        read = read_mask(file, frame.shape, image=study.path.name, frame=place)
        return LesionMask(read.pixels, Author.IMPORTED, file.name, read.notes)
    if card.needs_outline:
        raise UserError(f"{card.name} needs an outline of the lesion.", "Give it with --mask.")
    return LesionMask(np.zeros(frame.shape, bool), Author.NONE)


def _size(size: Size) -> dict[str, Any]:
    """Return a lesion's size for `--json`: lengths in `unit`; `source` says where the scale comes from."""
    figures = {name: getattr(size, name) for name in ("longest", "across", "height", "width", "area")}
    return {**figures, "unit": size.unit, "source": size.source}


def _text(ai_result: AIResult, size: Size | None, notes: list[str], prevalence: float | None) -> str:
    """Return the AI result as the lines that are printed without `--json`."""
    prediction = ai_result.prediction
    gates = ", ".join(f"{name} {share:.2f}" for name, share in prediction.gates.items())
    explanation, outline_range = ai_result.explanation, ai_result.contour
    lines = [
        f"AI result    {ai_result.category.value}, probability of malignancy {prediction.probability:.3f}",
        f"gate shares  {gates} (routing, not evidence)",
    ]
    if explanation is not None and explanation.left_out:
        changes = (f"{name} {change_words(p, prediction.probability)}" for name, p in explanation.left_out.items())
        lines.append(f"without      {', '.join(changes)}")
    if outline_range is not None:
        median = probability_words(outline_range.median, 3)
        lines.append(f"range        {range_words(outline_range, 3)} with other outlines, median {median}")
    lines += [f"reason       {sentence}" for sentence in reasons(ai_result, 3, prevalence).sentences()]
    lines.append(f"model        {ai_result.card.name} {ai_result.card.version} on {ai_result.device}")
    if size is not None:
        lines.append(f"size         {size.words()}")
    lines += [f"note         {note}" for note in notes]
    lines += [f"warning      {warning}" for warning in ai_result.warnings]
    return "\n".join([*lines, "Research use only. Management must not rest solely on this output."])
