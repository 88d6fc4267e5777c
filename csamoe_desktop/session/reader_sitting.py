"""One sitting of the reader with one lesion: the assessments, their order, and the time spent on each."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from csamoe_desktop.inference.predictor import Prediction
from csamoe_desktop.reader.assessment import Assessment, AssessmentRecord, assessment_from
from csamoe_desktop.study.scale import Scale

SittingState = tuple[Assessment, Assessment | None, bool, bool, bool, bool]


@dataclass(slots=True, eq=False)
class ReaderSitting:
    """One sitting with one lesion.

    Attributes:
        assessment: the reader's assessment now.
        measured_on: the mask's version and the scale of the confirmed measurements.
        first: the assessment when the AI result was first shown; None if there was none.
        asked, skipped: as in `AssessmentRecord`.
        ready: the reader has given or skipped the first assessment, so that the AI result may be shown.
        shown: the AI result has been shown.
        first_seconds, final_seconds: time in view before and after that.
        waited_since, ai_seconds: since when the reader waits for the AI result, and how long it took.
        seen: the prediction that existed when the waiting began.
        sitting, begun: the identifier of the row in the store, and when the sitting began.
        reopened: the sitting began before the image was opened this time.
        scale_then: millimetres per pixel (row, column) of the confirmed measurements, until `resume_sitting`.
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
    def saved_state(self) -> SittingState | None:
        """What is saved of the sitting, apart from the times; None if nothing was assessed or shown."""
        if self.assessment.untouched and self.first is None and not (self.shown or self.skipped):
            return None
        return self.assessment, self.first, self.asked, self.skipped, self.ready, self.shown

    def to_dict(self) -> dict[str, Any]:
        """Return the sitting as the store holds it with the lesion."""
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
        """Return the record for reports and the store. Before the AI result is shown, the assessment is the first
        one, and there is no final one."""
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


def sitting_from(stored: dict[str, Any]) -> ReaderSitting:
    """Return the sitting that `to_dict` wrote, to be continued later.

    Raises:
        UserError: it uses terms of a lexicon that is not known here.
        ValueError: it is damaged.
    """
    try:
        assessment, first = assessment_from(stored["own"]), stored["first"]
        first_seconds, ai_seconds, final_seconds = stored["seconds"]
        scale = stored["spacing"]
        return ReaderSitting(
            assessment=assessment,
            first=None if first is None else assessment_from(first),
            asked=bool(stored["asked"]),
            skipped=bool(stored["skipped"]),
            ready=bool(stored["ready"]),
            shown=bool(stored["shown"]),
            first_seconds=float(first_seconds),
            ai_seconds=None if ai_seconds is None else float(ai_seconds),
            final_seconds=float(final_seconds),
            sitting=str(stored["sitting"]),
            begun=str(stored["begun"]),
            reopened=True,
            scale_then=None if scale is None else (float(scale[0]), float(scale[1])),
        )
    except (KeyError, TypeError, AttributeError, IndexError) as problem:
        raise ValueError(f"the stored assessment cannot be read: {problem}") from problem


def resume_sitting(sitting: ReaderSitting, version: int, scale: Scale) -> None:
    """Continue a stored sitting when its lesion becomes current, with the mask's `version` and the present scale.

    The outline is the one that was measured then. If the image has a different scale now, the confirmed measurements
    are removed. A calibration by hand that no longer exists was the reader's: measurements made with it stay.
    """
    if not sitting.reopened or sitting.measured_on is not None:
        return
    spacing = scale.common
    if (
        sitting.scale_then is not None
        and spacing.in_mm
        and not _alike(sitting.scale_then, (spacing.row, spacing.column))
    ):
        sitting.assessment = sitting.assessment.without_measured()
    sitting.measured_on = version, scale


def _alike(first: tuple[float, ...], second: tuple[float, ...]) -> bool:
    return len(first) == len(second) and all(abs(a - b) <= 1e-6 * abs(b) for a, b in zip(first, second, strict=True))
