"""Draws the proposals: dashed outlines labelled with the network's confidence, and a note on what to do with them."""

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
_DIMMED_TEXT = QColor("#B4B4B4")
_GAP = 6.0
"""Screen pixels between an outline and its label."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The names of the keys for proposals; "" where a command has no key."""

    accept: str = ""
    following: str = ""
    tool: str = ""
    drop: str = ""


def note_of(proposals: Proposals, keys: Keys, drawing: bool = False) -> str:
    """Return the text of the note, or "". `drawing`: an open polygon or livewire, which Enter closes."""
    if drawing:
        return f"{keys.accept} closes your outline" if keys.accept and proposals.stage is Stage.OFFERED else ""
    match proposals.stage:
        case Stage.LOOKING:
            return "Looking for lesions …"
        case Stage.NONE:
            box_hint = f", or press {keys.tool} and drag a box around it" if keys.tool else ""
            return f"No lesion proposed: draw one{box_hint}"
        case Stage.NONE_THERE:
            return "No lesion found there: drag a box around it, or draw it"
        case Stage.NO_BREAST:
            return "No outline proposed: this does not seem to be an image of the breast"
        case Stage.OFFERED:
            count = len(proposals.offered)
            title = "Proposed outline" if count == 1 else f"Proposal {proposals.selected + 1} of {count}"
            steps = [f"{keys.accept} accepts it"] if keys.accept else []
            if count > 1 and keys.following:
                steps.append(f"{keys.following} shows the next")
            if keys.drop:
                steps.append(f"{keys.drop} dismisses it")
            return f"{title}: {', '.join([*steps, 'drawing on it corrects it'])}"
    return ""


class ProposalItem(QGraphicsItem):
    """The proposals, each with a label; the selected one has longer dashes and a bolder line."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Proposal, ...] = ()
        self._selected = 0
        self._paths: list[QPainterPath] = []

    def show_proposals(self, proposals: Sequence[Proposal], selected: int) -> None:
        """Show these proposals, the one at index `selected` on top."""
        if tuple(proposals) != self._shown:
            self.prepareGeometryChange()
            self._shown = tuple(proposals)
            self._paths = [path_of(outlines(proposal.mask, smooth=True)) for proposal in proposals]
        self._selected = selected
        self.update()

    def places(self) -> list[QRectF]:
        """Return the rectangle around each proposal, in frame pixels."""
        return [path.boundingRect() for path in self._paths]

    def labels(self) -> tuple[str, ...]:
        """Return the label of each proposal."""
        return tuple(f"proposed · confidence {proposal.confidence * 100:.0f} %" for proposal in self._shown)

    def boundingRect(self) -> QRectF:
        """Return an unlimited rectangle: proposals are few, and their labels extend beyond them."""
        return _EVERYWHERE if self._shown else QRectF()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint the proposals, the selected one last."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        order = sorted(range(len(self._shown)), key=lambda index: index == self._selected)
        for index in order:
            selected = index == self._selected
            painter.setBrush(Qt.BrushStyle.NoBrush)
            white = line(WHITE, 2, (4.0, 3.0)) if selected else line(WHITE, 1.2, (1.5, 3.5))
            for pen in (line(HALO, 4 if selected else 2.5), white):
                painter.setPen(steady(pen, painter))
                painter.drawPath(self._paths[index])
            self._draw_label(painter, index, selected)

    def _draw_label(self, painter: QPainter, index: int, selected: bool) -> None:
        text = self.labels()[index]
        bounds = painter.worldTransform().mapRect(self._paths[index].boundingRect())
        metrics = QFontMetricsF(painter.font(), painter.device())
        width, height = metrics.horizontalAdvance(text) + 10, metrics.height() + 4
        # Above the outline, or below it near the top of the view.
        top = bounds.top() - _GAP - height
        if top < 0:
            top = bounds.bottom() + _GAP
        left = max(bounds.center().x() - width / 2, 2.0)
        painter.save()
        painter.resetTransform()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_PANEL)
        painter.drawRoundedRect(QRectF(left, top, width, height), 3, 3)
        painter.setPen(_TEXT if selected else _DIMMED_TEXT)
        painter.drawText(QPointF(left + 5, top + 2 + metrics.ascent()), text)
        painter.restore()


class ProposalLayer:
    """The proposals on one canvas, and the note on what to do with them."""

    def __init__(self, proposals: Proposals, canvas: QWidget) -> None:
        self.item = ProposalItem()
        self.note = Note(canvas)
        self._proposals = proposals
        self._keys = Keys()
        self._hidden = False
        self._drawing: Callable[[], bool] = lambda: False

    def name_keys(self, keys: Keys) -> None:
        """Use these key names in the note."""
        self._keys = keys
        self.follow()

    def set_drawing_check(self, drawing: Callable[[], bool]) -> None:
        """Set the function that tells whether a polygon or livewire is open; the note then says what Enter does."""
        self._drawing = drawing

    def hide(self, hidden: bool) -> None:
        """Hide the proposals and the note, or show them again."""
        self._hidden = hidden
        self.follow()

    def follow(self) -> None:
        """Show the current proposals."""
        offered = () if self._hidden else self._proposals.offered
        self.item.show_proposals(offered, self._proposals.selected)
        self.item.setVisible(bool(offered))
        self.note.set_text("" if self._hidden else note_of(self._proposals, self._keys, self._drawing()))
