"""The content of a report on one view of a lesion, as data in the words of a template; the writers only lay it out."""

import math
import unicodedata
from datetime import datetime
from pathlib import PurePath

from csamoe_desktop import __version__
from csamoe_desktop.assess import AIResult, Category, ContourRange, categorise
from csamoe_desktop.lesion.margin import describe_margin
from csamoe_desktop.lesion.measure import measure
from csamoe_desktop.names import fitting_name, shown, shown_name
from csamoe_desktop.networks.cards import Evaluation, ModelCard, Thresholds
from csamoe_desktop.report.content.blocks import (
    MANAGEMENT,
    NONE_GIVEN,
    NOT_GIVEN,
    NOTICE,
    WARNINGS,
    GateShare,
    Line,
    ReportContent,
    Scale,
    Section,
)
from csamoe_desktop.report.content.contradictions import contradictions
from csamoe_desktop.report.content.disagreement import disagreement
from csamoe_desktop.report.content.from_file import file_side_words
from csamoe_desktop.report.content.lesion_words import lesion_lines, shape_lines
from csamoe_desktop.report.content.reasons import EXPERTS, change_words, probability_words, range_words, reasons
from csamoe_desktop.report.document import Report, ReportInput, as_report
from csamoe_desktop.wording import PLAIN, Wording

__all__ = [
    "MANAGEMENT",
    "NONE_GIVEN",
    "NOTICE",
    "NOT_GIVEN",
    "ROUTING",
    "WARNINGS",
    "GateShare",
    "Line",
    "ReportContent",
    "ReportInput",
    "Scale",
    "Section",
    "content",
    "make_scale",
    "report_file_name",
]

ROUTING = "A gate share is routing, not evidence: it says how much weight an expert had, not what it found."

_SHORT_HASH = 12


def content(given: ReportInput, say: Wording = PLAIN, against: tuple[str, ...] | None = None) -> ReportContent:
    """Return the content of a report on one view, in the program's English unless another wording is given.

    `against`: the contradictions of this view in its document; None: only those within the view.

    Raises:
        UserError: the mask is empty.
    """
    facts, card, ai_result = given.facts, given.ai_result.card, given.ai_result
    scale, digits = make_scale(
        ai_result.prediction.probability, ai_result.category, card.thresholds, ai_result.contour, say
    )
    gates = ai_result.prediction.gates
    # A model for the whole image needs no outline, so there may be none.
    marked = card.needs_outline or bool(given.mask.pixels.any())
    size = measure(given.mask.pixels, given.frame.scale) if marked else None
    against = tuple(map(clean, contradictions(given, say) if against is None else against))
    noted = (*ai_result.warnings, *given.notes, *given.mask.notes)
    return ReportContent(
        title=say("Breast ultrasound: second reading of one lesion"),
        notice=say(NOTICE),
        made=say("Created {when} with CSA-MoE Desktop {version}", when=_clock(given.created, say), version=__version__),
        # Identifies a lost sheet: by patient and study, or by the file where it names no patient.
        identity=" · ".join(
            filter(
                None,
                map(
                    clean,
                    (facts.patient_name, facts.patient_id, say.date(facts.study_date), facts.accession),
                ),
            )
        )
        or clean(given.study_name),
        patient=_patient(given, say),
        study=_study(given, say),
        category=capital(say(ai_result.category.value)),
        positive=positive_words(card, say),
        scale=scale,
        thresholds=_thresholds(scale, card.thresholds, say),
        gates=tuple(_gate(ai_result, name, say) for name in sorted(gates, key=_expert_order)),
        gates_note=say(ROUTING),
        reasons=reasons(ai_result, digits, given.prevalence, say),
        lesion=_section(say("Lesion"), say, *lesion_lines(given, size, say)),
        shape=_section(
            say("Shape of the outline"),
            say,
            *shape_lines(size, describe_margin(given.mask.pixels, given.frame.scale), say),
        )
        if size
        else Section("", ()),
        model=_model(card, ai_result.device, say),
        weights_sha256=card.sha256,
        warnings=tuple(dict.fromkeys((*against, *(say.translate(clean(note)) for note in noted)))),
        own=_section(say("Reader's assessment"), say, *(given.reads.lines(say) if given.reads else ())),
        comment=clean(given.comment, keep_lines=True) or say(NONE_GIVEN),
        reader=clean(given.reader),
        intended_use=card_words(card.intended_use, say),
        limits=tuple(card_words(limit, say) for limit in card.limits),
        management=say(MANAGEMENT),
        contradictions=against,
        differs=disagreement(given.reads.final, ai_result.category, scale.probability_words, say)
        if given.reads
        else "",
    )


def report_file_name(given: ReportInput | Report) -> str:
    """Return a suggested file name for the report, such as "IM0003-report.pdf", valid on every file system; it never
    contains the patient's name."""
    name = PurePath(as_report(given).readings[0].study_name)
    # The name of a DICOM file is often its UID: digits after the last dot are not a suffix.
    stem = name.name if name.suffix[1:].isdigit() else name.stem
    return fitting_name(stem, "-report.pdf")


def make_scale(
    probability: float,
    category: Category,
    thresholds: Thresholds,
    contour: ContourRange | None = None,
    say: Wording = PLAIN,
    digits: int | None = None,
) -> tuple[Scale, int]:
    """Return the scale and the number of decimals it is written with; `digits` None: as many as needed for the printed
    numbers to agree with the category."""
    below, above = thresholds.benign_below, thresholds.suspicious_from
    digits = _digits(probability, category, thresholds) if digits is None else digits
    scale = Scale(
        probability=probability,
        benign_below=below,
        suspicious_from=above,
        probability_words=probability_words(probability, digits),
        benign_below_words=f"{below:.{digits}f}",
        suspicious_from_words=f"{above:.{digits}f}",
        reach=(contour.low, contour.high) if contour else None,
        reach_words=range_words(contour, digits, say) if contour else "",
    )
    return scale, digits


def _digits(probability: float, category: Category, thresholds: Thresholds) -> int:
    for digits in (2, 3):
        written = Thresholds(round(thresholds.benign_below, digits), round(thresholds.suspicious_from, digits))
        agrees = categorise(round(probability, digits), written) == category
        if agrees and 0 < written.benign_below and written.suspicious_from < 1:
            return digits
    return 4


def positive_words(card: ModelCard, say: Wording) -> str:
    """Return the name of the event that a model's probability refers to, such as "malignancy"."""
    return say("malignancy") if card.positive == "malignant" else card.positive


def capital(words: str) -> str:
    """Return the text with its first letter capitalised."""
    return words[:1].upper() + words[1:]


def clean(text: str, keep_lines: bool = False) -> str:
    """Return `text` without control characters (a file may hold any), on one line unless `keep_lines`."""
    lines = [
        " ".join(shown("".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in line)).split())
        for line in text.splitlines()
    ]
    return "\n".join(lines).strip("\n") if keep_lines else " ".join(line for line in lines if line)


def card_words(text: str, say: Wording) -> str:
    """Return a text of a model card in the report's language, or quoted in English where there is no translation."""
    english = clean(text)
    translation = say.translate(english)
    has_words = any(letter.isascii() and letter.isalpha() for letter in english)
    if translation != english or say.language == "en" or not has_words:
        return translation
    return say("“{words}” (quoted from the model card)", words=english)


def _thresholds(scale: Scale, thresholds: Thresholds, say: Wording) -> str:
    below, above = scale.benign_below_words, scale.suspicious_from_words
    ranges = say("likely benign below {below}, suspicious from {above}", below=below, above=above)
    return ranges + (
        say("; chosen on {images}", images=card_words(thresholds.chosen_on, say)) if thresholds.chosen_on else ""
    )


def _gate(ai_result: AIResult, name: str, say: Wording) -> GateShare:
    prediction, explanation = ai_result.prediction, ai_result.explanation
    share, stages = prediction.gates[name], prediction.stage_attention.get(name, ())
    left_out = explanation.left_out.get(name) if explanation else None
    return GateShare(
        expert=say(EXPERTS[name]) if name in EXPERTS else name.capitalize(),
        share=share,
        words=f"{100 * share:.0f} %",
        left_out="" if left_out is None else change_words(left_out, prediction.probability),
        stages=" ".join(f"{stage:.2f}" for stage in stages) if any(stages) else "",
    )


def _patient(given: ReportInput, say: Wording) -> Section:
    facts = given.facts
    sides = {entry.side for entry in facts.sides_of(given.frame.index)}
    side = facts.laterality if len(sides) == 1 else ""
    return _section(
        say("Patient"),
        say,
        *(
            (say(label), say("{what} (entered by the user)", what=value) if name in facts.entered and value else value)
            for label, name, value in (
                ("Patient", "patient_name", facts.patient_name),
                ("Patient ID", "patient_id", facts.patient_id),
            )
        ),
        (say("Date of birth"), say.date(facts.birth_date)),
        (say("Sex"), say.translate(facts.sex)),
        (say("Side"), say.translate(side) if side else file_side_words(facts, given.frame.index, say)),
        (say("Institution"), facts.institution),
    )


def _study(given: ReportInput, say: Wording) -> Section:
    return _section(
        say("Study"),
        say,
        (say("Study date"), say.date(given.facts.study_date)),
        (say("Study"), given.facts.study_description),
        (say("Body part"), given.facts.body_part),
        (say("Probe"), given.facts.probe),
        (say("Accession"), given.facts.accession),
        (say("Scanner"), given.facts.device),
        (say("File"), shown_name(given.study_name)),
        (say("Frame"), say("{frame} of {frames}", frame=given.frame.index + 1, frames=given.frame_count)),
    )


def _model(card: ModelCard, device: str, say: Wording) -> Section:
    version = say(
        "{name} {version}, weights {hash}", name=card.name, version=card.version, hash=card.sha256[:_SHORT_HASH]
    )
    return _section(
        say("Model"),
        say,
        (say("Model"), card_words(card.title, say)),
        (say("Version"), version),
        (say("Trained on"), card_words(card.training.data, say)),
        (say("AUC"), _auc(card.evaluations, say) or say(NOT_GIVEN)),
        (say("Compute device"), device),
    )


def _auc(evaluations: tuple[Evaluation, ...], say: Wording) -> str:
    """Return the AUC of the first evaluation that has one with its interval; a card lists the held-out test first."""
    for evaluation in evaluations:
        figure = evaluation.metrics.get("auc")
        if figure is not None and not math.isnan(figure.value + figure.low + figure.high):
            of = (
                "{images} images of {patients} patients"
                if evaluation.groups != evaluation.images
                else "{images} images"
            )
            return say(
                "{auc} (95 % interval {low} to {high}), {images}; {data}",
                auc=f"{figure.value:.3f}",
                low=f"{figure.low:.3f}",
                high=f"{figure.high:.3f}",
                images=say(of, images=evaluation.images, patients=evaluation.groups),
                data=card_words(evaluation.data, say),
            )
    return ""


def _section(title: str, say: Wording, *lines: tuple[str, str]) -> Section:
    """Return a section without the lines that have no value."""
    cleaned = ((label, clean(value)) for label, value in lines)
    return Section(title, tuple(Line(label, value) for label, value in cleaned if value))


def _expert_order(name: str) -> tuple[int, str]:
    order = list(EXPERTS)
    return (order.index(name) if name in order else len(order)), name


def _clock(moment: datetime, say: Wording) -> str:
    zone = moment.strftime("%z")
    return f"{say.date(f'{moment:%Y-%m-%d}')} {moment:%H:%M}" + (f" {zone[:3]}:{zone[3:5]}" if zone else "")
