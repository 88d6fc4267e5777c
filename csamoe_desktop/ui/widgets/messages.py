"""Messages to the user: a strip over the top of the image, which does not move the image or block the work."""

import logging
import platform
import traceback
from collections.abc import Callable
from enum import StrEnum

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from csamoe_desktop import __version__, paths
from csamoe_desktop.errors import UserError
from csamoe_desktop.names import shown
from csamoe_desktop.ui.widgets import theme

_log = logging.getLogger(__name__)

_MOST = 4


class Kind(StrEnum):
    """The kind of a message; also the name of its icon."""

    NOTE = "note"
    REFUSAL = "refusal"
    FAULT = "fault"
    QUESTION = "question"


class Message(QFrame):
    """One message: what happened, what to do next in a muted line, and buttons."""

    def __init__(self, kind: Kind, text: str, hint: str) -> None:
        super().__init__()
        # File names in them may contain any characters.
        text, hint = shown(text), shown(hint)
        self.kind, self.text, self.hint = kind, text, hint
        self.setProperty("role", "message")
        self.setProperty("kind", kind.value)
        self.setAccessibleName(f"{kind.value}: {text} {hint}".strip())
        self._icon = QLabel()
        words = QVBoxLayout()
        words.setSpacing(theme.GRID // 4)
        words.addWidget(_selectable(theme.label(text, wrap=True)))
        if hint:
            words.addWidget(_selectable(theme.label(hint, "muted", wrap=True)))
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(theme.GRID * 3 // 2, theme.GRID, theme.GRID, theme.GRID)
        self._row.setSpacing(theme.GRID * 3 // 2)
        self._row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        self._row.addLayout(words, 1)
        self._close: QToolButton | None = None
        self.draw_icons()

    def add_button(self, text: str, pressed: Callable[[], object], primary: bool = False) -> QPushButton:
        """Add a button and return it."""
        button = QPushButton(text)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        # Enter presses it when it has the focus.
        button.setAutoDefault(True)
        theme.set_role(button, "primary" if primary else "")
        button.clicked.connect(lambda: pressed())
        self._row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        return button

    def add_close(self, pressed: Callable[[], object]) -> None:
        """Add the button that closes the message."""
        self._close = QToolButton()
        self._close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._close.setToolTip("Close this message")
        self._close.setAccessibleName("Close this message")
        self._close.clicked.connect(lambda: pressed())
        self._row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        self.draw_icons()

    def draw_icons(self) -> None:
        """Draw the icons in the current theme."""
        chosen = theme.colours()
        self._icon.setPixmap(
            theme.pixmap(self.kind.value, chosen.accent if self.kind is Kind.NOTE else chosen.attention)
        )
        if self._close is not None:
            self._close.setIcon(theme.icon("cancel"))


Place = tuple[object, object]
"""The study and the frame that a message is about; None means any."""


class Messages(QWidget):
    """The strip. The newest message is on top; without messages it is hidden, and at most one question is open."""

    covered = Signal(int)
    """How many screen pixels it covers, from the top of the widget below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.about: Callable[[], Place] = lambda: (None, None)
        """Returns the study and frame that a new message is about."""
        self._under: QWidget | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.GRID // 4)
        self._column.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._shown: list[Message] = []
        self._places: dict[Message, Place] = {}
        self.hide()

    def lie_over(self, widget: QWidget) -> None:
        """Cover the top of `widget`, a sibling: a strip in the layout would move the image while the user draws."""
        self._under = widget
        self.setParent(widget.parentWidget())
        widget.installEventFilter(self)
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the widget below when it moves or is resized."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show):
            self._place()
        return super().eventFilter(watched, event)

    def event(self, event: QEvent) -> bool:
        """Adapt the height when the messages' height changes, for example with the font."""
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._place()
        return bool(done)

    def _place(self) -> None:
        if self._under is None:
            return
        over = self._under.geometry()
        high = self._column.totalHeightForWidth(over.width()) if self._shown else 0
        high = min(max(high, self._column.totalMinimumSize().height()) if self._shown else 0, over.height())
        self.setGeometry(over.x(), over.y(), over.width(), high)
        self.raise_()
        self.covered.emit(high if self._shown else 0)

    def shown(self) -> list[Message]:
        """Return the visible messages, the newest first."""
        return list(self._shown)

    def note(self, text: str) -> None:
        """Inform the user about what was just done."""
        self._add(Message(Kind.NOTE, text, ""))

    def failure(self, problem: BaseException) -> None:
        """Report a failure: a UserError as it is, anything else as a fault, which is logged in full."""
        if isinstance(problem, UserError):
            self._add(Message(Kind.REFUSAL, problem.message, problem.hint))
            return
        _log.error("fault", exc_info=problem)
        details = _details(problem)
        message = Message(
            Kind.FAULT,
            f"Something went wrong inside the program ({type(problem).__name__}). Your outlines are still available.",
            f"Report it with the details; they are also in {paths.log_file()}.",
        )
        message.add_button("Copy details", lambda: QGuiApplication.clipboard().setText(details))
        self._add(message)

    def question(self, text: str, hint: str, yes: str, then: Callable[[], object]) -> Message:
        """Ask a question; `then` is called when the user presses the button `yes`, otherwise nothing happens.

        An open question is withdrawn first: with two at once, the user could answer the wrong one.

        Returns:
            The question; it is open as long as `shown` returns it.
        """
        self.clear(Kind.QUESTION)
        message = Message(Kind.QUESTION, text, hint)

        def agreed() -> None:
            self._remove(message)
            then()

        message.add_button(yes, agreed, primary=True)
        message.add_button("Cancel", lambda: self._remove(message))
        self._add(message, closable=False)
        return message

    @property
    def asking(self) -> bool:
        """Whether a question is open."""
        return any(message.kind is Kind.QUESTION for message in self._shown)

    def say_no(self) -> bool:
        """Answer the open question with no; return whether there was one."""
        questions = [message for message in self._shown if message.kind is Kind.QUESTION]
        for message in questions:
            self._remove(message)
        return bool(questions)

    def turn_to(self, study: object, frame: object) -> None:
        """Remove the messages about another study or frame than the current one; a fault stays until it is closed."""
        for message in self.shown():
            about, of_frame = self._places.get(message, (None, None))
            elsewhere = about not in (None, study) or of_frame not in (None, frame)
            if elsewhere and message.kind is not Kind.FAULT:
                self._remove(message)

    def clear(self, *kinds: Kind) -> None:
        """Remove the messages of these kinds, or all messages."""
        for message in self.shown():
            if not kinds or message.kind in kinds:
                self._remove(message)

    def draw_icons(self) -> None:
        """Draw the icons in the current theme."""
        for message in self._shown:
            message.draw_icons()

    def _add(self, message: Message, closable: bool = True) -> None:
        for older in self.shown():
            if (older.kind, older.text) == (message.kind, message.text):
                self._remove(older)
        if closable:
            message.add_close(lambda: self._remove(message))
        self._shown.insert(0, message)
        self._places[message] = self.about()
        self._column.insertWidget(0, message)
        for oldest in self.shown()[_MOST:]:
            self._remove(oldest)
        self.show()
        self._place()

    def _remove(self, message: Message) -> None:
        if message not in self._shown:
            return
        self._shown.remove(message)
        self._places.pop(message, None)
        self._column.removeWidget(message)
        message.hide()
        message.deleteLater()
        self.setVisible(bool(self._shown))
        self._place()


def _selectable(label: QLabel) -> QLabel:
    """Make the text selectable by mouse, so that it can be copied, but not reachable by Tab."""
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return label


def _details(problem: BaseException) -> str:
    """Return the details to report; they name a study or a patient only where the exception itself does."""
    lines = "".join(traceback.format_exception(problem))
    return f"CSA-MoE Desktop {__version__} · Python {platform.python_version()} · {platform.platform()}\n\n{lines}"
