"""The box of the reader's BI-RADS category: typed (4, then A) or chosen in its list."""

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QSizePolicy, QStyleOptionComboBox, QWidget

from csamoe_desktop.reader.lexicon import Lexicon
from csamoe_desktop.ui.widgets.still import StillCombo

_UNSAID = "BI-RADS category"


class CategoryBox(StillCombo):
    """The categories of a lexicon, behind them their ids.

    A digit that is a category by itself chooses it; where there are several (4A, 4B, 4C) the letter after it does, and
    until then nothing is chosen and the box says what is missing. All other letters are left to the image.
    """

    completed = Signal()
    """The reader has chosen a category; the keys are free for the image."""

    def __init__(self, lexicon: Lexicon, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ids = [one.id for one in lexicon.categories]
        self._typed = ""
        self.setAccessibleName(_UNSAID)
        self.addItem(_UNSAID, "")
        for one in lexicon.categories:
            self.addItem(one.words().replace(",", " ", 1), one.id)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.activated.connect(lambda row: self.completed.emit())

    @property
    def typed(self) -> str:
        """What was typed of a category that is not whole yet."""
        return self._typed

    def initStyleOption(self, option: QStyleOptionComboBox) -> None:
        """Say what is missing while a category is half typed."""
        super().initStyleOption(option)
        if self._typed:
            option.currentText = self._half()

    def event(self, event: QEvent) -> bool:
        """Keep for the box the keys that choose a category."""
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.ShortcutOverride:
            if self._continued(event):
                event.accept()
                return True
            if event.text().strip():
                # Another's key: who goes on with that has let go of the half.
                self._type("")
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose by what is typed; nothing else that is typed means anything here."""
        typed = self._continued(event)
        if typed in self._ids:
            self._type("")
            self.setCurrentIndex(self.findData(typed))
            self.completed.emit()
        elif typed:
            self._type(typed)
        elif event.text().strip() and event.text().isprintable():
            self._type("")
            event.ignore()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Forget what was half typed."""
        self._type("")
        super().focusOutEvent(event)

    def _continued(self, event: QKeyEvent) -> str:
        """Return what has been typed with this key, if a category begins with it, or ""."""
        letter = event.text().upper()
        if not letter.strip():
            return ""
        for typed in (self._typed + letter, letter if letter.isdigit() else ""):
            if typed and any(one.startswith(typed) for one in self._ids):
                return typed
        return ""

    def _type(self, typed: str) -> None:
        if typed != self._typed:
            self._typed = typed
            self.update()

    def _half(self) -> str:
        after = [one.removeprefix(self._typed) for one in self._ids if one.startswith(self._typed)]
        return f"{self._typed} …  then {', '.join(after[:-1])} or {after[-1]}"
