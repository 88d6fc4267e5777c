"""The progress of opening a folder, in the status bar, with a button that stops it."""

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from csamoe_desktop.session.study_loader import StudyLoader
from csamoe_desktop.ui.widgets import theme

_STEPS = 1000


class OpeningProgress(QWidget):
    """A sentence, a bar and Cancel; hidden while nothing is being opened."""

    def __init__(self, opening: StudyLoader, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = theme.label()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedSize(theme.GRID * 12, theme.GRID)
        self.stop = QPushButton("Cancel")
        self.stop.setToolTip("Stop opening this folder; the images already in the list stay open")
        self.stop.clicked.connect(opening.cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        for widget in (self.words, self.bar, self.stop):
            row.addWidget(widget)
        opening.progressed.connect(self._show)
        opening.ended.connect(self.hide)
        self.hide()

    def _show(self, share: float, words: str) -> None:
        # While a folder is only being scanned, the share is not known: show a busy bar.
        self.bar.setRange(0, _STEPS if share else 0)
        self.bar.setValue(round(share * _STEPS))
        self.words.setText(words)
        self.show()
