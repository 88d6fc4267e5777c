"""Whose a key is: the image's keys work all over the window, but for what the widget with the keyboard needs itself."""

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
    """Return whether what is typed becomes text in `widget`."""
    if isinstance(widget, QLineEdit | QPlainTextEdit | QTextEdit):
        return not widget.isReadOnly()
    return isinstance(widget, QAbstractSpinBox) or (isinstance(widget, QComboBox) and widget.isEditable())


def stays_with(widget: QWidget | None, event: QKeyEvent) -> bool:
    """Return whether a key that was pressed is for `widget`, which has the keyboard and is not the image or its list of
    studies, and for no command of the image.

    Text keeps all. Elsewhere Tab goes on to the next widget and Space presses; arrows move in lists, sliders and
    among buttons. Letters, Enter and the keys that turn pages are the image's.
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
        # A question's buttons are pressed by it.
        return isinstance(widget.parent(), Message)
    if isinstance(widget, QAbstractItemView | QAbstractSlider):
        return key in NAVIGATION and key not in _PAGES
    return False
