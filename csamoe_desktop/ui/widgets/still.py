"""Combo boxes, spin boxes and sliders that change only on purpose; the window uses no others.

They ignore the mouse wheel and the keys that move through images and lists, so that scrolling past a box does not change
a category or a setting, and PgDown goes to the next image.
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
    """A combo box that changes in its open list or by typing; Space, F4 or Alt+Down opens the list.

    A text that is too long ends in an ellipsis, and is complete in the tooltip.
    """

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the parent widget."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ignore the keys that move through images; the open list handles them itself."""
        if event.key() in NAVIGATION and not event.modifiers() & Qt.KeyboardModifier.AltModifier:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Show the complete text in the tooltip."""
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.whole_tip(), self)
            return True
        return bool(super().event(event))

    def whole_tip(self) -> str:
        """Return the tooltip, preceded by the complete text if that is cut."""
        cut = self.shown_text() != self.currentText()
        return (f"<p>{escape(self.currentText())}</p>" if cut else "") + self.toolTip()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box; a text that is too long ends in an ellipsis before the arrow."""
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
        """Return the current text as drawn, cut where it is too long."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        return self._shown_text(option)

    def _shown_text(self, option: QStyleOptionComboBox) -> str:
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        return self.fontMetrics().elidedText(option.currentText, Qt.TextElideMode.ElideRight, field.width())


class StillSpin(QSpinBox):
    """A spin box for whole numbers: type, use its arrows, or press Up and Down while it has the focus."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the parent widget."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ignore PgUp and PgDown."""
        if event.key() in _PAGES:
            event.ignore()
        else:
            super().keyPressEvent(event)


class StillDoubleSpin(QDoubleSpinBox):
    """A spin box for decimal numbers: type, use its arrows, or press Up and Down while it has the focus."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the parent widget."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ignore PgUp and PgDown."""
        if event.key() in _PAGES:
            event.ignore()
        else:
            super().keyPressEvent(event)


class StillSlider(QSlider):
    """A slider that jumps to where it is clicked; the arrow keys move it by one step.

    Qt's own slider moves by a page, ten steps, on a click beside its handle.
    """

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the parent widget."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ignore PgUp, PgDown, Home and End."""
        if event.key() in (*_PAGES, *_ENDS):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Move the handle to the mouse, from where it can be dragged."""
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
