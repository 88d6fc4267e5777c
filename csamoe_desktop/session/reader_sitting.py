"""One sitting of the reader with one lesion: what was said when, and for how long it was looked at."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from csamoe_desktop.inference.predictor import Prediction
from csamoe_desktop.reader.assessment import Assessment, AssessmentRecord, assessment_from
from csamoe_desktop.study.scale import Scale

Said = tuple[Assessment, Assessment | None, bool, bool, bool, bool]


@dataclass(slots=True, eq=False)
class ReaderSitting:
    """One sitting with one lesion.

    Attributes:
        assessment: what the reader says now.
        measured_on: the mask's version and the scale that what was confirmed was measured with.
        first: what the reader said when the AI's reading was shown; None where nothing was.
        asked, skipped: as in `AssessmentRecord`.
        ready: the reader has done what lifts the veil.
        shown: the AI's reading has been shown.
        first_seconds, final_seconds: in view before and after that.
        waited_since, ai_seconds: since when the reader waits for the AI's reading, and how long it took.
        seen: the prediction there was as the waiting began.
        sitting, begun: what the store's row is called, and when it began.
        reopened: it was begun before the image was opened this time.
        scale_then: the millimetres a pixel (row, column) that what was confirmed was measured with, until `go_on`.
    """

    assessment: Assessment = field(default_factory=Assessment)
    measured_on: tuple[int, Scale] | None = None
    first: Assessment | None = None
    asked: bool = False
    skipped: bool = False
    ready: bool = False
    shown: bool = False
    first_seconds: float = 0.0
    final_seconds: float = 0.0
    waited_since: float | None = None
    ai_seconds: float | None = None
    seen: Prediction | None = None
    sitting: str = field(default_factory=lambda: uuid.uuid4().hex)
    begun: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    reopened: bool = False
    scale_then: tuple[float, ...] | None = None

    @property
    def said(self) -> Said | None:
        """What of it outlives the program, the times aside; None where nothing was said or shown."""
        if self.assessment.untouched and self.first is None and not (self.shown or self.skipped):
            return None
        return self.assessment, self.first, self.asked, self.skipped, self.ready, self.shown

    def to_dict(self) -> dict[str, Any]:
        """Return it as the store holds it beside the lesion."""
        spacing = self.measured_on[1].common if self.measured_on else None
        scale = (spacing.row, spacing.column) if spacing is not None and spacing.in_mm else self.scale_then
        return {
            "own": self.assessment.to_dict(),
            "first": None if self.first is None else self.first.to_dict(),
            "asked": self.asked,
            "skipped": self.skipped,
            "ready": self.ready,
            "shown": self.shown,
            "seconds": [self.first_seconds, self.ai_seconds, self.final_seconds],
            "sitting": self.sitting,
            "begun": self.begun,
            "spacing": list(scale) if scale and self.assessment.measured else None,
        }

    def record(self) -> AssessmentRecord:
        """Return how it came about, as reports and the store hold it: before the AI's reading is shown, what is said is
        the first read, and there is no final one."""
        before = self.assessment if self.assessment.given else None
        return AssessmentRecord(
            first=self.first if self.shown else before,
            final=self.assessment if self.shown else Assessment(),
            asked=self.asked,
            skipped=self.skipped,
            first_seconds=self.first_seconds,
            ai_seconds=self.ai_seconds,
            final_seconds=self.final_seconds if self.shown else None,
        )


def sitting_from(told: dict[str, Any]) -> ReaderSitting:
    """Return the sitting that `to_dict` told, to be gone on with on another day.

    Raises:
        UserError: it is in the terms of a lexicon that is not known here.
        ValueError: it is spoilt.
    """
    try:
        own, first = assessment_from(told["own"]), told["first"]
        took, ai, after = told["seconds"]
        scale = told["spacing"]
        return ReaderSitting(
            assessment=own,
            first=None if first is None else assessment_from(first),
            asked=bool(told["asked"]),
            skipped=bool(told["skipped"]),
            ready=bool(told["ready"]),
            shown=bool(told["shown"]),
            first_seconds=float(took),
            ai_seconds=None if ai is None else float(ai),
            final_seconds=float(after),
            sitting=str(told["sitting"]),
            begun=str(told["begun"]),
            reopened=True,
            scale_then=None if scale is None else (float(scale[0]), float(scale[1])),
        )
    except (KeyError, TypeError, AttributeError, IndexError) as problem:
        raise ValueError(f"an assessment that cannot be read: {problem}") from problem


def go_on(read: ReaderSitting, version: int, scale: Scale) -> None:
    """Go on with a sitting of another day as its lesion comes to hand, with the mask's `version` and the scale there is.

    It is the outline that was measured then. Where the image has another scale by now, what was measured and confirmed
    does not hold any more; a calibration by hand that is gone was the reader's, and what it gave stays.
    """
    if not read.reopened or read.measured_on is not None:
        return
    spacing = scale.common
    if read.scale_then is not None and spacing.in_mm and not _alike(read.scale_then, (spacing.row, spacing.column)):
        read.assessment = read.assessment.without_measured()
    read.measured_on = version, scale


def _alike(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return len(one) == len(other) and all(abs(a - b) <= 1e-6 * abs(b) for a, b in zip(one, other, strict=True))
