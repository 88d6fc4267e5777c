"""What a report says of one reading, once and as data; its writers only lay it out."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from csamoe_desktop import __version__
from csamoe_desktop.assessment import Assessment, categorise
from csamoe_desktop.lesion.calipers import Caliper, numbered
from csamoe_desktop.lesion.margin import Margin, describe_margin
from csamoe_desktop.lesion.mask import LesionMask
from csamoe_desktop.lesion.measure import Size, measure
from csamoe_desktop.lesion.regions import Part
from csamoe_desktop.networks.cards import Evaluation, ModelCard, Thresholds
from csamoe_desktop.report.own_read import ReadRecord
from csamoe_desktop.report.reasons import EXPERTS, Reasons, change_words, probability_words, range_words, reasons
from csamoe_desktop.study.model import Frame, StudyFacts

NOTICE = "Research use only"
MANAGEMENT = "Management must not rest solely on this output"
ROUTING = "A gate weight is routing, not evidence: it says how much an expert was listened to, not what it found."
NOT_GIVEN = "not given"
NONE_GIVEN = "None given."
WARNINGS = "Warnings and notes"

_SHORT_HASH = 12


@dataclass(frozen=True, slots=True, eq=False)
class ReportInput:
    """All that a report is made from.

    Attributes:
        study_name: the study's file name, without its folder.
        facts: what the file says of patient and study.
        frame, frame_count: the frame that was read, of how many.
        mask: the lesion, of the frame's shape.
        assessment: the reading of that mask on that frame.
        reader: the reader's name, or "".
        comment: the reader's free text, or "".
        created: when the report is made; the only clock in it.
        notes: what the user was told about how the study was read, one sentence each.
        prevalence: the share of malignant lesions where the reader works, 0..1, or None.
        reads: the reader's own read, and what is to be told of how it came about; None where there is none.
        calipers: the distances the reader measured on the frame, number 1 first.
    """

    study_name: str
    facts: StudyFacts
    frame: Frame
    frame_count: int
    mask: LesionMask
    assessment: Assessment
    reader: str
    comment: str
    created: datetime
    notes: tuple[str, ...] = ()
    prevalence: float | None = None
    reads: ReadRecord | None = None
    calipers: tuple[Caliper, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A label and what it says."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Section:
    """A titled group of lines."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """The calibrated probability of the positive class with the thresholds that divide the categories: each as a
    number in 0..1 and as it is written; and, once it is known, the range it has with other contours."""

    probability: float
    benign_below: float
    suspicious_from: float
    probability_words: str
    benign_below_words: str
    suspicious_from_words: str
    reach: tuple[float, float] | None = None
    reach_words: str = ""


@dataclass(frozen=True, slots=True)
class GateShare:
    """An expert's share in the fused feature, 0..1 and as it is written; what the probability does without the expert,
    such as "-0.21", or "" where that is not known; and where in its network it looked, or ""."""

    expert: str
    share: float
    words: str
    left_out: str = ""
    stages: str = ""


@dataclass(frozen=True, slots=True)
class ReportContent:
    """What the report says, top to bottom. `identity` names patient and study on every further page; `warnings` are
    those of the reading, and what was guessed or changed in the study and in the outline; `shape` goes on with `lesion`,
    where there is room for it."""

    title: str
    notice: str
    made: str
    identity: str
    patient: Section
    study: Section
    category: str
    positive: str
    scale: Scale
    thresholds: str
    gates: tuple[GateShare, ...]
    gates_note: str
    reasons: Reasons
    lesion: Section
    shape: Section
    model: Section
    weights_sha256: str
    warnings: tuple[str, ...]
    own: Section
    comment: str
    reader: str
    intended_use: str
    limits: tuple[str, ...]
    management: str

    def text(self) -> str:
        """Return the report as plain text, for the clipboard: no tabs, and of our own words none outside Latin-1."""
        reading = Section(
            "AI reading",
            (
                Line("Category", self.category),
                Line(f"Probability of {self.positive}", self.scale.probability_words),
                Line("Thresholds", self.thresholds),
                *((Line("With other contours", self.scale.reach_words),) if self.scale.reach_words else ()),
                *(
                    Line(f"Gate, {gate.expert}", gate.words + (f"; left out: {gate.left_out}" if gate.left_out else ""))
                    for gate in self.gates
                ),
            ),
        )
        lesion = Section(self.lesion.title, (*self.lesion.lines, *self.shape.lines))
        parts = [f"{self.title}\n{self.notice}. {self.management}.\n{self.made}"]
        for section in (self.patient, self.study, reading, lesion, self.model):
            notes = (self.gates_note, *self.reasons.sentences()) if section is reading else ()
            lines = (f"  {line.label}: {line.value}" for line in section.lines)
            parts.append("\n".join([section.title, *lines, *(f"  {note}" for note in notes)]))
        parts.append("\n".join([WARNINGS, *(f"  {one}" for one in self.warnings or ("None.",))]))
        if self.own.lines:
            parts.append("\n".join([self.own.title, *(f"  {line.label}: {line.value}" for line in self.own.lines)]))
        parts.append(f"Reader's comment\n{self.comment}\nReader: {self.reader or NOT_GIVEN}")
        limits = (f"  {line}" for line in (self.intended_use, *self.limits))
        parts.append("\n".join(["Intended use and limits", *limits]))
        parts.append(f"{self.notice}. {self.management}.")
        return "\n\n".join(parts) + "\n"


def content(given: ReportInput) -> ReportContent:
    """Return what the report of `given` says.

    Raises:
        UserError: the mask is empty.
    """
    facts, card, assessment = given.facts, given.assessment.card, given.assessment
    positive = "malignancy" if card.positive == "malignant" else card.positive
    scale, digits = _scale(assessment)
    chosen_on = f"; chosen on {card.thresholds.chosen_on}" if card.thresholds.chosen_on else ""
    gates = assessment.prediction.gates
    # A model that reads the whole image may have read an unmarked one.
    marked = card.needs_outline or bool(given.mask.pixels.any())
    size = measure(given.mask.pixels, given.frame.spacing) if marked else None
    return ReportContent(
        title="Breast ultrasound: second reading of one lesion",
        notice=NOTICE,
        made=f"Made {_clock(given.created)} with CSA-MoE Desktop {__version__}",
        identity=" · ".join(
            _said(text) for text in (facts.patient_name, facts.patient_id, facts.study_date, facts.accession)
        ),
        patient=_patient(facts),
        study=_study(given),
        category=assessment.category.value.capitalize(),
        positive=positive,
        scale=scale,
        thresholds=f"likely benign below {scale.benign_below_words}, suspicious from {scale.suspicious_from_words}"
        + _clean(chosen_on),
        gates=tuple(_gate(assessment, name) for name in sorted(gates, key=_expert_order)),
        gates_note=ROUTING,
        reasons=reasons(assessment, digits, given.prevalence),
        lesion=_lesion(given, size),
        shape=_shape(size, describe_margin(given.mask.pixels, given.frame.spacing)) if size else Section("", ()),
        model=_model(card, assessment.device),
        weights_sha256=card.sha256,
        warnings=tuple(dict.fromkeys(_clean(one) for one in (*assessment.warnings, *given.notes, *given.mask.notes))),
        own=_section("Reader's own read", *(given.reads.lines() if given.reads else ())),
        comment=_clean(given.comment, keep_lines=True) or NONE_GIVEN,
        reader=_clean(given.reader),
        intended_use=_clean(card.intended_use),
        limits=tuple(_clean(limit) for limit in card.limits),
        management=MANAGEMENT,
    )


def report_file_name(given: ReportInput) -> str:
    """Return a file name to suggest for the report, such as "IM0003-report.pdf"; it never holds the patient's name."""
    name = PurePath(given.study_name)
    # A DICOM file is often named by its UID alone: what follows the last dot is then no suffix.
    stem = name.name if name.suffix[1:].isdigit() else name.stem
    return f"{stem or 'lesion'}-report.pdf"


def _scale(assessment: Assessment) -> tuple[Scale, int]:
    """Return the scale, with as many digits as keep the written numbers from contradicting the category, and these."""
    probability, thresholds = assessment.prediction.probability, assessment.card.thresholds
    contour = assessment.contour
    below, above = thresholds.benign_below, thresholds.suspicious_from
    category = categorise(probability, thresholds)
    for digits in (2, 3, 4):
        written = Thresholds(round(below, digits), round(above, digits))
        agrees = categorise(round(probability, digits), written) == category
        if agrees and 0 < written.benign_below and written.suspicious_from < 1:
            break
    scale = Scale(
        probability=probability,
        benign_below=below,
        suspicious_from=above,
        probability_words=probability_words(probability, digits),
        benign_below_words=f"{below:.{digits}f}",
        suspicious_from_words=f"{above:.{digits}f}",
        reach=(contour.low, contour.high) if contour else None,
        reach_words=range_words(contour, digits) if contour else "",
    )
    return scale, digits


def _gate(assessment: Assessment, name: str) -> GateShare:
    prediction, explanation = assessment.prediction, assessment.explanation
    share, stages = prediction.gates[name], prediction.stage_attention.get(name, ())
    left_out = explanation.left_out.get(name) if explanation else None
    return GateShare(
        expert=EXPERTS.get(name, name.capitalize()),
        share=share,
        words=f"{100 * share:.0f} %",
        left_out="" if left_out is None else change_words(left_out, prediction.probability),
        stages=" ".join(f"{stage:.2f}" for stage in stages) if any(stages) else "",
    )


def _patient(facts: StudyFacts) -> Section:
    return _section(
        "Patient",
        ("Patient", facts.patient_name),
        ("Patient ID", facts.patient_id),
        ("Born", facts.birth_date),
        ("Sex", facts.sex),
        ("Side", facts.laterality),
        ("Institution", facts.institution),
    )


def _study(given: ReportInput) -> Section:
    return _section(
        "Study",
        ("Study date", given.facts.study_date),
        ("Study", given.facts.study_description),
        ("Accession", given.facts.accession),
        ("Scanner", given.facts.device),
        ("File", given.study_name),
        ("Frame", f"{given.frame.index + 1} of {given.frame_count}"),
    )


def _lesion(given: ReportInput, size: Size | None) -> Section:
    regions, mask = given.assessment.regions, given.mask
    if size is None:
        said = (("Outline", "none is marked"), ("Read from", "the whole frame, as this model does"))
        return _section("Lesion", *said, *_calipers(given))
    side = regions.image.shape[0]
    lines = [
        ("Size", f"{size.diameters()}, area {size.area_words()}"),
        ("Size from", size.source),
        *_calipers(given),
        ("Outline", f"{mask.author.value} ({mask.source})" if mask.source else mask.author.value),
        ("Read from", _part_words(regions.part, given.frame.shape)),
    ]
    if not given.assessment.card.needs_outline:
        return _section("Lesion", *lines)
    eroded = f"outline eroded {_times(regions.erosions)}" if regions.erosions else "the outline itself, not eroded"
    return _section(
        "Lesion",
        *lines,
        ("Core", f"{eroded}, {int(regions.core.sum())} px at {side} x {side}"),
        ("Boundary", f"dilated {_times(regions.dilations)}, less the lesion, {int(regions.boundary.sum())} px"),
    )


def _calipers(given: ReportInput) -> list[tuple[str, str]]:
    """Return the distances measured by hand, or no line where none was."""
    if not given.calipers:
        return []
    spacing = given.frame.spacing
    source = spacing.words if spacing else "the image is not calibrated"
    return [("Calipers", f"{numbered(given.calipers, spacing)} ({source})")]


def _shape(size: Size, margin: Margin) -> Section:
    return _section(
        "Shape of the outline",
        ("To the skin", size.height_words()),
        ("Perimeter", size.outline_words().removeprefix("perimeter ")),
        ("Margin", margin.words()),
        ("Radial length", margin.radial_words()),
    )


def _part_words(part: Part, frame_shape: tuple[int, int]) -> str:
    if part == (0, 0, *frame_shape):
        return "the whole frame"
    return f"a part of {part.right - part.left} x {part.bottom - part.top} px around the lesion"


def _model(card: ModelCard, device: str) -> Section:
    return _section(
        "Model",
        ("Model", card.title),
        ("Version", f"{card.name} {card.version}, weights {card.sha256[:_SHORT_HASH]}"),
        ("Trained on", card.training.data),
        ("AUC", _auc(card.evaluations)),
        ("Computed on", device),
    )


def _auc(evaluations: tuple[Evaluation, ...]) -> str:
    """Return the area under the ROC curve of the first evaluation that has one: a card names the held-out test first."""
    for told in evaluations:
        if figure := told.metrics.get("auc"):
            of = (
                f"{told.images} images of {told.groups} patients"
                if told.groups != told.images
                else f"{told.images} images"
            )
            return f"{figure.value:.3f} (95 % interval {figure.low:.3f} to {figure.high:.3f}), {of}; {told.data}"
    return ""


def _section(title: str, *lines: tuple[str, str]) -> Section:
    return Section(title, tuple(Line(label, _said(value)) for label, value in lines))


def _expert_order(name: str) -> tuple[int, str]:
    order = list(EXPERTS)
    return (order.index(name) if name in order else len(order)), name


def _said(value: str) -> str:
    return _clean(value) or NOT_GIVEN


def _clean(text: str, keep_lines: bool = False) -> str:
    """Return `text` without control characters (a file may hold any), on one line unless `keep_lines`."""
    lines = [
        " ".join("".join(" " if unicodedata.category(one) in ("Cc", "Cs") else one for one in line).split())
        for line in text.splitlines()
    ]
    return "\n".join(lines).strip("\n") if keep_lines else " ".join(line for line in lines if line)


def _clock(moment: datetime) -> str:
    zone = moment.strftime("%z")
    return f"{moment:%Y-%m-%d %H:%M}" + (f" {zone[:3]}:{zone[3:5]}" if zone else "")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
