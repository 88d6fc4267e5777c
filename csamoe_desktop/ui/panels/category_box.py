"""The box of the reader's BI-RADS category: typed (4, then A) or chosen in its list."""

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QSizePolicy, QStyleOptionComboBox, QWidget

from csamoe_desktop.reader.lexicon import Lexicon
from csamoe_desktop.ui.widgets.still import StillCombo

_NO_CATEGORY = "BI-RADS category"


class CategoryBox(StillCombo):
    """A box with the categories of a lexicon; each item's data is its id.

    A digit that is a category by itself chooses it. For 4A, 4B and 4C the letter after the digit chooses; until then
    nothing is chosen and the box shows the possible letters. All other letters go to the image.
    """

    completed = Signal()
    """The reader has chosen a category; the keyboard can go back to the image."""

    def __init__(self, lexicon: Lexicon, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ids = [category.id for category in lexicon.categories]
        self._typed = ""
        self.setAccessibleName(_NO_CATEGORY)
        self.addItem(_NO_CATEGORY, "")
        for category in lexicon.categories:
            self.addItem(category.words().replace(",", " ", 1), category.id)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.activated.connect(lambda row: self.completed.emit())

    @property
    def typed(self) -> str:
        """The typed part of an incomplete category."""
        return self._typed

    def initStyleOption(self, option: QStyleOptionComboBox) -> None:
        """Show the possible letters while a category is incomplete."""
        super().initStyleOption(option)
        if self._typed:
            option.currentText = self._incomplete_words()

    def event(self, event: QEvent) -> bool:
        """Claim the keys that choose a category."""
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.ShortcutOverride:
            if self._continued(event):
                event.accept()
                return True
            if event.text().strip():
                # A key for something else cancels the incomplete category.
                self._type("")
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose a category by its key; ignore all other letters."""
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
        """Cancel an incomplete category."""
        self._type("")
        super().focusOutEvent(event)

    def _continued(self, event: QKeyEvent) -> str:
        """Return what is typed including this key, if a category begins with it, else ""."""
        letter = event.text().upper()
        if not letter.strip():
            return ""
        for typed in (self._typed + letter, letter if letter.isdigit() else ""):
            if typed and any(category.startswith(typed) for category in self._ids):
                return typed
        return ""

    def _type(self, typed: str) -> None:
        if typed != self._typed:
            self._typed = typed
            self.update()

    def _incomplete_words(self) -> str:
        after = [name.removeprefix(self._typed) for name in self._ids if name.startswith(self._typed)]
        return f"{self._typed} …  then {', '.join(after[:-1])} or {after[-1]}"
