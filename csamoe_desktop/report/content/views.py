"""What a report of several readings says beyond them: a list of the lesions, and for each what its views come to."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from csamoe_desktop.assess import Category
from csamoe_desktop.names import shown_name
from csamoe_desktop.read_views import CombinedResult, read_views
from csamoe_desktop.reader.examination import Examination
from csamoe_desktop.report.content.blocks import NOT_GIVEN, Line, ReportContent, Scale, Section
from csamoe_desktop.report.content.contradictions import in_document
from csamoe_desktop.report.content.disagreement import disagreement
from csamoe_desktop.report.content.lesion_size import LesionSize, lesion_size
from csamoe_desktop.report.content.lesion_words import called, described_place, ordinal, view_words
from csamoe_desktop.report.content.sections import capital, clean, content, make_scale, positive_words
from csamoe_desktop.report.document import LesionViews, Report, ReportInput
from csamoe_desktop.wording import Wording, load_wording

_OF_THE_AI = ("reading", "experts", "reasons", "model", "limits")
NOT_TOGETHER = "The views were read by different models, so they are not read together."


@dataclass(frozen=True, slots=True)
class TogetherContent:
    """What is said of the views read together: category and scale as of one reading, what each view reads, and whether
    they agree, in one sentence."""

    category: str
    positive: str
    scale: Scale
    each: Section
    agreement: str
    agree: bool


@dataclass(frozen=True, slots=True)
class LesionContent:
    """What is said of one lesion.

    Attributes:
        title, place: what it is called and where it lies ("" where the reader has not said so).
        size, size_from: over all its views, and which of them gave what ("" of a single view).
        own: the reader's own category, or "not given".
        category, probability: of the AI: of the views together, said to disagree where they do, or of each, parted by a
            stroke.
        findings: all this as a section, under `title`.
        views: its readings, with their headings.
        differs: that reader and AI differ, or "".
        together: what they come to; None of a single view, or where they cannot be read together.
        apart: why they cannot be, or "".
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
    """What a document says before its readings (`first` is the first of them), and its lesions. `examination` has no lines
    where nothing is to be said of it."""

    title: str
    first: ReportContent
    patient: Section
    study: Section
    examination: Section
    lesions: tuple[LesionContent, ...]
    headings: tuple[str, ...]
    """Of the list of lesions."""
    notes: tuple[str, ...] = ()
    """Which marked lesions it does not hold; these are among the warnings of the first reading."""
    own_only: bool = False

    def rows(self) -> tuple[tuple[str, ...], ...]:
        """Return the list of lesions: one row each, under `headings`."""
        rows = ((one.title, one.place, one.size, one.own, one.category, one.probability) for one in self.lesions)
        return tuple(row[:4] if self.own_only else row for row in rows)

    @property
    def listed(self) -> bool:
        """Whether there are several lesions, so that they are listed."""
        return len(self.lesions) > 1


def document_content(report: Report, say: Wording) -> DocumentContent:
    """Return what a document says.

    Raises:
        UserError: a mask is empty.
    """
    if report.own_only:
        report = _without_ai(report)
    lesions = report.lesions()
    several = len(report.readings) > 1
    against = in_document(report, say)
    made = tuple(
        _lesion(one, title, several, report.letterhead.institution, [against[place] for place in one.places], say)
        for one, title in zip(lesions, _titles(lesions, say), strict=True)
    )
    notes = _left_out(report, say)
    if notes:
        made = (_noting(made[0], notes), *made[1:])
    contents = [view for lesion in made for view in lesion.views]
    title = contents[0].title
    if len(lesions) > 1:
        title = say("Breast ultrasound: second reading of {count} lesions", count=len(lesions))
    if report.own_only:
        title = say("Breast ultrasound: the reader's assessment")
        made = tuple(_own_only(one, title) for one in made)
        contents = [view for lesion in made for view in lesion.views]
    return DocumentContent(
        title=title,
        first=contents[0],
        patient=_shared([one.patient for one in contents]),
        study=_shared([one.study for one in contents]),
        examination=_examination(report.examination, say),
        lesions=made,
        headings=(
            say("Lesion"),
            say("Place"),
            say("Size"),
            say("Own category"),
            say("AI category"),
            say("Probability of {what}", what=contents[0].positive),
        ),
        notes=notes,
        own_only=report.own_only,
    )


def document_wording(report: Report) -> Wording:
    """Return the wording of a report's language; without the sections of the AI where it says nothing of that.

    Raises:
        UserError: the template is not in order.
    """
    say = load_wording(report.language)
    if not report.own_only:
        return say
    rows = (tuple(name for name in row if name not in _OF_THE_AI) for row in say.rows)
    return dataclasses.replace(say, rows=tuple(row for row in rows if row))


def _without_ai(report: Report) -> Report:
    """Return a report with readings that hold neither the AI's warnings nor how the reader's read came about beside it."""
    readings = tuple(
        dataclasses.replace(
            one,
            ai_result=dataclasses.replace(one.ai_result, warnings=()),
            reads=None if one.reads is None else one.reads.final_only(),
        )
        for one in report.readings
    )
    return dataclasses.replace(report, readings=readings)


def _own_only(lesion: LesionContent, title: str) -> LesionContent:
    kept = tuple(line for line in lesion.findings.lines if line.value != lesion.differs or not lesion.differs)
    return dataclasses.replace(
        lesion,
        together=None,
        apart="",
        differs="",
        findings=Section(lesion.findings.title, kept),
        views=tuple(dataclasses.replace(one, title=title, differs="") for one in lesion.views),
    )


def _left_out(report: Report, say: Wording) -> tuple[str, ...]:
    """Return what a report says of the marked lesions that it does not hold."""
    told = []
    for chosen in (False, True):
        lesions = say("; ").join(
            say(
                "{lesion} in {where}",
                lesion=called(one.description, one.number, say),
                where=say.listed(
                    (
                        shown_name(one.study_name),
                        say("frame {number}", number=one.frame + 1) if one.frame_count > 1 else "",
                    )
                ),
            )
            for one in report.left_out
            if one.chosen is chosen
        )
        if lesions and chosen:
            told.append(say("Left out of this report by the user: {lesions}.", lesions=lesions))
        elif lesions:
            told.append(say("Marked, but not in this report, as no reading of it holds: {lesions}.", lesions=lesions))
    return tuple(told)


def _noting(lesion: LesionContent, notes: tuple[str, ...]) -> LesionContent:
    """Return what is said of a lesion with notes ahead of the warnings of its first view."""
    first, *others = lesion.views
    first = dataclasses.replace(first, warnings=(*notes, *first.warnings))
    return dataclasses.replace(lesion, views=(first, *others))


def _examination(examination: Examination, say: Wording) -> Section:
    names = {"indication": say("Indication"), "comparison": say("Comparison"), "technique": say("Technique")}
    told = {name: clean(words, keep_lines=True) for name, words in examination.to_dict().items()}
    lines = tuple(
        Line(names[name], words or say(NOT_GIVEN)) for name, words in told.items() if words or name in say.not_given
    )
    return Section(say("Examination"), lines if say.shows("examination") else ())


def _lesion(
    lesion: LesionViews, title: str, several: bool, institution: str, against: Sequence[tuple[str, ...]], say: Wording
) -> LesionContent:
    views = []
    for number, (given, apart) in enumerate(zip(lesion.views, against, strict=True)):
        heading = title if several else ""
        if lesion.several:
            view = view_words(given.description, number, say)
            heading = say("{lesion}, {view}", lesion=title, view=view)
        views.append(dataclasses.replace(content(given, say, apart), heading=heading, institution=institution))
    size = lesion_size(lesion.views)
    together = _together(lesion.views)
    said = _together_content(together, lesion.views, say) if together else None
    categories = dict.fromkeys([said.category] if said else [one.category for one in views])
    category = " / ".join(categories)
    if said is not None and not said.agree:
        category = say("{category} (the views disagree)", category=category)
    place = described_place(_best_described(lesion.views), say)
    size_words = size.words() if size else say("none is marked")
    size_from = _size_from(size, lesion.views, say) if lesion.several and size else ""
    own = " / ".join(_own_categories(lesion.views)) or say(NOT_GIVEN)
    differs = dict.fromkeys([one.differs for one in views if one.differs])
    if together is not None and said is not None:
        finals = [one.reads.final for one in lesion.views if one.reads]
        words = said.scale.probability_words
        differs = dict.fromkeys(filter(None, (disagreement(one, together.category, words, say) for one in finals)))
    told = (
        (say("Place"), place),
        (say("Size"), size_words),
        (say("Size from"), size_from),
        (say("Own category"), own),
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
            [said.scale.probability_words] if said else [one.scale.probability_words for one in views]
        ),
        findings=Section(title, tuple(Line(label, words) for label, words in told if words)),
        views=tuple(views),
        together=said,
        differs=say(" ").join(differs),
        apart=say(NOT_TOGETHER) if lesion.several and said is None else "",
    )


def _together(views: Sequence[ReportInput]) -> CombinedResult | None:
    if len(views) < 2 or len({one.ai_result.card.sha256 for one in views}) > 1:
        return None
    return read_views([one.ai_result for one in views])


def _together_content(together: CombinedResult, views: Sequence[ReportInput], say: Wording) -> TogetherContent:
    card = views[0].ai_result.card
    scale, _ = make_scale(together.probability, together.category, card.thresholds, say=say, digits=together.digits)
    told = zip(together.single, together.categories, strict=True)
    words = (
        say("{category}, {probability}", category=say(category.value), probability=together.words(probability))
        for probability, category in told
    )
    named = (_in_a_sentence(one, place, say) for place, one in enumerate(views))
    return TogetherContent(
        category=capital(say(together.category.value)),
        positive=positive_words(card, say),
        scale=scale,
        each=Section(
            say("Each view by itself"), tuple(Line(capital(name), one) for name, one in zip(named, words, strict=True))
        ),
        agreement=_agreement(together, views, say),
        agree=together.agree,
    )


def _agreement(together: CombinedResult, views: Sequence[ReportInput], say: Wording) -> str:
    """Return in one sentence whether the views agree; the gravest category first where they do not."""
    count = len(views)
    if together.agree:
        agree = "Both views agree: {category}." if count == 2 else "All {count} views agree: {category}."
        return say(agree, count=count, category=say(together.categories[0].value))
    told = []
    for category in reversed(Category):
        names = [
            say(
                "the {ordinal} ({details})",
                ordinal=ordinal(place, say),
                details=say.listed((_plane(one, say), together.words(together.single[place]))),
            )
            for place, one in enumerate(views)
            if together.categories[place] is category
        ]
        if names:
            reads = "{views} reads {category}" if len(names) == 1 else "{views} read {category}"
            told.append(say(reads, views=say(" and ").join(names), category=say(category.value)))
    disagree = "The two views disagree: {what}." if count == 2 else "The {count} views disagree: {what}."
    return say(disagree, count=count, what=say("; ").join(told))


def _size_from(size: LesionSize, views: Sequence[ReportInput], say: Wording) -> str:
    """Return which view gave which dimension, and why there is no third where there is none."""
    first = _in_a_sentence(views[size.first], size.first, say)
    if size.third is not None and size.other is not None:
        other = _in_a_sentence(views[size.other], size.other, say)
        return say(
            "longest and perpendicular from the {first}, third from the {other}, along the skin",
            first=first,
            other=other,
        )
    without = (
        say("no third: no view is said to lie at right angles to it")
        if size.other is None
        else say("no third: both images would have to be calibrated")
    )
    return say("longest and perpendicular from the {first}; {without}", first=first, without=without)


def _in_a_sentence(given: ReportInput, place: int, say: Wording) -> str:
    """Return a view's name within a sentence, such as "first view (radial)"."""
    which, plane = ordinal(place, say), _plane(given, say)
    return say("{what} ({source})", what=which, source=plane) if plane else which


def _plane(given: ReportInput, say: Wording) -> str:
    return say(given.description.view.value) if given.description.view else ""


def _best_described(views: Sequence[ReportInput]) -> ReportInput:
    """Return the view of which the reader has said where it lies: on a second one that is often left out."""
    return next((one for one in views if one.description.place()), views[0])


def _own_categories(views: Sequence[ReportInput]) -> tuple[str, ...]:
    """Return the reader's own categories of the views, each once."""
    return tuple(dict.fromkeys(one.reads.final.category for one in views if one.reads and one.reads.final.category))


def _titles(lesions: Sequence[LesionViews], say: Wording) -> list[str]:
    """Return what the lesions are called. A number is one of its image's: where two would be called alike, the frame is
    added, and the file, and the number, where that is not enough."""
    firsts = [lesion.views[0] for lesion in lesions]
    titles = [called(one.description, one.number, say) for one in firsts]
    told: tuple[Callable[[ReportInput], str], ...] = (
        lambda one: say("frame {number}", number=one.frame.index + 1),
        lambda one: shown_name(one.study_name),
        lambda one: say("Lesion {number}", number=one.number),
    )
    for add in told:
        titles = [
            title if titles.count(title) == 1 else say("{what} ({source})", what=title, source=add(one))
            for title, one in zip(titles, firsts, strict=True)
        ]
    return titles


def _shared(sections: Sequence[Section]) -> Section:
    """Return the lines that all readings have alike."""
    same = set(sections[0].lines).intersection(*(section.lines for section in sections))
    return Section(sections[0].title, tuple(line for line in sections[0].lines if line in same))
