"""Where each expert looked, over the image: one expert at a time, off until asked for, with its scale in the corner."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from csamoe_desktop.assess import AIResult
from csamoe_desktop.inference.explanation import attention_on_frame
from csamoe_desktop.report.content.reasons import EXPERTS
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.canvas.canvas_notes import GRID, TEXT, Glass
from csamoe_desktop.ui.canvas.overlays import CIVIDIS, AttentionItem


class AttentionNote(Glass):
    """Whose map is shown, and its scale. A map is scaled to its own largest value: it says where, not how much."""

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._text = ""

    @property
    def text(self) -> str:
        """What it says."""
        return self._text

    def say(self, text: str) -> None:
        """Say something else; nothing hides it."""
        if text == self._text:
            return
        self._text = text
        self.setAccessibleName(text)
        self.adjustSize()
        self.setVisible(bool(text))
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for the words, and the scale with its ends below."""
        metrics = self.fontMetrics()
        return QSize(max(metrics.horizontalAdvance(self._text) + 3 * GRID, 20 * GRID), 2 * metrics.height() + 2 * GRID)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint it."""
        painter = QPainter(self)
        self._panel(painter)
        metrics = self.fontMetrics()
        painter.setPen(TEXT)
        left, wide, line = 1.5 * GRID, self.width() - 3 * GRID, metrics.height()
        painter.drawText(QRectF(left, GRID / 2, wide, line), Qt.AlignmentFlag.AlignVCenter, self._text)
        low = QRectF(left, 1.25 * GRID + line, wide, line)
        painter.drawText(low, Qt.AlignmentFlag.AlignVCenter, "less")
        painter.drawText(low, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, "more")
        ends = metrics.horizontalAdvance("more") + GRID
        bar = low.adjusted(ends, line * 0.25, -ends, -line * 0.25)
        colours = QLinearGradient(bar.topLeft(), bar.topRight())
        for place, colour in enumerate(CIVIDIS.tolist()):
            colours.setColorAt(place / (len(CIVIDIS) - 1), QColor(*colour))
        painter.fillRect(bar, colours)


class AttentionLayer:
    """The map over the session's frame and its note."""

    def __init__(self, session: Session, canvas: QWidget) -> None:
        self.item = AttentionItem()
        self.note = AttentionNote(canvas)
        self._session = session
        self._expert = ""
        self._shown: tuple[AIResult | None, str] = (None, "")

    @property
    def experts(self) -> tuple[str, ...]:
        """The experts whose maps there are, in the order they are shown."""
        ai_result = self._session.shown_result.result
        if ai_result is None or ai_result.explanation is None:
            return ()
        return tuple(name for name in EXPERTS if name in ai_result.explanation.attention)

    @property
    def expert(self) -> str:
        """The expert whose map is asked for, or ""."""
        return self._expert

    def step(self) -> None:
        """Ask for the next expert's map; after the last one, for none."""
        turns = ("", *self.experts)
        place = turns.index(self._expert) if self._expert in turns else 0
        self._expert = turns[(place + 1) % len(turns)]

    def follow(self, hidden: bool) -> None:
        """Show what is asked for of the reading in view, unless `hidden`: overlays are off, or the reading is stale."""
        ai_result, frame = self._session.shown_result.result, self._session.frame
        expert = self._expert if self._expert in self.experts and not hidden else ""
        if (ai_result, expert) == self._shown:
            return
        self._shown = (ai_result, expert)
        if not expert or ai_result is None or ai_result.explanation is None or frame is None:
            self.item.show_map(None)
            self.note.say("")
            return
        attention = ai_result.explanation.attention[expert]
        self.item.show_map(*attention_on_frame(attention, expert, ai_result.regions, frame.shape))
        name = EXPERTS[expert].lower()
        positive = "malignancy" if ai_result.card.positive == "malignant" else ai_result.card.positive
        if attention.any():
            self.note.say(f"What spoke for {positive}: {name}")
        else:
            self.note.say(f"Nothing spoke for {positive}: {name}")
