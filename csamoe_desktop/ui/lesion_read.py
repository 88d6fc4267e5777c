"""One sitting of the reader with one lesion: what was said when, and for how long it was looked at."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from csamoe_desktop.inference.predictor import Prediction
from csamoe_desktop.report.own_read import OwnRead, ReadRecord
from csamoe_desktop.study.scale import Scale


@dataclass(slots=True, eq=False)
class LesionRead:
    """One sitting with one lesion.

    Attributes:
        own: what the reader says now.
        measured_on: the mask's version and the scale that what was confirmed was measured with.
        first: what the reader said when the AI's reading was shown; None where nothing was.
        asked, skipped: as in `ReadRecord`.
        ready: the reader has done what lifts the veil.
        shown: the AI's reading has been shown.
        first_seconds, final_seconds: in view before and after that.
        waited_since, ai_seconds: since when the reader waits for the AI's reading, and how long it took.
        seen: the prediction there was as the waiting began.
        sitting, begun: what the store's row is called, and when it began.
    """

    own: OwnRead = field(default_factory=OwnRead)
    measured_on: tuple[int, Scale] | None = None
    first: OwnRead | None = None
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

    def record(self) -> ReadRecord:
        """Return how it came about, as reports and the store hold it: before the AI's reading is shown, what is said is
        the first read, and there is no final one."""
        before = self.own if self.own.given else None
        return ReadRecord(
            first=self.first if self.shown else before,
            final=self.own if self.shown else OwnRead(),
            asked=self.asked,
            skipped=self.skipped,
            first_seconds=self.first_seconds,
            ai_seconds=self.ai_seconds,
            final_seconds=self.final_seconds if self.shown else None,
        )
