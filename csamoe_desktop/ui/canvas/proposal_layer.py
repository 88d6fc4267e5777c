"""Proposals as they are seen: dashed outlines that say how sure the network is, and one quiet note on what to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from csamoe_desktop.lesion.outline import outlines
from csamoe_desktop.lesion.propose import Proposal
from csamoe_desktop.session.proposals import Proposals, Stage
from csamoe_desktop.ui.canvas.canvas_notes import Note
from csamoe_desktop.ui.canvas.overlays import HALO, WHITE, line, path_of, steady

_EVERYWHERE = QRectF(-1e6, -1e6, 2e6, 2e6)
_PANEL = QColor(17, 17, 17, 200)
_TEXT = QColor("#E6E6E6")
_QUIET = QColor("#B4B4B4")
_GAP = 6.0
"""Screen pixels between an outline and what is written at it."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys in use, as the user reads them; "" where there is none."""

    accept: str = ""
    following: str = ""
    tool: str = ""
    drop: str = ""


def note_of(proposals: Proposals, keys: Keys, drawing: bool = False) -> str:
    """Return the sentence on what to do now, or ""; `drawing`: a polygon or livewire is open, which Enter closes."""
    if drawing:
        return f"{keys.accept} closes what you draw" if keys.accept and proposals.stage is Stage.OFFERED else ""
    match proposals.stage:
        case Stage.LOOKING:
            return "Looking for a lesion …"
        case Stage.NONE:
            return f"No lesion proposed: draw one{f', or box it with {keys.tool}' if keys.tool else ''}"
        case Stage.NONE_THERE:
            return "No lesion found there: drag a box around it, or draw it"
        case Stage.NO_BREAST:
            return "No outlines proposed: this seems to be no image of the breast"
        case Stage.OFFERED:
            count = len(proposals.offered)
            which = "Proposed" if count == 1 else f"Proposal {proposals.selected + 1} of {count}"
            steps = [f"{keys.accept} accepts"] if keys.accept else []
            if count > 1 and keys.following:
                steps.append(f"{keys.following} shows the next")
            if keys.drop:
                steps.append(f"{keys.drop} drops it")
            return f"{which}: {', '.join([*steps, 'a stroke on it corrects it'])}"
    return ""


class ProposalItem(QGraphicsItem):
    """The candidates: the selected one in longer dashes and a bolder line; each says that it is proposed, and how sure."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Proposal, ...] = ()
        self._selected = 0
        self._paths: list[QPainterPath] = []

    def show_proposals(self, proposals: Sequence[Proposal], selected: int) -> None:
        """Show these candidates, the one at `selected` before the others."""
        if tuple(proposals) != self._shown:
            self.prepareGeometryChange()
            self._shown = tuple(proposals)
            self._paths = [path_of(outlines(one.mask, smooth=True)) for one in proposals]
        self._selected = selected
        self.update()

    def places(self) -> list[QRectF]:
        """Return the rectangle around each candidate, in frame pixels."""
        return [path.boundingRect() for path in self._paths]

    def labels(self) -> tuple[str, ...]:
        """Return what is written at each candidate."""
        return tuple(f"proposed · {one.confidence:.0%} sure".replace("%", " %") for one in self._shown)

    def boundingRect(self) -> QRectF:
        """Return everywhere: there are few, and what is written at them lies outside them."""
        return _EVERYWHERE if self._shown else QRectF()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint them, the selected one last."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        order = sorted(range(len(self._shown)), key=lambda place: place == self._selected)
        for place in order:
            chosen = place == self._selected
            painter.setBrush(Qt.BrushStyle.NoBrush)
            white = line(WHITE, 2, (4.0, 3.0)) if chosen else line(WHITE, 1.2, (1.5, 3.5))
            for pen in (line(HALO, 4 if chosen else 2.5), white):
                painter.setPen(steady(pen, painter))
                painter.drawPath(self._paths[place])
            self._write(painter, place, chosen)

    def _write(self, painter: QPainter, place: int, chosen: bool) -> None:
        text = self.labels()[place]
        around = painter.worldTransform().mapRect(self._paths[place].boundingRect())
        metrics = QFontMetricsF(painter.font(), painter.device())
        wide, high = metrics.horizontalAdvance(text) + 10, metrics.height() + 4
        # Above the outline; below it where the top of the view is near.
        top = around.top() - _GAP - high
        if top < 0:
            top = around.bottom() + _GAP
        left = max(around.center().x() - wide / 2, 2.0)
        painter.save()
        painter.resetTransform()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_PANEL)
        painter.drawRoundedRect(QRectF(left, top, wide, high), 3, 3)
        painter.setPen(_TEXT if chosen else _QUIET)
        painter.drawText(QPointF(left + 5, top + 2 + metrics.ascent()), text)
        painter.restore()


class ProposalLayer:
    """The item and the note of one canvas."""

    def __init__(self, proposals: Proposals, canvas: QWidget) -> None:
        self.item = ProposalItem()
        self.note = Note(canvas)
        self._proposals = proposals
        self._keys = Keys()
        self._hidden = False
        self._drawing: Callable[[], bool] = lambda: False

    def name_keys(self, keys: Keys) -> None:
        """Name these keys in the note."""
        self._keys = keys
        self.follow()

    def set_drawing_check(self, drawing: Callable[[], bool]) -> None:
        """Say what Enter does by whether a polygon or livewire is open, which this tells."""
        self._drawing = drawing

    def hide(self, hidden: bool) -> None:
        """Hide the outlines and what is said of them, or show them again."""
        self._hidden = hidden
        self.follow()

    def follow(self) -> None:
        """Show what is proposed now."""
        offered = () if self._hidden else self._proposals.offered
        self.item.show_proposals(offered, self._proposals.selected)
        self.item.setVisible(bool(offered))
        self.note.set_text("" if self._hidden else note_of(self._proposals, self._keys, self._drawing()))
