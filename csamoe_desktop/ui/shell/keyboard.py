"""Which keys go to the image: they work all over the window, except those that the focus widget needs itself."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from csamoe_desktop.ui.widgets.messages import Message
from csamoe_desktop.ui.widgets.still import NAVIGATION

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_TABS = (Qt.Key.Key_Tab, Qt.Key.Key_Backtab)
_ARROWS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right)
_PAGES = (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
_COMMANDS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


def takes_text(widget: QWidget | None) -> bool:
    """Return whether `widget` turns typed keys into text."""
    if isinstance(widget, QLineEdit | QPlainTextEdit | QTextEdit):
        return not widget.isReadOnly()
    return isinstance(widget, QAbstractSpinBox) or (isinstance(widget, QComboBox) and widget.isEditable())


def stays_with(widget: QWidget | None, event: QKeyEvent) -> bool:
    """Return whether a pressed key is for `widget`, which has the focus, and not for a command of the image.

    `widget` is neither the image nor the list of studies. A text field keeps every key. Elsewhere Tab moves the focus,
    Space presses a button, and arrows move in lists, sliders and among buttons. Letters, Enter, PgUp and PgDown go to
    the image.
    """
    key = event.key()
    if widget is None or event.modifiers() & _COMMANDS:
        return False
    if takes_text(widget):
        return True
    if key in _TABS or key in _ARROWS:
        return True
    if isinstance(widget, QAbstractButton | QComboBox) and key == Qt.Key.Key_Space:
        return True
    if key in _ENTER:
        # Enter presses the buttons of a question.
        return isinstance(widget.parent(), Message)
    if isinstance(widget, QAbstractItemView | QAbstractSlider):
        return key in NAVIGATION and key not in _PAGES
    return False
