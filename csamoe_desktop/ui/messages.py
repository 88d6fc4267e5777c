"""The only way to tell the user something: a strip under the toolbar, never a box in the way."""

import logging
import platform
import traceback
from collections.abc import Callable
from enum import StrEnum

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from csamoe_desktop import __version__, paths
from csamoe_desktop.errors import UserError
from csamoe_desktop.ui import theme

_log = logging.getLogger(__name__)

_MOST = 4


class Kind(StrEnum):
    """What is being told; also the name of its icon."""

    NOTE = "note"
    REFUSAL = "refusal"
    FAULT = "fault"
    QUESTION = "question"


class Message(QFrame):
    """One message: a sentence, what to do next in a quieter line, and buttons."""

    def __init__(self, kind: Kind, text: str, hint: str) -> None:
        super().__init__()
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
        """Add a button with a text, and return it."""
        button = QPushButton(text)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        # Enter presses it once Tab has led there.
        button.setAutoDefault(True)
        theme.set_role(button, "primary" if primary else "")
        button.clicked.connect(lambda: pressed())
        self._row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        return button

    def add_close(self, pressed: Callable[[], object]) -> None:
        """Add the cross that closes the message."""
        self._close = QToolButton()
        self._close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._close.setToolTip("Close this message")
        self._close.setAccessibleName("Close this message")
        self._close.clicked.connect(lambda: pressed())
        self._row.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        self.draw_icons()

    def draw_icons(self) -> None:
        """Draw the icons in the theme in use."""
        chosen = theme.colours()
        self._icon.setPixmap(
            theme.pixmap(self.kind.value, chosen.accent if self.kind is Kind.NOTE else chosen.attention)
        )
        if self._close is not None:
            self._close.setIcon(theme.icon("cancel"))


class Messages(QWidget):
    """The strip. The newest message is on top; it takes no room while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.GRID // 4)
        self._column.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._shown: list[Message] = []
        self.hide()

    def shown(self) -> list[Message]:
        """Return the messages in view, the newest first."""
        return list(self._shown)

    def note(self, text: str) -> None:
        """Tell something the user should know of what was just done."""
        self._add(Message(Kind.NOTE, text, ""))

    def failure(self, problem: BaseException) -> None:
        """Tell why something did not work: a UserError as it is, anything else as a fault, logged whole."""
        if isinstance(problem, UserError):
            self._add(Message(Kind.REFUSAL, problem.message, problem.hint))
            return
        _log.error("fault", exc_info=problem)
        details = _details(problem)
        message = Message(
            Kind.FAULT,
            f"Something went wrong inside the program ({type(problem).__name__}). Your outlines are still here.",
            f"Please report it with the details; they are also in {paths.log_file()}.",
        )
        message.add_button("Copy details", lambda: QGuiApplication.clipboard().setText(details))
        self._add(message)

    def question(self, text: str, hint: str, yes: str, then: Callable[[], object]) -> Message:
        """Ask; `then` is called when the user presses the button `yes`, nothing happens otherwise.

        Returns:
            The question: it is open as long as it is among those `shown`.
        """
        message = Message(Kind.QUESTION, text, hint)

        def agreed() -> None:
            self._remove(message)
            then()

        message.add_button(yes, agreed, primary=True)
        message.add_button("Cancel", lambda: self._remove(message))
        self._add(message, closable=False)
        return message

    def clear(self, *kinds: Kind) -> None:
        """Take away the messages of these kinds, or all of them."""
        for message in self.shown():
            if not kinds or message.kind in kinds:
                self._remove(message)

    def draw_icons(self) -> None:
        """Draw the icons in the theme in use."""
        for message in self._shown:
            message.draw_icons()

    def _add(self, message: Message, closable: bool = True) -> None:
        for older in self.shown():
            if (older.kind, older.text) == (message.kind, message.text):
                self._remove(older)
        if closable:
            message.add_close(lambda: self._remove(message))
        self._shown.insert(0, message)
        self._column.insertWidget(0, message)
        for oldest in self.shown()[_MOST:]:
            self._remove(oldest)
        self.show()

    def _remove(self, message: Message) -> None:
        if message not in self._shown:
            return
        self._shown.remove(message)
        self._column.removeWidget(message)
        message.hide()
        message.deleteLater()
        self.setVisible(bool(self._shown))


def _selectable(label: QLabel) -> QLabel:
    """Let the mouse, but not the Tab key, into the text, so that it can be copied."""
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return label


def _details(problem: BaseException) -> str:
    """Return what to report of a fault; it names no study and no patient beyond what the exception itself says."""
    lines = "".join(traceback.format_exception(problem))
    return f"CSA-MoE Desktop {__version__} · Python {platform.python_version()} · {platform.platform()}\n\n{lines}"
