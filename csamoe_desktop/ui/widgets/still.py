"""Choice, number and slider boxes that change only when the user means it: the only ones this window is built from.

A box that is closed is left alone by the wheel and by the keys that move through images and lists. Nobody turns a
category or a setting by scrolling past it, and PgDown never answers a question that was meant for the next image.
"""

from html import escape

from PySide6.QtCore import QEvent, QRect, Qt
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QSlider,
    QSpinBox,
    QStyle,
    QStyleOptionComboBox,
    QStyleOptionSlider,
    QStylePainter,
    QToolTip,
)

_PAGES = (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
_ENDS = (Qt.Key.Key_Home, Qt.Key.Key_End)
_ARROWS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right)
NAVIGATION = (*_PAGES, *_ENDS, *_ARROWS)
"""The keys that move through images, frames and lists."""


class StillCombo(QComboBox):
    """A choice that is made in its open list, or by typing what it begins with; Space, F4 or Alt+Down opens the list.

    What does not fit is ended by an ellipsis, and whole in the tool tip.
    """

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to what the box lies in."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the keys that move through images to others; the open list has them for itself."""
        if event.key() in NAVIGATION and not event.modifiers() & Qt.KeyboardModifier.AltModifier:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Before the tip is shown, let it say the whole of what the box says."""
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.whole_tip(), self)
            return True
        return bool(super().event(event))

    def whole_tip(self) -> str:
        """Return the tip, before it the whole of what the box says where that is cut."""
        cut = self.shown_text() != self.currentText()
        return (f"<p>{escape(self.currentText())}</p>" if cut else "") + self.toolTip()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box, a text that is too long ended by an ellipsis before the arrow."""
        if self.isEditable():
            super().paintEvent(event)
            return
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        option.currentText = self._shown_text(option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def shown_text(self) -> str:
        """Return what of the current text the box has room for."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        return self._shown_text(option)

    def _shown_text(self, option: QStyleOptionComboBox) -> str:
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        return self.fontMetrics().elidedText(option.currentText, Qt.TextElideMode.ElideRight, field.width())


class StillSpin(QSpinBox):
    """A whole number that is typed, or stepped by its arrows: by Up and Down only while it has the keys."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to what the box lies in."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the keys that turn pages to others."""
        if event.key() in _PAGES:
            event.ignore()
        else:
            super().keyPressEvent(event)


class StillDoubleSpin(QDoubleSpinBox):
    """A number that is typed, or stepped by its arrows: by Up and Down only while it has the keys."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to what the box lies in."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the keys that turn pages to others."""
        if event.key() in _PAGES:
            event.ignore()
        else:
            super().keyPressEvent(event)


class StillSlider(QSlider):
    """A slider that goes to where it is clicked; its arrow keys move it by one, while it has the keys.

    Qt's own goes on by a page, ten steps, with a click beside its handle.
    """

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to what the slider lies in."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the keys that turn pages, and go to either end, to others."""
        if event.key() in (*_PAGES, *_ENDS):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to where the mouse is, and let it drag from there."""
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        handle = self._part(option, QStyle.SubControl.SC_SliderHandle)
        at = event.position().toPoint()
        if event.button() == Qt.MouseButton.LeftButton and not handle.contains(at):
            groove = self._part(option, QStyle.SubControl.SC_SliderGroove)
            least, room = groove.left() + handle.width() // 2, groove.width() - handle.width()
            self.setSliderPosition(
                QStyle.sliderValueFromPosition(
                    self.minimum(), self.maximum(), at.x() - least, max(room, 1), option.upsideDown
                )
            )
        super().mousePressEvent(event)

    def _part(self, option: QStyleOptionSlider, part: QStyle.SubControl) -> QRect:
        return self.style().subControlRect(QStyle.ComplexControl.CC_Slider, option, part, self)
