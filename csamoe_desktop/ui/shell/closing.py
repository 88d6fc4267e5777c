"""Closing the program: a report being written is finished first; a question is asked only where the store failed.

Outlines and comments are in the store, so nothing is at stake and nothing is asked. Where it could take nothing (a full
disk), what waits in memory ends with the program: going without a word would lose it.
"""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from csamoe_desktop.session.reports import REPORTING
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.widgets.messages import Message, Messages


class Closing(QObject):
    """Decides for `window`, which `close` closes, whether it may go."""

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
        """Let the window go from now on, whatever is lost."""
        self._agreed = True

    def allowed(self) -> bool:
        """Return whether the window may go now; where it may not yet, the user is told or asked."""
        if self._session.jobs.busy(REPORTING):
            self._waits = True
            self._messages.note("The report is still being written; the program closes after that.")
            return False
        # Who closes again while the question stands has answered it.
        if self._agreed or self._question in self._messages.shown():
            return True
        outlines, notes = self._session.unsaved()
        if not (outlines or notes):
            return True
        lost = "is" if outlines + notes == 1 else "are"
        self._question = self._messages.question(
            f"{in_words(outlines, notes)} could not be stored and {lost} lost when the program closes.",
            "Put right what keeps them from being stored, or export a report of what you need first.",
            "Close anyway",
            self._close_anyway,
        )
        return False

    def _close_anyway(self) -> None:
        self.agree()
        self._close()

    def _stay(self) -> None:
        """Something failed, the report perhaps: that is to be read, and the work is still needed."""
        self._waits = False

    def _job_ended(self, lane: str, busy: bool) -> None:
        if lane == REPORTING and not busy and self._waits:
            # What became of the report is told right after this.
            QTimer.singleShot(0, self._go_on)

    def _go_on(self) -> None:
        if self._waits:
            self._waits = False
            self._close()


def in_words(outlines: int, notes: int) -> str:
    """Return such as "2 outlines and 1 note", for the beginning of a sentence; at least one of them there is."""
    counted = ((outlines, "outline"), (notes, "note"))
    return " and ".join(f"{count} {what}{'' if count == 1 else 's'}" for count, what in counted if count)
