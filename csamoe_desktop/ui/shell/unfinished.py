"""Asks before a polygon or livewire that is still open would be lost: it is not stored."""

from collections.abc import Callable

from csamoe_desktop.session.session import Session
from csamoe_desktop.study.model import Study
from csamoe_desktop.ui.widgets.messages import Message, Messages


class Unfinished:
    """Decides whether a study or the window may be closed, as far as open polygons and livewires are concerned."""

    def __init__(self, session: Session, messages: Messages) -> None:
        self._session = session
        self._messages = messages
        self._question: Message | None = None
        self._agreed = False

    def agree(self) -> None:
        """Allow closing from now on, even where open lines are lost."""
        self._agreed = True

    def allowed(self, study: Study | None, close: Callable[[], object]) -> bool:
        """Return whether `study`, or the window (None), may be closed now; where it may not, ask.

        `close` is called when the user agrees.
        """
        unfinished = [lesion for lesion in self._session.lesions.unfinished if study in (None, lesion.study)]
        # Closing again while the question is open answers it.
        asked = self._question is not None and self._question in self._messages.shown()
        if self._agreed or asked or not unfinished:
            return True

        def agreed() -> None:
            self._agreed = True
            close()
            self._agreed = False

        others = f" (and {len(unfinished) - 1} more)" if len(unfinished) > 1 else ""
        closing = "the program" if study is None else "the study"
        self._question = self._messages.question(
            f"An outline is still open and is lost when {closing} closes: {unfinished[0].label}{others}.",
            "Close the outline first: press Enter or click on its first corner.",
            "Close anyway",
            agreed,
        )
        return False
