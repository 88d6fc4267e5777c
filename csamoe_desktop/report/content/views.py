"""The content of a report on several lesions or views: the list of lesions, and the combined result of each lesion's views."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from csamoe_desktop.assess import Category
from csamoe_desktop.names import shown_name
from csamoe_desktop.read_views import CombinedResult, read_views
from csamoe_desktop.reader.examination import Examination
from csamoe_desktop.report.content.blocks import NOT_GIVEN, Line, ProbabilityMarks, ReportContent, Section
from csamoe_desktop.report.content.contradictions import in_document
from csamoe_desktop.report.content.disagreement import disagreement
from csamoe_desktop.report.content.lesion_size import LesionSize, lesion_size
from csamoe_desktop.report.content.lesion_words import called, described_place, ordinal, view_words
from csamoe_desktop.report.content.letters import capital, clean
from csamoe_desktop.report.content.result_words import make_scale, positive_words
from csamoe_desktop.report.content.sections import content
from csamoe_desktop.report.document import LesionViews, Report, ReportInput
from csamoe_desktop.wording import Wording, load_wording

_OF_THE_AI = ("reading", "experts", "reasons", "model", "limits")
NOT_TOGETHER = "The views were assessed with different models, so they are not combined."


@dataclass(frozen=True, slots=True)
class TogetherContent:
    """The combined result of several views: category and scale, the result of each view, and a sentence on whether they
    agree. The field names are JSON keys."""

    category: str
    positive: str
    scale: ProbabilityMarks
    each: Section
    agreement: str
    agree: bool


@dataclass(frozen=True, slots=True)
class LesionContent:
    """The content of a report on one lesion.

    Attributes:
        title, place: its name and location ("" where not given).
        size, size_from: over all its views, and which view gave which dimension ("" for a single view).
        own: the reader's category, or "not given".
        category, probability: of the AI: of the views combined, with a note where they disagree; or of each view, separated
            by a slash.
        findings: all of the above as a section under `title`.
        views: the content of each view, with its heading.
        differs: the sentence that reader and AI differ, or "".
        together: the combined result; None for a single view, or where the views cannot be combined.
        apart: why they cannot be combined, or "".
    """

    title: str
    place: str
    size: str
    size_from: str
    own: str
    category: str
    probability: str
    findings: Section
    views: tuple[ReportContent, ...]
    together: TogetherContent | None = None
    apart: str = ""
    differs: str = ""


@dataclass(frozen=True, slots=True)
class DocumentContent:
    """The content of a whole document: its head and its lesions. `first` is the content of the first view; `examination` has
    no lines where there is nothing to print."""

    title: str
    first: ReportContent
    patient: Section
    study: Section
    examination: Section
    lesions: tuple[LesionContent, ...]
    headings: tuple[str, ...]
    """The column headings of the list of lesions."""
    notes: tuple[str, ...] = ()
    """The marked lesions that the document leaves out; also among the warnings of the first view."""
    own_only: bool = False

    def rows(self) -> tuple[tuple[str, ...], ...]:
        """Return the list of lesions: one row each, with the columns of `headings`."""
        rows = (
            (lesion.title, lesion.place, lesion.size, lesion.own, lesion.category, lesion.probability)
            for lesion in self.lesions
        )
        return tuple(row[:4] if self.own_only else row for row in rows)

    @property
    def listed(self) -> bool:
        """Whether there is a list of lesions: there are several."""
        return len(self.lesions) > 1


def document_content(report: Report, say: Wording) -> DocumentContent:
    """Return the content of a document.

    Raises:
        UserError: a mask is empty.
    """
    if report.own_only:
        report = _without_ai(report)
    lesions = report.lesions()
    several = len(report.readings) > 1
    against = in_document(report, say)
    parts = tuple(
        _lesion(lesion, title, several, report.letterhead.institution, [against[place] for place in lesion.places], say)
        for lesion, title in zip(lesions, _titles(lesions, say), strict=True)
    )
    notes = _left_out(report, say)
    if notes:
        parts = (_noting(parts[0], notes), *parts[1:])
    contents = [view for lesion in parts for view in lesion.views]
    title = contents[0].title
    if len(lesions) > 1:
        title = say("Breast ultrasound: second reading of {count} lesions", count=len(lesions))
    if report.own_only:
        title = say("Breast ultrasound: the reader's assessment")
        parts = tuple(_own_only(lesion, title) for lesion in parts)
        contents = [view for lesion in parts for view in lesion.views]
    return DocumentContent(
        title=title,
        first=contents[0],
        patient=_shared([view.patient for view in contents]),
        study=_shared_study([view.study for view in contents], say),
        examination=_examination(report.examination, say),
        lesions=parts,
        headings=(
            say("Lesion"),
            say("Location"),
            say("Size"),
            say("Reader's category"),
            say("AI category"),
            say("Probability of {what}", what=contents[0].positive),
        ),
        notes=notes,
        own_only=report.own_only,
    )


def document_wording(report: Report) -> Wording:
    """Return the wording of a report's language, without the sections on the AI where the report leaves the AI out.

    Raises:
        UserError: the template is invalid.
    """
    say = load_wording(report.language)
    if not report.own_only:
        return say
    rows = (tuple(name for name in row if name not in _OF_THE_AI) for row in say.rows)
    return dataclasses.replace(say, rows=tuple(row for row in rows if row))


def _without_ai(report: Report) -> Report:
    """Return a report without the AI's warnings and without the record of the first assessment."""
    views = tuple(
        dataclasses.replace(
            view,
            ai_result=dataclasses.replace(view.ai_result, warnings=()),
            reads=None if view.reads is None else view.reads.final_only(),
        )
        for view in report.readings
    )
    return dataclasses.replace(report, readings=views)


def _own_only(lesion: LesionContent, title: str) -> LesionContent:
    lines = tuple(line for line in lesion.findings.lines if line.value != lesion.differs or not lesion.differs)
    return dataclasses.replace(
        lesion,
        together=None,
        apart="",
        differs="",
        findings=Section(lesion.findings.title, lines),
        views=tuple(dataclasses.replace(view, title=title, differs="") for view in lesion.views),
    )


def _left_out(report: Report, say: Wording) -> tuple[str, ...]:
    """Return the sentences on the marked lesions that the report leaves out."""
    sentences = []
    for chosen in (False, True):
        lesions = say("; ").join(
            say(
                "{lesion} in {where}",
                lesion=called(left_out.description, left_out.number, say),
                where=say.listed(
                    (
                        shown_name(left_out.study_name),
                        say("frame {number}", number=left_out.frame + 1) if left_out.frame_count > 1 else "",
                    )
                ),
            )
            for left_out in report.left_out
            if left_out.chosen is chosen
        )
        if lesions and chosen:
            sentences.append(say("Left out of this report by the user: {lesions}.", lesions=lesions))
        elif lesions:
            sentences.append(
                say("Marked, but not in this report because there is no current AI result: {lesions}.", lesions=lesions)
            )
    return tuple(sentences)


def _noting(lesion: LesionContent, notes: tuple[str, ...]) -> LesionContent:
    """Return the lesion's content with `notes` before the warnings of its first view."""
    first, *others = lesion.views
    first = dataclasses.replace(first, warnings=(*notes, *first.warnings))
    return dataclasses.replace(lesion, views=(first, *others))


def _examination(examination: Examination, say: Wording) -> Section:
    names = {"indication": say("Indication"), "comparison": say("Comparison"), "technique": say("Technique")}
    texts = {name: clean(text, keep_lines=True) for name, text in examination.to_dict().items()}
    lines = tuple(
        Line(names[name], text or say(NOT_GIVEN)) for name, text in texts.items() if text or name in say.not_given
    )
    return Section(say("Examination"), lines if say.shows("examination") else ())


def _lesion(
    lesion: LesionViews, title: str, several: bool, institution: str, against: Sequence[tuple[str, ...]], say: Wording
) -> LesionContent:
    views = []
    for number, (given, contradictions) in enumerate(zip(lesion.views, against, strict=True)):
        heading = title if several else ""
        if lesion.several:
            view = view_words(given.description, number, say)
            heading = say("{lesion}, {view}", lesion=title, view=view)
        views.append(dataclasses.replace(content(given, say, contradictions), heading=heading, institution=institution))
    size = lesion_size(lesion.views)
    together = _together(lesion.views)
    combined = _together_content(together, lesion.views, say) if together else None
    categories = dict.fromkeys([combined.category] if combined else [view.category for view in views])
    category = " / ".join(categories)
    if combined is not None and not combined.agree:
        category = say("{category} (the views disagree)", category=category)
    place = described_place(_best_described(lesion.views), say)
    size_words = size.words() if size else say("not marked")
    size_from = _size_from(size, lesion.views, say) if lesion.several and size else ""
    own = " / ".join(_own_categories(lesion.views)) or say(NOT_GIVEN)
    differs = dict.fromkeys([view.differs for view in views if view.differs])
    if together is not None and combined is not None:
        finals = [view.reads.final for view in lesion.views if view.reads]
        words = combined.scale.probability_words
        differs = dict.fromkeys(filter(None, (disagreement(final, together.category, words, say) for final in finals)))
    lines = (
        (say("Location"), place),
        (say("Size"), size_words),
        (say("Size from"), size_from),
        (say("BI-RADS"), own),
        (say("Reader and AI"), say(" ").join(differs) if lesion.several else ""),
    )
    return LesionContent(
        title=title,
        place=place,
        size=size_words,
        size_from=size_from,
        own=own,
        category=category,
        probability=" / ".join(
            [combined.scale.probability_words] if combined else [view.scale.probability_words for view in views]
        ),
        findings=Section(title, tuple(Line(label, value) for label, value in lines if value)),
        views=tuple(views),
        together=combined,
        differs=say(" ").join(differs),
        apart=say(NOT_TOGETHER) if lesion.several and combined is None else "",
    )


def _together(views: Sequence[ReportInput]) -> CombinedResult | None:
    if len(views) < 2 or len({view.ai_result.card.sha256 for view in views}) > 1:
        return None
    return read_views([view.ai_result for view in views])


def _together_content(together: CombinedResult, views: Sequence[ReportInput], say: Wording) -> TogetherContent:
    card = views[0].ai_result.card
    scale, _ = make_scale(together.probability, together.category, card.thresholds, say=say, digits=together.digits)
    results = zip(together.single, together.categories, strict=True)
    words = (
        say("{category}, {probability}", category=say(category.value), probability=together.words(probability))
        for probability, category in results
    )
    names = (_in_a_sentence(view, place, say) for place, view in enumerate(views))
    return TogetherContent(
        category=capital(say(together.category.value)),
        positive=positive_words(card, say),
        scale=scale,
        each=Section(
            say("Each view alone"), tuple(Line(capital(name), text) for name, text in zip(names, words, strict=True))
        ),
        agreement=_agreement(together, views, say),
        agree=together.agree,
    )


def _agreement(together: CombinedResult, views: Sequence[ReportInput], say: Wording) -> str:
    """Return a sentence on whether the views agree; the most suspicious category first where they do not."""
    count = len(views)
    if together.agree:
        agree = "Both views agree: {category}." if count == 2 else "All {count} views agree: {category}."
        return say(agree, count=count, category=say(together.categories[0].value))
    groups = []
    for category in reversed(Category):
        names = [
            say(
                "the {ordinal} ({details})",
                ordinal=ordinal(place, say),
                details=say.listed((_plane(view, say), together.words(together.single[place]))),
            )
            for place, view in enumerate(views)
            if together.categories[place] is category
        ]
        if names:
            gives = "{views} gives {category}" if len(names) == 1 else "{views} give {category}"
            groups.append(say(gives, views=say(" and ").join(names), category=say(category.value)))
    disagree = "The two views disagree: {what}." if count == 2 else "The {count} views disagree: {what}."
    return say(disagree, count=count, what=say("; ").join(groups))


def _size_from(size: LesionSize, views: Sequence[ReportInput], say: Wording) -> str:
    """Return which view gave which dimension, and why there is no third dimension if so."""
    first = _in_a_sentence(views[size.first], size.first, say)
    if size.third is not None and size.other is not None:
        other = _in_a_sentence(views[size.other], size.other, say)
        return say(
            "longest and perpendicular from the {first}, third from the {other}, along the skin",
            first=first,
            other=other,
        )
    without = (
        say("no third: no view at right angles to it")
        if size.other is None
        else say("no third: both images must be calibrated")
    )
    return say("longest and perpendicular from the {first}; {without}", first=first, without=without)


def _in_a_sentence(given: ReportInput, place: int, say: Wording) -> str:
    """Return a view's name within a sentence, such as "first view (radial)"."""
    which, plane = ordinal(place, say), _plane(given, say)
    return say("{what} ({source})", what=which, source=plane) if plane else which


def _plane(given: ReportInput, say: Wording) -> str:
    return say(given.description.view.value) if given.description.view else ""


def _best_described(views: Sequence[ReportInput]) -> ReportInput:
    """Return the first view with a location: readers often enter it for one view only."""
    return next((view for view in views if view.description.place()), views[0])


def _own_categories(views: Sequence[ReportInput]) -> tuple[str, ...]:
    """Return the reader's categories of the views, without duplicates."""
    finals = [view.reads.final for view in views if view.reads]
    return tuple(dict.fromkeys(final.category for final in finals if final.category))


def _titles(lesions: Sequence[LesionViews], say: Wording) -> list[str]:
    """Return the titles of the lesions. Lesions are numbered per image, so titles that are the same get the frame added,
    then the file, then the number, until they differ."""
    firsts = [lesion.views[0] for lesion in lesions]
    titles = [called(view.description, view.number, say) for view in firsts]
    additions: tuple[Callable[[ReportInput], str], ...] = (
        lambda view: say("frame {number}", number=view.frame.index + 1),
        lambda view: shown_name(view.study_name),
        lambda view: say("Lesion {number}", number=view.number),
    )
    for add in additions:
        titles = [
            title if titles.count(title) == 1 else say("{what} ({source})", what=title, source=add(view))
            for title, view in zip(titles, firsts, strict=True)
        ]
    return titles


def _shared_study(sections: Sequence[Section], say: Wording) -> Section:
    """Return the study's lines that are the same for all views; a frame is the file's, and stands with it."""
    shared = _shared(sections)
    if any(line.label == say("File") for line in shared.lines):
        return shared
    return Section(shared.title, tuple(line for line in shared.lines if line.label != say("Frame")))


def _shared(sections: Sequence[Section]) -> Section:
    """Return the section's lines that are the same for all views."""
    same = set(sections[0].lines).intersection(*(section.lines for section in sections))
    return Section(sections[0].title, tuple(line for line in sections[0].lines if line in same))
