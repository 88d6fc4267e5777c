"""What a report is made from: one reading of one lesion on one frame, and the document of several of them."""

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

PLAIN_PAPER = Letterhead()
NOTHING_SAID = Examination()


@dataclass(frozen=True, slots=True, eq=False)
class ReportInput:
    """All that is said of one reading.

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
        description: what the lesion is called and where it lies; readings of one `identity` are views of one lesion.
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
    """One lesion: its readings, one a view, and the place of each (from 0) among those of the report."""

    views: tuple[ReportInput, ...]
    places: tuple[int, ...]

    @property
    def several(self) -> bool:
        """Whether there is more than one view."""
        return len(self.views) > 1


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A marked lesion that a report does not hold: which it is, on what, and whether the user `chose` to leave it out; else
    no reading of it holds."""

    description: Description
    number: int
    study_name: str
    frame: int
    frame_count: int
    chosen: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """A document: the readings it holds, all of one patient, in which language, on whose paper, and what stands at its head.

    Attributes:
        readings: in the order in which the reader went through them; views of one lesion need not be neighbours.
        language: of `wording.LANGUAGES`.
        letterhead: the institution's name and logo.
        examination: indication, comparison and technique, which hold for all of its readings.
        left_out: the marked lesions and views of the examination that it does not hold.
        own_only: it says what the reader says, and nothing of the AI.
    """

    readings: tuple[ReportInput, ...]
    language: str = "en"
    letterhead: Letterhead = PLAIN_PAPER
    examination: Examination = NOTHING_SAID
    left_out: tuple[LeftOut, ...] = ()
    own_only: bool = False

    def __post_init__(self) -> None:
        if not self.readings:
            raise UserError("There is no finished reading to report.", "Mark a lesion and assess it first.")
        # A name may be spelt in two ways: under one number it is said on the paper, not refused.
        if two_patients([given.facts for given in self.readings]):
            raise UserError("The readings are of different patients.", "Report each patient by itself.")

    def lesions(self) -> tuple[LesionViews, ...]:
        """Return the lesions, each with its views: image by image in the order of the readings, on an image by number."""
        images = list(dict.fromkeys((one.study_name, one.frame.index) for one in self.readings))
        order = sorted(
            range(len(self.readings)),
            key=lambda place: (
                images.index((self.readings[place].study_name, self.readings[place].frame.index)),
                self.readings[place].number,
            ),
        )
        found: dict[str, list[int]] = {}
        for place in order:
            found.setdefault(self.readings[place].description.identity, []).append(place)
        return tuple(
            LesionViews(tuple(self.readings[place] for place in places), tuple(places)) for places in found.values()
        )


def as_report(given: ReportInput | Report) -> Report:
    """Return a document: that of the one reading, in English and on plain paper, where it is one."""
    return given if isinstance(given, Report) else Report((given,))
