"""Checks the store in the background: looks through it once for damage, and looks for other windows that use it."""

from PySide6.QtCore import QObject, QTimer, Signal

from csamoe_desktop.session.jobs import Job, Jobs, Outcome
from csamoe_desktop.store.autosave import Autosave
from csamoe_desktop.store.presence import Window

LOOKING_THROUGH, LOOKING_AROUND = "looking through the store", "looking around"

_LOOK_EVERY = 10_000
_FIRST_LOOK = 1500
"""Milliseconds."""


class StoreWatch(QObject):
    """Checks the store in its own workers."""

    noted = Signal(str)
    """Another window uses this store."""
    checked = Signal()
    """The store was looked at; damage may have been found that the next write repairs."""

    def __init__(self, autosave: Autosave, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._autosave = autosave
        self._jobs = jobs
        self._looked_through = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        self._timer.start(_FIRST_LOOK)

    def look(self) -> None:
        """Look for other windows; the first time also look through the store."""
        self._timer.setInterval(_LOOK_EVERY)
        if not self._jobs.busy(LOOKING_AROUND):
            outcome = Outcome(self._report_windows, lambda problem: None)
            self._jobs.submit(LOOKING_AROUND, lambda job: self._autosave.look_around(), outcome)
        if not self._looked_through:
            self._looked_through = True
            outcome = Outcome(lambda nothing: self.checked.emit(), lambda problem: self.checked.emit())
            self._jobs.submit(LOOKING_THROUGH, self._look_through, outcome)

    def close(self) -> None:
        """Stop checking."""
        self._timer.stop()
        for lane in (LOOKING_AROUND, LOOKING_THROUGH):
            self._jobs.cancel(lane)

    def _look_through(self, job: Job) -> None:
        self._autosave.look_through(lambda: job.cancelled)

    def _report_windows(self, others: list[Window]) -> None:
        self.checked.emit()
        if not others:
            return
        where = "; ".join(window.words for window in others)
        self.noted.emit(
            f"Another window of the program uses the same store ({where}). If both windows change the same outline, "
            "both outlines are saved: the later one becomes a further lesion."
        )
