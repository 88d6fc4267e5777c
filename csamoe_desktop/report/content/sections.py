"""The content of a report on one view of a lesion, as data in the words of a template; the writers only lay it out."""

import math
from datetime import datetime
from pathlib import PurePath

from csamoe_desktop import __version__
from csamoe_desktop.lesion.margin import describe_margin
from csamoe_desktop.lesion.measure import measure
from csamoe_desktop.names import fitting_name, shown_name
from csamoe_desktop.networks.cards import Evaluation, ModelCard
from csamoe_desktop.report.content.blocks import (
    MANAGEMENT,
    NONE_GIVEN,
    NOT_GIVEN,
    NOTICE,
    Line,
    ReportContent,
    Section,
)
from csamoe_desktop.report.content.contradictions import contradictions
from csamoe_desktop.report.content.disagreement import disagreement
from csamoe_desktop.report.content.from_file import file_side_words
from csamoe_desktop.report.content.lesion_words import lesion_lines, shape_lines
from csamoe_desktop.report.content.letters import card_words, clean
from csamoe_desktop.report.content.result_words import ROUTING, result_words, warning_words
from csamoe_desktop.report.document import Report, ReportInput, as_report
from csamoe_desktop.wording import PLAIN, Wording

_SHORT_HASH = 12


def content(given: ReportInput, say: Wording = PLAIN, against: tuple[str, ...] | None = None) -> ReportContent:
    """Return the content of a report on one view, in the program's English unless another wording is given.

    `against`: the contradictions of this view in its document; None: only those within the view.

    Raises:
        UserError: the mask is empty.
    """
    card, ai_result = given.ai_result.card, given.ai_result
    words = result_words(ai_result, given.prevalence, say)
    # A model for the whole image needs no outline, so there may be none.
    marked = card.needs_outline or bool(given.mask.pixels.any())
    size = measure(given.mask.pixels, given.frame.scale) if marked else None
    against = tuple(map(clean, contradictions(given, say) if against is None else against))
    warnings = warning_words(ai_result, (*given.notes, *given.mask.notes), say)
    return ReportContent(
        title=say("Breast ultrasound: second reading of one lesion"),
        notice=say(NOTICE),
        made=say("Created {when} with CSA-MoE Desktop {version}", when=_clock(given.created, say), version=__version__),
        identity=_identity(given, say),
        patient=_patient(given, say),
        study=_study(given, say),
        category=words.category,
        positive=words.positive,
        scale=words.scale,
        thresholds=words.thresholds,
        gates=words.gates,
        gates_note=say(ROUTING),
        reasons=words.reasons,
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
        warnings=tuple(dict.fromkeys((*against, *warnings))),
        own=_section(say("Reader's assessment"), say, *(given.reads.lines(say) if given.reads else ())),
        comment=clean(given.comment, keep_lines=True) or say(NONE_GIVEN),
        reader=clean(given.reader),
        intended_use=card_words(card.intended_use, say),
        limits=tuple(card_words(limit, say) for limit in card.limits),
        management=say(MANAGEMENT),
        contradictions=against,
        differs=disagreement(given.reads.final, ai_result.category, words.scale.probability_words, say)
        if given.reads
        else "",
    )


def _identity(given: ReportInput, say: Wording) -> str:
    """Return what identifies a lost sheet: patient and study, or the file where it names no patient."""
    facts = given.facts
    parts = (facts.patient_name, facts.patient_id, say.date(facts.study_date), facts.accession)
    return " · ".join(filter(None, map(clean, parts))) or clean(given.study_name)


def report_file_name(given: ReportInput | Report) -> str:
    """Return a suggested file name for the report, such as "IM0003-report.pdf", valid on every file system; it never
    contains the patient's name."""
    name = PurePath(as_report(given).readings[0].study_name)
    # The name of a DICOM file is often its UID: digits after the last dot are not a suffix.
    stem = name.name if name.suffix[1:].isdigit() else name.stem
    return fitting_name(stem, "-report.pdf")


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
        (say("Probe position"), given.facts.probe),
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


def _clock(moment: datetime, say: Wording) -> str:
    zone = moment.strftime("%z")
    return f"{say.date(f'{moment:%Y-%m-%d}')} {moment:%H:%M}" + (f" {zone[:3]}:{zone[3:5]}" if zone else "")
