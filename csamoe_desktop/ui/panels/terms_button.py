"""A button with a menu of terms, for one descriptor of the lexicon or for the recommendation."""

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
    """The button. It shows the chosen terms or, muted, the proposed term or the descriptor's name.

    `pick` is called with the chosen terms. In the menu each term has an access key; where several terms are allowed,
    picking one again clears it.
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
        """Show the chosen terms (ids) or, without any, the proposed one (in words)."""
        self._chosen = chosen
        for name, action in self.actions_by_term.items():
            action.setChecked(name in chosen)
        chosen_words = term_names(self.descriptor, chosen)
        name = self.descriptor.name
        self.setText(chosen_words or (f"{proposed}?" if proposed else name))
        self.setAccessibleName(f"{name}: {chosen_words or (f'proposed {proposed}' if proposed else 'not given')}")
        self.setToolTip(f"<p>{self.accessibleName()}</p>")
        theme.set_role(self, "terms" if chosen_words else "terms-unset")

    def minimumSizeHint(self) -> QSize:
        """Return a width at which two buttons fit side by side in the narrowest column."""
        return QSize(theme.GRID * 8, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the button; a text that is too long ends in an ellipsis before the arrow."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_PushButtonBevel, option)
        # The style ignores the padding of left-aligned text.
        option.rect.adjust(_MARGIN, 0, -_ARROW, 0)
        option.features = QStyleOptionButton.ButtonFeature(0)
        option.text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, option.rect.width())
        painter.drawControl(QStyle.ControlElement.CE_PushButtonLabel, option)

    def _picked(self, name: str) -> None:
        self._pick(self.descriptor.with_toggled(self._chosen, name))


def _with_letter(name: str, taken: set[str]) -> str:
    """Return the name with its first letter not in `taken` marked as its access key."""
    for place, letter in enumerate(name):
        if letter.isalpha() and letter not in taken:
            taken.add(letter)
            return f"{name[:place]}&{name[place:]}"
    return name
