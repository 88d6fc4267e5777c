"""What the window does about its store beside keeping work there: it looks through it once, and looks out for other windows."""

from PySide6.QtCore import QObject, QTimer, Signal

from csamoe_desktop.session.jobs import Job, Jobs, Outcome
from csamoe_desktop.store.autosave import Autosave
from csamoe_desktop.store.presence import Window

LOOKING_THROUGH, LOOKING_AROUND = "looking through the store", "looking around"

_LOOK_EVERY = 10_000
_FIRST_LOOK = 1500
"""Milliseconds."""


class StoreWatch(QObject):
    """Looks after the store in workers of its own."""

    noted = Signal(str)
    """There is another window on this store."""

    def __init__(self, autosave: Autosave, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._autosave = autosave
        self._jobs = jobs
        self._looked_through = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        self._timer.start(_FIRST_LOOK)

    def look(self) -> None:
        """Look who else is there; the first time look through the store too."""
        self._timer.setInterval(_LOOK_EVERY)
        if not self._jobs.busy(LOOKING_AROUND):
            outcome = Outcome(self._saw, lambda problem: None)
            self._jobs.submit(LOOKING_AROUND, lambda job: self._autosave.look_around(), outcome)
        if not self._looked_through:
            self._looked_through = True
            self._jobs.submit(LOOKING_THROUGH, self._look_through, Outcome(lambda nothing: None, lambda problem: None))

    def close(self) -> None:
        """Look no more."""
        self._timer.stop()
        for lane in (LOOKING_AROUND, LOOKING_THROUGH):
            self._jobs.cancel(lane)

    def _look_through(self, job: Job) -> None:
        self._autosave.look_through(lambda: job.cancelled)

    def _saw(self, others: list[Window]) -> None:
        if not others:
            return
        where = "; ".join(one.words for one in others)
        self.noted.emit(
            f"Another window of the program works with the same store ({where}). Where both change the same outline, "
            "both are kept: the later one becomes a further lesion."
        )
