"""The window "Views of this lesion": all views of a lesion side by side with their AI results, and the combined result."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from csamoe_desktop.assess import AIResult, probability_words
from csamoe_desktop.networks.cards import Thresholds
from csamoe_desktop.read_views import CombinedResult, read_views, view_names
from csamoe_desktop.report.content.blocks import MANAGEMENT, NOTICE, ProbabilityMarks
from csamoe_desktop.session.lesion_views import ShownView
from csamoe_desktop.ui.dialogs.view_column import HIDDEN, UNREAD, ViewColumn, extent, forget
from csamoe_desktop.ui.panels.result_bars import CategorySign, ProbabilityScale
from csamoe_desktop.ui.widgets import theme

ONE_VIEW = (
    "Only one view of this lesion is marked. Mark the lesion on another image and choose there, under Describe lesion, "
    "which outline shows the same lesion."
)
NO_VIEW = "No lesion is marked."
TOO_FEW = "A combined result needs current AI results of at least two views."
OWN_FIRST = "Give your assessment of each view first. The combined result is then shown."
OTHER_MODEL = (
    "The AI results of these views are from different models. Assess all views with one model to combine them."
)
ONE_SCALE = "All images are shown at the same scale."
OWN_SCALES = "Not every image is calibrated, so each is shown at its own scale."
HOW = (
    "The combined probability is calculated from the mean of the views' log odds; all views count equally. The views show "
    "the same lesion, so their agreement is not independent evidence."
)

_SOON = 100
"""Milliseconds between updates: a stroke changes the mask with every mouse move."""


class ViewsWindow(QDialog):
    """The window; when shown, and soon after `follow`, it gets the views from `views`, the current one first."""

    def __init__(self, views: Callable[[], Sequence[ShownView]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Views of this lesion")
        self.setModal(False)
        self._ask = views
        self._seen: tuple[ShownView, ...] = ()
        self.together: CombinedResult | None = None
        """The combined result of the views that have one each; None where there are too few."""
        self.columns: list[ViewColumn] = []
        self.sentence = theme.label(wrap=True)
        self.sentence.setStyleSheet("font-weight: 600")
        self.missing = theme.label(role="attention", wrap=True)
        self.sign = CategorySign()
        self.category = theme.label(role="figure")
        self.probability = theme.label(role="figure")
        self.scale = ProbabilityScale()
        self.at_one_scale = theme.label(role="muted", wrap=True)
        self.copy = QPushButton("Copy as text")
        self.close_button = QPushButton("Close")
        self._grid = QGridLayout()
        self._fused = QFrame()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON)
        self._soon.timeout.connect(self.show_now)
        self._lay_out()
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text()))
        self.close_button.clicked.connect(self.reject)

    def follow(self) -> None:
        """Update soon, because something may have changed: once for many calls, and only while the window is visible."""
        if self.isVisible() and not self._soon.isActive():
            self._soon.start()

    def show_now(self) -> None:
        """Update the window now."""
        self._seen = tuple(self._ask())
        seen, count = self._seen, len(self._seen)
        names = view_names(count)
        current_results = [(view.holds, name) for view, name in zip(seen, names, strict=True)]
        results = [(ai_result, name) for ai_result, name in current_results if ai_result is not None]
        one_model = len({ai_result.card.sha256 for ai_result, _ in results}) == 1
        self.together = read_views([ai_result for ai_result, _ in results]) if one_model and len(results) > 1 else None
        self._show_columns(names)
        self._show_together(results)
        self.at_one_scale.setText("" if count < 2 else ONE_SCALE if self._calibrated else OWN_SCALES)
        self.copy.setEnabled(bool(results))

    def text(self) -> str:
        """Return the content as plain text: the combined result, and one line per view."""
        lines = [label.text() for label in (self.sentence, self.missing) if label.text()]
        for column, seen in zip(self.columns, self._seen, strict=True):
            names = (seen.description.title(seen.number), seen.description.place(), seen.description.view, seen.where)
            shown = seen.shown is not None
            ai_result = f"{column.category.text()}, {column.probability.text()}" if shown else ""
            sentences = " ".join(filter(None, (f"{ai_result}." if ai_result else "", column.because.text())))
            lines.append(f"{column.heading.text()} ({', '.join(filter(None, names))}): {sentences}")
        return "\n".join([*lines, f"{NOTICE}. {MANAGEMENT}."])

    def showEvent(self, event: QShowEvent) -> None:
        """Update the window as it is shown."""
        super().showEvent(event)
        self.show_now()

    def _show_columns(self, names: Sequence[str]) -> None:
        while len(self.columns) > len(self._seen):
            self.columns.pop().remove()
        while len(self.columns) < len(self._seen):
            self.columns.append(ViewColumn(self._grid, len(self.columns)))
        extents = [extent(view.frame, view.mask) for view in self._seen]
        for place, (column, seen) in enumerate(zip(self.columns, self._seen, strict=True)):
            name = "the other view" if names[place] == "the other" else names[place]
            beside = extents if self._calibrated else [extents[place]]
            column.show_view(seen, name[0].upper() + name[1:], self._scale_of(seen.shown), beside)

    @property
    def _calibrated(self) -> bool:
        """Whether the lesion is calibrated on all images: millimetres and pixels have no common scale."""
        return all(view.frame.scale.of(view.mask.pixels).in_mm for view in self._seen)

    def _show_together(self, results: Sequence[tuple[AIResult, str]]) -> None:
        together, count = self.together, len(self._seen)
        self._fused.setVisible(together is not None)
        if together is None:
            self.sentence.setText(self._not_together(len(results)))
            self.missing.setText("")
            forget(self.category, self.probability, self.sign, self.scale)
        else:
            self.sentence.setText(together.sentence([name for _, name in results], of=count))
            self.missing.setText(self._left_out())
            self.sign.show_category(together.category)
            self.category.setText(together.category.value.capitalize())
            self.probability.setText(together.words(together.probability))
            self.scale.show_scale(_scale(together.probability, together.thresholds, together.digits))
        self.missing.setVisible(bool(self.missing.text()))

    def _not_together(self, count: int) -> str:
        """Return why there is no combined result; `count` views have an AI result."""
        if len(self._seen) < 2:
            return ONE_VIEW if self._seen else NO_VIEW
        if count > 1:
            return OTHER_MODEL
        return OWN_FIRST if any(view.hidden for view in self._seen) else TOO_FEW

    def _left_out(self) -> str:
        """Return which views are not in the combined result, and why."""
        names = view_names(len(self._seen))
        sentences = []
        for seen, name in zip(self._seen, names, strict=True):
            if seen.holds is None:
                why = HIDDEN if seen.hidden else seen.because or UNREAD
                sentences.append(f"{name[0].upper()}{name[1:]} is not included. {why}")
        return " ".join(sentences)

    def _scale_of(self, ai_result: AIResult | None) -> ProbabilityMarks | None:
        """Return the scale of one view's AI result, with at least as many digits as the combined result has."""
        if ai_result is None:
            return None
        alone = read_views([ai_result])
        digits = self.together.digits if self.together is not None else 0
        return _scale(ai_result.prediction.probability, alone.thresholds, max(digits, alone.digits))

    def _lay_out(self) -> None:
        grid = self._grid
        grid.setContentsMargins(theme.GRID * 3 // 2, theme.GRID, theme.GRID * 3 // 2, theme.GRID)
        grid.setHorizontalSpacing(theme.GRID * 2)
        grid.setVerticalSpacing(theme.GRID // 2)
        grid.setRowStretch(ViewColumn.PICTURE, 1)
        holder = QFrame()
        holder.setProperty("role", "box")
        holder.setLayout(grid)
        scroll = QScrollArea()
        scroll.setWidget(holder)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._fused.setProperty("role", "box")
        fused = QVBoxLayout(self._fused)
        fused.setContentsMargins(theme.GRID * 3 // 2, theme.GRID, theme.GRID * 3 // 2, theme.GRID * 3 // 2)
        fused.setSpacing(theme.GRID // 2)
        lead = QHBoxLayout()
        lead.setSpacing(theme.GRID * 3 // 2)
        for widget in (self.sign, self.category, self.probability):
            lead.addWidget(widget)
        lead.addStretch(1)
        fused.addWidget(theme.label("Combined result", "heading"))
        fused.addLayout(lead)
        fused.addWidget(self.scale)
        fused.addWidget(theme.label(HOW, "muted", wrap=True))
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GRID)
        buttons.addWidget(self.at_one_scale, 1, Qt.AlignmentFlag.AlignVCenter)
        for button in (self.copy, self.close_button):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.GRID * 2] * 4)
        column.setSpacing(theme.GRID)
        column.addWidget(self.sentence)
        column.addWidget(self.missing)
        column.addWidget(scroll, 1)
        column.addWidget(self._fused)
        column.addWidget(theme.label(f"{NOTICE}. {MANAGEMENT}.", "muted", wrap=True))
        column.addLayout(buttons)
        self.setMinimumSize(theme.GRID * 60, theme.GRID * 60)
        self.resize(theme.GRID * 124, theme.GRID * 92)


def _scale(probability: float, thresholds: Thresholds, digits: int) -> ProbabilityMarks:
    return ProbabilityMarks(
        probability=probability,
        benign_below=thresholds.benign_below,
        suspicious_from=thresholds.suspicious_from,
        probability_words=probability_words(probability, digits),
        benign_below_words=f"{thresholds.benign_below:.{digits}f}",
        suspicious_from_words=f"{thresholds.suspicious_from:.{digits}f}",
    )
