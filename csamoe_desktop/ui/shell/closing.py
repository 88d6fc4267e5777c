"""Closing the program: a report being written is finished first; the user is asked only where work could not be stored.

Outlines and comments are normally in the store, so that closing loses nothing. Where the store could not be written (a
full disk), closing would lose what is only in memory.
"""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from csamoe_desktop.session.reports import REPORTING
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.widgets.messages import Message, Messages


class Closing(QObject):
    """Decides whether `window` may close now; `close` closes it."""

    def __init__(self, session: Session, messages: Messages, close: Callable[[], object], window: QObject) -> None:
        super().__init__(window)
        self._session = session
        self._messages = messages
        self._close = close
        self._agreed = False
        self._waits = False
        self._question: Message | None = None
        session.failed.connect(self._stay)
        session.jobs.busyChanged.connect(self._job_ended)

    def agree(self) -> None:
        """Let the window close from now on, even where work is lost."""
        self._agreed = True

    def allowed(self) -> bool:
        """Return whether the window may close now; where it may not, show a message or a question."""
        if self._session.jobs.busy(REPORTING):
            self._waits = True
            self._messages.note("The report is still being written. The program closes when it is finished.")
            return False
        # Closing again while the question is open answers it.
        if self._agreed or self._question in self._messages.shown():
            return True
        outlines, notes = self._session.unsaved()
        if not (outlines or notes):
            return True
        verb = "is" if outlines + notes == 1 else "are"
        self._question = self._messages.question(
            f"{in_words(outlines, notes)} could not be stored and {verb} lost when the program closes.",
            "Free disk space or make the data folder writable, or export a report of what you need first.",
            "Close anyway",
            self._close_anyway,
        )
        return False

    def _close_anyway(self) -> None:
        self.agree()
        self._close()

    def _stay(self) -> None:
        """Stay open after a failure, which may be the report's: the user has to see it, and may still need the work."""
        self._waits = False

    def _job_ended(self, lane: str, busy: bool) -> None:
        if lane == REPORTING and not busy and self._waits:
            # The report's success or failure is signalled right after this.
            QTimer.singleShot(0, self._go_on)

    def _go_on(self) -> None:
        if self._waits:
            self._waits = False
            self._close()


def in_words(outlines: int, notes: int) -> str:
    """Return, for example, "2 outlines and 1 note", to begin a sentence with; at least one count is not 0."""
    counted = ((outlines, "outline"), (notes, "note"))
    return " and ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counted if count)
