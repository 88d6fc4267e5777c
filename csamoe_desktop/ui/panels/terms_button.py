"""A small field that opens a menu of terms: one descriptor of the lexicon, or what is recommended."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QPaintEvent
from PySide6.QtWidgets import (
    QMenu,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)

from csamoe_desktop.reader.assessment import term_names
from csamoe_desktop.reader.lexicon import Descriptor
from csamoe_desktop.ui.widgets import theme

_MARGIN, _ARROW = theme.GRID * 3 // 4, theme.GRID * 5 // 2


class TermsButton(QPushButton):
    """The field: it shows the chosen terms, else, muted, the descriptor's name and what is proposed for it.

    `pick` is called with the terms chosen now. In the menu each term has a letter; where several may hold, a pick that
    is repeated puts it down again.
    """

    def __init__(
        self, descriptor: Descriptor, pick: Callable[[tuple[str, ...]], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.descriptor = descriptor
        self._pick = pick
        self._chosen: tuple[str, ...] = ()
        self._menu = QMenu(self)
        self.actions_by_term: dict[str, QAction] = {}
        letters: set[str] = set()
        for term in descriptor.terms:
            action = self._menu.addAction(_with_letter(term.name, letters))
            action.setCheckable(True)
            action.triggered.connect(lambda _checked=False, name=term.id: self._picked(name))
            self.actions_by_term[term.id] = action
        self.setMenu(self._menu)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        theme.set_role(self, "terms")
        self.show_terms((), "")

    def show_terms(self, chosen: tuple[str, ...], proposed: str) -> None:
        """Show what is chosen (ids), or what is proposed (in words) where nothing is."""
        self._chosen = chosen
        for name, action in self.actions_by_term.items():
            action.setChecked(name in chosen)
        said = term_names(self.descriptor, chosen)
        name = self.descriptor.name
        self.setText(said or (f"{proposed}?" if proposed else name))
        self.setAccessibleName(f"{name}: {said or (f'proposed {proposed}' if proposed else 'not given')}")
        self.setToolTip(f"<p>{self.accessibleName()}</p>")
        theme.set_role(self, "terms" if said else "terms-unset")

    def minimumSizeHint(self) -> QSize:
        """Return a width that two of them have beside each other in the narrowest column."""
        return QSize(theme.GRID * 8, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the field, a text that is too long ended by an ellipsis before the arrow."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_PushButtonBevel, option)
        # The style sets a text that is aligned left at the very edge, whatever its padding.
        option.rect.adjust(_MARGIN, 0, -_ARROW, 0)
        option.features = QStyleOptionButton.ButtonFeature(0)
        option.text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, option.rect.width())
        painter.drawControl(QStyle.ControlElement.CE_PushButtonLabel, option)

    def _picked(self, name: str) -> None:
        self._pick(self.descriptor.with_toggled(self._chosen, name))


def _with_letter(name: str, taken: set[str]) -> str:
    """Return the name with the first of its letters that is free marked as its key."""
    for place, letter in enumerate(name):
        if letter.isalpha() and letter not in taken:
            taken.add(letter)
            return f"{name[:place]}&{name[place:]}"
    return name
