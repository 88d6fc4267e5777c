"""One model's row in the comparison window: what it needs, and its AI result or why there is none."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from csamoe_desktop.networks.cards import ModelCard
from csamoe_desktop.report.content.blocks import ProbabilityMarks
from csamoe_desktop.report.content.model_words import needs
from csamoe_desktop.report.content.side_by_side import NEEDS_OUTLINE, ModelRow, gate_words
from csamoe_desktop.ui.panels.result_bars import CategorySign, ProbabilityScale
from csamoe_desktop.ui.widgets import theme

COLUMNS = ("Model", "Category", "Probability of malignancy", "", "Gate shares", "Compute device")
"""The headings; the probability and its scale share one."""


class ComparisonRow:
    """The widgets of one model, placed in row `place` of a grid."""

    def __init__(self, card: ModelCard, grid: QGridLayout, place: int) -> None:
        self.card = card
        self.row: ModelRow | None = None
        self._scale: ProbabilityMarks | None = None
        self._status = ""
        self._hidden = False
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
        """Whether the model is selected and can run."""
        return self.tick.isChecked() and self.tick.isEnabled()

    def show_row(self, row: ModelRow | None, scale: ProbabilityMarks | None) -> None:
        """Show an AI result, or why there is none; None if the model has not run yet."""
        self.row, self._scale, self._status = row, scale, ""
        self._paint()

    def hide_result(self, hidden: bool) -> None:
        """Hide this model's AI result, or show it again."""
        if hidden != self._hidden:
            self._hidden = hidden
            self._paint()

    def _paint(self) -> None:
        row, scale = (None, None) if self._hidden else (self.row, self._scale)
        ai_result = None if row is None else row.ai_result
        if ai_result is not None and scale is not None:
            self.sign.show_category(ai_result.category)
            self.category.setText(ai_result.category.value.capitalize())
            self.probability.setText(scale.probability_words)
            self.scale.show_scale(scale)
            self.gates.setText("\n".join(gate_words(ai_result)) or "one expert")
            theme.set_role(self.gates, "" if gate_words(ai_result) else "muted")
            self.device.setText(ai_result.device)
        elif self._hidden:
            # A screen reader may read the texts of hidden widgets.
            for label in (self.category, self.probability, self.gates, self.device):
                label.clear()
            for drawing in (self.sign, self.scale):
                drawing.setAccessibleName("")
        for widget in self._read:
            widget.setVisible(ai_result is not None)
        self.unread.setText(self._status if row is None else row.unread)
        theme.set_role(self.unread, "muted" if self.unread.text() in ("", NEEDS_OUTLINE) else "attention")
        self.unread.setVisible(ai_result is None)

    def show_status(self, words: str) -> None:
        """Show the model's state before it has a result, such as "Running"."""
        if self.row is None:
            self._status = words
            self.unread.setText(words)
            theme.set_role(self.unread, "muted")

    def show_possible(self, marked: bool, running: bool, outdated: bool) -> None:
        """Grey the model if it cannot run (it needs an outline and none is marked), and its AI result if that is outdated."""
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
                self.show_status(NEEDS_OUTLINE)
            elif self.unread.text() == NEEDS_OUTLINE:
                self.show_status("")
