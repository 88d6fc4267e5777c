"""The input of a report: one view of one lesion with its AI result and assessment, and the document of several views."""

from dataclasses import dataclass, field
from datetime import datetime

from csamoe_desktop.assess import AIResult
from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.lesion.description import Description
from csamoe_desktop.lesion.mask import LesionMask
from csamoe_desktop.reader.assessment import AssessmentRecord
from csamoe_desktop.reader.examination import Examination
from csamoe_desktop.report.letterhead import Letterhead
from csamoe_desktop.study.model import Frame, StudyFacts
from csamoe_desktop.study.patients import two_patients

NO_LETTERHEAD = Letterhead()
NO_EXAMINATION = Examination()


@dataclass(frozen=True, slots=True, eq=False)
class ReportInput:
    """All facts of a report on one view of a lesion.

    Attributes:
        study_name: the study's file name, without its folder.
        facts: patient and study as in the file.
        frame, frame_count: the assessed frame, and the number of frames.
        mask: the lesion's mask, of the frame's shape.
        ai_result: the AI result for that mask on that frame.
        reader: the reader's name, or "".
        comment: the reader's free text, or "".
        created: the time of the report; nothing else in a report depends on the clock.
        notes: notes on how the study was opened, one sentence each.
        prevalence: the malignancy rate at the reader's site, 0..1, or None.
        reads: the reader's first and final assessment; None where there is none.
        calipers: the distances measured on the frame, number 1 first.
        description: the lesion's name and location; inputs with the same `identity` are views of one lesion.
        number: the lesion's number on its image, from 1.
    """

    study_name: str
    facts: StudyFacts
    frame: Frame
    frame_count: int
    mask: LesionMask
    ai_result: AIResult
    reader: str
    comment: str
    created: datetime
    notes: tuple[str, ...] = ()
    prevalence: float | None = None
    reads: AssessmentRecord | None = None
    calipers: tuple[Caliper, ...] = ()
    description: Description = field(default_factory=Description)
    number: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class LesionViews:
    """One lesion: its views, and the index (from 0) of each among those of the report."""

    views: tuple[ReportInput, ...]
    places: tuple[int, ...]

    @property
    def several(self) -> bool:
        """Whether there is more than one view."""
        return len(self.views) > 1


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A marked lesion that a report leaves out. `chosen`: the user left it out; otherwise it has no current AI result.
    `frame` counts from 0."""

    description: Description
    number: int
    study_name: str
    frame: int
    frame_count: int
    chosen: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """A report document on one or more views of one patient.

    Attributes:
        readings: the views in the order of the reader's work; views of one lesion need not be adjacent.
        language: a key of `wording.LANGUAGES`.
        letterhead: the institution's name and logo.
        examination: indication, comparison and technique of the whole examination.
        left_out: the marked lesions and views that the report leaves out.
        own_only: the report has the reader's assessment only, nothing of the AI.

    Raises:
        UserError: there is no view, or the views are of different patients.
    """

    readings: tuple[ReportInput, ...]
    language: str = "en"
    letterhead: Letterhead = NO_LETTERHEAD
    examination: Examination = NO_EXAMINATION
    left_out: tuple[LeftOut, ...] = ()
    own_only: bool = False

    def __post_init__(self) -> None:
        if not self.readings:
            raise UserError("There is no AI result to report.", "Mark a lesion and assess it first.")
        # A name can have two spellings: with the same patient ID it gets a warning and is not refused.
        if two_patients([given.facts for given in self.readings]):
            raise UserError("The lesions are of different patients.", "Write a report for each patient.")

    def lesions(self) -> tuple[LesionViews, ...]:
        """Return the lesions with their views: image by image in the order of `readings`, within an image by number."""
        images = list(dict.fromkeys((view.study_name, view.frame.index) for view in self.readings))
        order = sorted(
            range(len(self.readings)),
            key=lambda place: (
                images.index((self.readings[place].study_name, self.readings[place].frame.index)),
                self.readings[place].number,
            ),
        )
        by_identity: dict[str, list[int]] = {}
        for place in order:
            by_identity.setdefault(self.readings[place].description.identity, []).append(place)
        return tuple(
            LesionViews(tuple(self.readings[place] for place in places), tuple(places))
            for places in by_identity.values()
        )


def as_report(given: ReportInput | Report) -> Report:
    """Return `given` as a document; a single view becomes a report in English without a letterhead."""
    return given if isinstance(given, Report) else Report((given,))
