"""The bar below the canvas for a study of several frames: play button, slider and frame number."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from csamoe_desktop.session.cine import Cine
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.widgets import theme
from csamoe_desktop.ui.widgets.still import StillSlider


class FrameBar(QWidget):
    """Play button, slider and frame number; hidden for a still image."""

    def __init__(self, session: Session, cine: Cine, play: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._cine = cine
        self._play = QToolButton()
        self._play.setDefaultAction(play)
        self._play.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._slider = StillSlider(Qt.Orientation.Horizontal)
        self._slider.setAccessibleName("Frame")
        # If a click gave the slider the focus, the canvas would no longer get its keys.
        self._slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._frame_number = theme.label()
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GRID, theme.GRID // 2, theme.GRID * 2, theme.GRID // 2)
        row.setSpacing(theme.GRID)
        row.addWidget(self._play)
        row.addWidget(self._slider, 1)
        row.addWidget(self._frame_number)
        self._slider.valueChanged.connect(self._go_to)
        session.frameChanged.connect(self._show)
        session.navigationCancelled.connect(self._show)
        self._show()

    def _go_to(self, index: int) -> None:
        self._cine.go_to(index)
        # If the frame cannot be decoded, the previous one stays in view and the slider goes back.
        self._show()

    def _show(self) -> None:
        study, frame = self._session.study, self._session.frame
        is_cine = study is not None and study.frame_count > 1
        self.setVisible(is_cine)
        if study is None or frame is None or not is_cine:
            return
        # While a frame is being decoded, the slider stays where the user dragged it.
        awaited = self._session.frames.awaited
        index = awaited[1] if awaited is not None and awaited[0] is study else frame.index
        # Setting the slider from here must not count as a move by the user.
        self._slider.blockSignals(True)
        self._slider.setRange(0, study.frame_count - 1)
        self._slider.setValue(index)
        self._slider.blockSignals(False)
        digits = len(str(study.frame_count))
        self._frame_number.setText(f"Frame {frame.index + 1:>{digits}} of {study.frame_count}")
