"""Under the canvas, for a study of several frames: play, a slider, and which frame is in view."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from csamoe_desktop.session.cine import Cine
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.widgets import theme
from csamoe_desktop.ui.widgets.still import StillSlider


class FrameBar(QWidget):
    """The bar. It is hidden for a still image."""

    def __init__(self, session: Session, cine: Cine, play: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._cine = cine
        self._play = QToolButton()
        self._play.setDefaultAction(play)
        self._play.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._slider = StillSlider(Qt.Orientation.Horizontal)
        self._slider.setAccessibleName("Frame")
        # A slider that took the focus on a click would take the image's keys with it.
        self._slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._place = theme.label()
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GRID, theme.GRID // 2, theme.GRID * 2, theme.GRID // 2)
        row.setSpacing(theme.GRID)
        row.addWidget(self._play)
        row.addWidget(self._slider, 1)
        row.addWidget(self._place)
        self._slider.valueChanged.connect(self._go)
        session.frameChanged.connect(self._show)
        session.stayed.connect(self._show)
        self._show()

    def _go(self, index: int) -> None:
        self._cine.go_to(index)
        # A frame that cannot be decoded leaves the one before in view.
        self._show()

    def _show(self) -> None:
        study, frame = self._session.study, self._session.frame
        several = study is not None and study.frame_count > 1
        self.setVisible(several)
        if study is None or frame is None or not several:
            return
        # It stays under the mouse while its frame is being decoded.
        awaited = self._session.frames.awaited
        place = awaited[1] if awaited is not None and awaited[0] is study else frame.index
        # Set from the session, the slider must not answer that the user moved it.
        self._slider.blockSignals(True)
        self._slider.setRange(0, study.frame_count - 1)
        self._slider.setValue(place)
        self._slider.blockSignals(False)
        digits = len(str(study.frame_count))
        self._place.setText(f"Frame {frame.index + 1:>{digits}} of {study.frame_count}")
