"""The attention map of one expert over the image, with a colour scale in the corner; off until the user asks for it."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from csamoe_desktop.assess import AIResult
from csamoe_desktop.inference.explanation import attention_on_frame
from csamoe_desktop.report.content.reasons import EXPERTS
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.canvas.canvas_notes import GRID, TEXT, TextNote
from csamoe_desktop.ui.canvas.overlays import CIVIDIS, AttentionItem


class AttentionNote(TextNote):
    """The name of the expert whose map is shown, and the colour scale.

    Each map is scaled to its own maximum: colours can be compared within a map, not between maps.
    """

    def sizeHint(self) -> QSize:
        """Return the size of the text with the colour scale and its labels below."""
        metrics = self.fontMetrics()
        return QSize(max(metrics.horizontalAdvance(self._text) + 3 * GRID, 20 * GRID), 2 * metrics.height() + 2 * GRID)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the text and the colour scale."""
        painter = QPainter(self)
        self._panel(painter)
        metrics = self.fontMetrics()
        painter.setPen(TEXT)
        left, width, line = 1.5 * GRID, self.width() - 3 * GRID, metrics.height()
        painter.drawText(QRectF(left, GRID / 2, width, line), Qt.AlignmentFlag.AlignVCenter, self._text)
        scale = QRectF(left, 1.25 * GRID + line, width, line)
        painter.drawText(scale, Qt.AlignmentFlag.AlignVCenter, "less")
        painter.drawText(scale, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, "more")
        label_width = metrics.horizontalAdvance("more") + GRID
        bar = scale.adjusted(label_width, line * 0.25, -label_width, -line * 0.25)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        for index, colour in enumerate(CIVIDIS.tolist()):
            gradient.setColorAt(index / (len(CIVIDIS) - 1), QColor(*colour))
        painter.fillRect(bar, gradient)


class AttentionLayer:
    """The attention map over the current frame, and its note."""

    def __init__(self, session: Session, canvas: QWidget) -> None:
        self.item = AttentionItem()
        self.note = AttentionNote(canvas)
        self._session = session
        self._expert = ""
        self._shown: tuple[AIResult | None, str] = (None, "")

    @property
    def experts(self) -> tuple[str, ...]:
        """The experts with an attention map, in display order."""
        ai_result = self._session.shown_result.result
        if ai_result is None or ai_result.explanation is None:
            return ()
        return tuple(name for name in EXPERTS if name in ai_result.explanation.attention)

    @property
    def expert(self) -> str:
        """The expert whose map the user chose, or "" for none."""
        return self._expert

    def step(self) -> None:
        """Choose the next expert's map; after the last one, choose none."""
        choices = ("", *self.experts)
        index = choices.index(self._expert) if self._expert in choices else 0
        self._expert = choices[(index + 1) % len(choices)]

    def follow(self, hidden: bool) -> None:
        """Show the chosen map of the AI result in view, unless `hidden`: overlays are off or the result is outdated."""
        ai_result, frame = self._session.shown_result.result, self._session.frame
        expert = self._expert if self._expert in self.experts and not hidden else ""
        if (ai_result, expert) == self._shown:
            return
        self._shown = (ai_result, expert)
        if not expert or ai_result is None or ai_result.explanation is None or frame is None:
            self.item.show_map(None)
            self.note.set_text("")
            return
        attention = ai_result.explanation.attention[expert]
        self.item.show_map(*attention_on_frame(attention, expert, ai_result.regions, frame.shape))
        name = EXPERTS[expert].lower()
        positive = "malignancy" if ai_result.card.positive == "malignant" else ai_result.card.positive
        if attention.any():
            self.note.set_text(f"Areas that favoured {positive}: {name}")
        else:
            self.note.set_text(f"No area favoured {positive}: {name}")
