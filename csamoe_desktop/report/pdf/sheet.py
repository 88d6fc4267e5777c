"""A4 paper in points (1/72 inch) and the blocks on it: wrapped text, rules, rows, columns.

A block has its height before it is drawn, so that a page can be planned as a whole and nothing overlaps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QPointF, QRectF, Qt, QUuid
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetricsF,
    QPageSize,
    QPainter,
    QPdfWriter,
    QPen,
    QPolygonF,
    QTextLayout,
    QTextOption,
)

from csamoe_desktop.report.pdf.fonts import FAMILIES, printable

UNIT = 20
"""Device units per point; a whole number, to keep the eight-point grid exact."""
WIDTH, HEIGHT = 595, 842

INK, QUIET, HAIRLINE = "#1b1d20", "#5d636b", "#c9cdd2"


@dataclass(frozen=True, slots=True)
class Type:
    """A type size and the distance from line to line, in points."""

    size: float
    leading: float
    bold: bool = False
    ink: str = INK

    def font(self) -> QFont:
        """Return the font, in device units, without ligatures: they would change the text when it is copied from the PDF."""
        font = QFont()
        font.setFamilies(list(FAMILIES))
        font.setPixelSize(round(self.size * UNIT))
        font.setBold(self.bold)
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        font.setFeature(QFont.Tag("liga"), 0)
        return font


class Sheet:
    """A PDF drawn in memory. All coordinates are points from the upper left corner of the page.

    A context manager: the painter is ended before its paint device is destroyed, as Qt aborts otherwise.
    """

    def __init__(self, title: str, identifier: UUID) -> None:
        self._bytes = QByteArray()
        self._buffer = QBuffer(self._bytes)
        self._buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        self._writer = QPdfWriter(self._buffer)
        self._writer.setResolution(72 * UNIT)
        self._writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
        self._writer.setPageMargins(QMarginsF(0, 0, 0, 0))
        self._writer.setTitle(title)
        self._writer.setCreator("CSA-MoE Desktop")
        self._writer.setDocumentId(QUuid(str(identifier)))
        self.painter = QPainter(self._writer)
        self.painter.setRenderHint(QPainter.RenderHint.LosslessImageRendering)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        if self.painter.isActive():
            self.painter.end()

    def next_page(self) -> None:
        """Begin a new page."""
        self._writer.newPage()

    def finished(self) -> bytes:
        """End the document and return it."""
        self.painter.end()
        self._buffer.close()
        return bytes(self._bytes.data())

    def line(self, x: float, y: float, to_x: float, to_y: float, ink: str = HAIRLINE, width: float = 0.5) -> None:
        """Draw a line."""
        self.painter.setPen(pen(ink, width))
        self.painter.drawLine(QPointF(x * UNIT, y * UNIT), QPointF(to_x * UNIT, to_y * UNIT))

    def box(self, x: float, y: float, width: float, height: float, fill: str | None, edge: str | None = None) -> None:
        """Draw a filled or outlined box."""
        self.painter.setPen(pen(edge, 0.5) if edge else QPen(Qt.PenStyle.NoPen))
        self.painter.setBrush(QColor(fill) if fill else QBrush())
        self.painter.drawRect(rectangle(x, y, width, height))
        self.painter.setBrush(QBrush())

    def triangle(self, x: float, y: float, half: float, fill: str = INK) -> None:
        """Draw a triangle that points down, with its tip at (x, y)."""
        self.painter.setPen(QPen(Qt.PenStyle.NoPen))
        self.painter.setBrush(QColor(fill))
        corners = [(x, y), (x - half, y - 1.5 * half), (x + half, y - 1.5 * half)]
        self.painter.drawPolygon(QPolygonF([QPointF(right * UNIT, down * UNIT) for right, down in corners]))
        self.painter.setBrush(QBrush())


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a page with a known height; `draw` draws it on a sheet with its upper left corner at (x, y)."""

    height: float
    draw: Callable[[Sheet, float, float], None]


def rectangle(x: float, y: float, width: float, height: float) -> QRectF:
    """Return a rectangle in device units from points."""
    return QRectF(x * UNIT, y * UNIT, width * UNIT, height * UNIT)


def pen(ink: str, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """Return a pen of a width in points."""
    return QPen(QColor(ink), width * UNIT, style, Qt.PenCapStyle.FlatCap, Qt.PenJoinStyle.MiterJoin)


def text_width(words: str, kind: Type) -> float:
    """Return the width of `words` on one line, in points."""
    return QFontMetricsF(kind.font()).horizontalAdvance(printable(words)) / UNIT


def text_lines(words: str, kind: Type, width: float) -> list[Block]:
    """Return `words` wrapped to `width`, a block a line; words too long for a line are broken."""
    layout = QTextLayout(printable(words).replace("\n", "\N{LINE SEPARATOR}"), kind.font())
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    metrics = QFontMetricsF(kind.font())
    baseline = (kind.leading * UNIT - metrics.ascent() - metrics.descent()) / 2 + metrics.ascent()
    layout.beginLayout()
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width * UNIT)
        # A line with Chinese is taller than the font's metrics: position it by its baseline.
        line.setPosition(QPointF(0, baseline - line.ascent()))
    layout.endLayout()

    def drawn(index: int) -> Block:
        def draw(sheet: Sheet, x: float, y: float) -> None:
            sheet.painter.setPen(QColor(kind.ink))
            layout.lineAt(index).draw(sheet.painter, QPointF(x * UNIT, y * UNIT))

        return Block(kind.leading, draw)

    return [drawn(index) for index in range(layout.lineCount())]


def text(words: str, kind: Type, width: float, most: int | None = None) -> Block:
    """Return `words` wrapped to `width` as one block, cut with an ellipsis after `most` lines."""
    words = printable(words)
    lines = text_lines(words, kind, width)
    if most is not None and len(lines) > most:
        shown = len(words) - 1
        while len(lines) > most:
            shown = min(shown - 1, shown * 9 // 10) if len(lines) > most + 1 else shown - 1
            lines = text_lines(words[:shown].rstrip() + "…", kind, width)
    return stack(*lines)


def text_at_right(words: str, kind: Type, width: float) -> Block:
    """Return one line of `words`, right-aligned in `width`."""
    (line,) = text_lines(words, kind, 10 * WIDTH) or [space(kind.leading)]
    start = width - text_width(words, kind)
    return Block(line.height, lambda sheet, x, y: line.draw(sheet, x + start, y))


def stack(*blocks: Block) -> Block:
    """Return the blocks one below the other."""

    def draw(sheet: Sheet, x: float, y: float) -> None:
        for block in blocks:
            block.draw(sheet, x, y)
            y += block.height

    return Block(sum(block.height for block in blocks), draw)


def beside(*placed: tuple[float, Block]) -> Block:
    """Return blocks side by side, each at its distance from the left."""

    def draw(sheet: Sheet, x: float, y: float) -> None:
        for at, block in placed:
            block.draw(sheet, x + at, y)

    return Block(max((block.height for _, block in placed), default=0), draw)


def space(height: float) -> Block:
    """Return empty paper."""
    return Block(height, lambda sheet, x, y: None)


NOTHING = space(0)


def rule(width: float) -> Block:
    """Return a hairline with eight points of space below."""
    return Block(8, lambda sheet, x, y: sheet.line(x, y, x + width, y))
