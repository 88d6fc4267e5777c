"""One model's line in the comparison: what it needs, and its reading or why there is none."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from csamoe_desktop.networks.cards import ModelCard
from csamoe_desktop.report.content.model_words import needs
from csamoe_desktop.report.content.sections import Scale
from csamoe_desktop.report.content.side_by_side import NEEDS_OUTLINE, Row, gate_words
from csamoe_desktop.ui.panels.result_bars import CategorySign, ProbabilityScale
from csamoe_desktop.ui.widgets import theme

COLUMNS = ("Model", "Category", "Probability of malignancy", "", "Gates", "Device")
"""The headings; the number and its scale share one."""


class ComparisonRow:
    """The widgets of one line, put into row `place` of a grid."""

    def __init__(self, card: ModelCard, grid: QGridLayout, place: int) -> None:
        self.card = card
        self.row: Row | None = None
        self._scale: Scale | None = None
        self._said = ""
        self._veiled = False
        self.outdated = False
        self.tick = QCheckBox(f"{card.name} {card.version}")
        self.tick.setChecked(True)
        self.tick.setToolTip(f"<p>{card.title}</p>")
        self.needs = theme.label(needs(card), "muted", wrap=True)
        self.sign = CategorySign()
        self.category = theme.label()
        self.probability = theme.label(role="figure")
        self.scale = ProbabilityScale()
        self.gates = theme.label()
        self.device = theme.label(role="muted", wrap=True)
        self.unread = theme.label(role="muted", wrap=True)
        model = QWidget()
        column = QVBoxLayout(model)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tick)
        column.addWidget(self.needs)
        self._category = QWidget()
        row = QHBoxLayout(self._category)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        row.addWidget(self.sign)
        row.addWidget(self.category, 1)
        middle = Qt.AlignmentFlag.AlignVCenter
        grid.addWidget(model, place, 0)
        self._read = (self._category, self.probability, self.scale, self.gates, self.device)
        for at, widget in enumerate(self._read, 1):
            if widget is self.scale:
                grid.addWidget(widget, place, at)
            else:
                grid.addWidget(widget, place, at, middle)
        grid.addWidget(self.unread, place, 1, 1, len(self._read), middle)
        self.show_row(None, None)

    @property
    def asked(self) -> bool:
        """Whether it is to read, and can."""
        return self.tick.isChecked() and self.tick.isEnabled()

    def show_row(self, row: Row | None, scale: Scale | None) -> None:
        """Show a reading, or why there is none; None: it has not read yet."""
        self.row, self._scale, self._said = row, scale, ""
        self._paint()

    def veil(self, hidden: bool) -> None:
        """Show nothing of what this model said of the lesion, or show it again."""
        if hidden != self._veiled:
            self._veiled = hidden
            self._paint()

    def _paint(self) -> None:
        row, scale = (None, None) if self._veiled else (self.row, self._scale)
        ai_result = None if row is None else row.ai_result
        if ai_result is not None and scale is not None:
            self.sign.show_category(ai_result.category)
            self.category.setText(ai_result.category.value.capitalize())
            self.probability.setText(scale.probability_words)
            self.scale.show_scale(scale)
            self.gates.setText("\n".join(gate_words(ai_result)) or "one expert")
            theme.set_role(self.gates, "" if gate_words(ai_result) else "muted")
            self.device.setText(ai_result.device)
        elif self._veiled:
            # What is only hidden, a screen reader may still find.
            for words in (self.category, self.probability, self.gates, self.device):
                words.clear()
            for drawn in (self.sign, self.scale):
                drawn.setAccessibleName("")
        for widget in self._read:
            widget.setVisible(ai_result is not None)
        self.unread.setText(self._said if row is None else row.unread)
        theme.set_role(self.unread, "muted" if self.unread.text() in ("", NEEDS_OUTLINE) else "attention")
        self.unread.setVisible(ai_result is None)

    def say(self, words: str) -> None:
        """Say where this model stands before it has read, such as "reading"."""
        if self.row is None:
            self._said = words
            self.unread.setText(words)
            theme.set_role(self.unread, "muted")

    def show_possible(self, marked: bool, running: bool, outdated: bool) -> None:
        """Grey what cannot read (no outline is marked), and the reading that no longer holds."""
        possible = marked or not self.card.needs_outline
        if possible and self.row is not None and self.row.unread == NEEDS_OUTLINE:
            self.show_row(None, None)
        self.tick.setEnabled(possible and not running)
        self.needs.setEnabled(possible)
        self.outdated = outdated and self.row is not None and self.row.ai_result is not None
        for widget in self._read:
            widget.setEnabled(not self.outdated)
        if self.row is None:
            if not possible:
                self.say(NEEDS_OUTLINE)
            elif self.unread.text() == NEEDS_OUTLINE:
                self.say("")
