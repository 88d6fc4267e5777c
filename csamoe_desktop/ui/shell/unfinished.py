"""Leaving with a polygon or livewire that is not closed: asked first, as nothing keeps it."""

from collections.abc import Callable

from csamoe_desktop.session.session import Session
from csamoe_desktop.study.model import Study
from csamoe_desktop.ui.widgets.messages import Message, Messages


class Unfinished:
    """Decides whether a study, or the window, may be closed as far as open lines are concerned."""

    def __init__(self, session: Session, messages: Messages) -> None:
        self._session = session
        self._messages = messages
        self._question: Message | None = None
        self._agreed = False

    def agree(self) -> None:
        """Let all open lines go from now on."""
        self._agreed = True

    def allowed(self, study: Study | None, close: Callable[[], object]) -> bool:
        """Return whether `study`, or (None) the window, may be closed now; where it may not, the user is asked, and `close`
        is called when the answer is yes."""
        left = [one for one in self._session.lesions.unfinished if study in (None, one.study)]
        # Who closes again while the question stands has answered it.
        asked = self._question is not None and self._question in self._messages.shown()
        if self._agreed or asked or not left:
            return True

        def agreed() -> None:
            self._agreed = True
            close()
            self._agreed = False

        others = f", and {len(left) - 1} more" if len(left) > 1 else ""
        self._question = self._messages.question(
            f"An outline is not closed: that of {left[0].words}{others}. It is lost when "
            f"{'the program' if study is None else 'the study'} closes.",
            "Close it first, with Enter or a click on its first corner.",
            "Close anyway",
            agreed,
        )
        return False
