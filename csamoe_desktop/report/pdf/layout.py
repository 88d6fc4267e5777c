"""The page layout of a report: two columns on an eight-point grid, a header, and blocks that flow from page to page."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from csamoe_desktop.report.content.blocks import Line, ReportContent, Section
from csamoe_desktop.report.letterhead import BOX
from csamoe_desktop.report.pdf.pictures import as_image
from csamoe_desktop.report.pdf.sheet import (
    INK,
    NOTHING,
    QUIET,
    Block,
    Sheet,
    Type,
    beside,
    rectangle,
    rule,
    space,
    stack,
    text,
    text_at_right,
    text_width,
)
from csamoe_desktop.wording import Wording

LEFT, COLUMN, GAP = 40, 248, 16
FULL = 2 * COLUMN + GAP
TOP, BOTTOM = 28, 811
ROOM = BOTTOM - 8 - TOP

TITLE = Type(14, 20, bold=True)
CATEGORY = Type(18, 24, bold=True)
NUMBER = Type(18, 24)
HEADING = Type(8.5, 16, bold=True)
BODY = Type(7.5, 12)
LABEL = Type(7.5, 12, ink=QUIET)
SMALL = Type(6.5, 9, ink=QUIET)
_NAME = Type(11, 16, bold=True)
_SMALL_BOLD = Type(6.5, 9, bold=True, ink=QUIET)

LABEL_WIDTH = 64
_MOST_LINES = 6
"""The lines printed of a value: enough for a data set's source; an overlong description from a file is cut."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A block that may move to the next page.

    Attributes:
        above: the space or rule between it and the block before, omitted at the top of a page.
        heading: the heading repeated above it at the top of a page.
        leads: it is a heading, and stays on the page of the piece after it.
    """

    block: Block
    above: Block = NOTHING
    heading: Block = NOTHING
    leads: bool = False

    @property
    def height(self) -> float:
        """The height it needs below another piece."""
        return self.above.height + self.block.height


def fill(pieces: Sequence[Piece], again: Block, foot: Block = NOTHING) -> list[Block]:
    """Return the pieces as pages, from the top down: `foot` at the foot of the first page, `again` at the head of each
    further page."""
    pages: list[list[Block]] = [[]]
    free = ROOM - foot.height
    fresh = False
    for place, piece in enumerate(pieces):
        begun = len(pages) > 1 or bool(pages[-1])
        with_next = piece.height + (pieces[place + 1].height if piece.leads and place + 1 < len(pieces) else 0)
        if begun and (piece.height > free or (with_next > free and not fresh)):
            pages[-1] += [space(free), foot]
            pages.append([again, piece.heading, piece.block])
            foot, free, fresh = NOTHING, ROOM - sum(block.height for block in pages[-1]), True
            continue
        fresh = False
        above = piece.above if begun else NOTHING
        pages[-1] += [above, piece.block]
        free -= above.height + piece.block.height
    pages[-1] += [space(free), foot]
    return [stack(*page) for page in pages]


def letterhead(institution: str, logo: NDArray[np.uint8] | None) -> Block:
    """Return the institution's logo, fitted into its box, with the name beside it; empty where there is neither."""
    if logo is None:
        return stack(text(institution, _NAME, FULL), space(6)) if institution else NOTHING
    rows, columns = logo.shape[:2]
    scale = min(BOX[0] / columns, BOX[1] / rows)
    width, height = columns * scale, rows * scale
    image = as_image(logo)

    def draw(sheet: Sheet, x: float, y: float) -> None:
        sheet.painter.drawImage(rectangle(x, y + (BOX[1] - height) / 2, width, height), image)

    name = text(institution, _NAME, FULL - width - 16, most=2)
    head = beside((0, Block(BOX[1], draw)), (width + 16, stack(space((BOX[1] - name.height) / 2), name)))
    return stack(head, space(8))


def header(content: ReportContent, title: str) -> Block:
    """Return the title, the restriction on use, and the date of creation."""
    notice = content.notice.upper()
    kind = Type(7.5, 12, bold=True)
    wide = text_width(notice, kind) + 16

    def badge(sheet: Sheet, x: float, y: float) -> None:
        sheet.box(x, y, wide, 16, None, INK)
        text(notice, kind, wide).draw(sheet, x + 8, y + 2)

    return stack(
        beside((0, text(title, TITLE, FULL - wide - 16)), (FULL - wide, Block(16, badge))),
        text(content.made, SMALL, FULL),
        space(7),
        rule(FULL),
    )


def further_header(content: ReportContent, title: str, say: Wording) -> Block:
    """Return the head of a further page, with patient and study so that a lost page can be identified."""
    return stack(
        text(say("{what}, continued", what=title), HEADING, FULL),
        text(content.identity, LABEL, FULL),
        space(4),
        rule(FULL),
    )


def footer(content: ReportContent, name: str, number: int, count: int, say: Wording) -> Block:
    """Return the footer of a page; `name` is the name of the study's file."""
    page = text_at_right(say("Page {number} of {count}", number=number, count=count), SMALL, FULL)
    notice = say("{notice}. {management}.", notice=content.notice, management=content.management)
    width = text_width(notice, _SMALL_BOLD) + 16
    file_name = text(name, SMALL, FULL - width - 64, most=1)
    return stack(rule(FULL), beside((0, text(notice, _SMALL_BOLD, FULL)), (width, file_name), (0, page)))


def rows(section: Section, width: float = COLUMN, label: float = LABEL_WIDTH, small: bool = False) -> Block:
    """Return a section's lines: labels at the left, `label` points wide, and values beside them."""
    label_type, value_type = (SMALL, Type(6.5, 9)) if small else (LABEL, BODY)
    value_width = width - label
    return stack(
        *(
            beside(
                (0, text(line.label, label_type, label - 4)),
                (label, text(line.value, value_type, value_width, most=_MOST_LINES)),
            )
            for line in section.lines
        )
    )


def titled(section: Section, width: float = COLUMN, label: float = LABEL_WIDTH, small: bool = False) -> Block:
    """Return a section's lines under its title."""
    return stack(text(section.title, HEADING, width), rows(section, width, label, small))


def two_columns(section: Section, label: float = LABEL_WIDTH) -> Block:
    """Return a section's lines, two short ones side by side, long ones over the full width."""
    return stack(*(block for block, _ in paired_rows(section, label)))


def paired_rows(section: Section, label: float = LABEL_WIDTH) -> list[tuple[Block, int]]:
    """Return a section's lines as rows, two short ones in a row; each row with its number of lines."""
    laid_out: list[tuple[Block, int]] = []
    waiting: list[Line] = []

    def add(lines: list[Line]) -> None:
        if lines:
            placed = (
                (place * (COLUMN + GAP), rows(Section("", (line,)), COLUMN, label)) for place, line in enumerate(lines)
            )
            laid_out.append((beside(*placed), len(lines)))

    for line in section.lines:
        if text_width(line.value, BODY) > COLUMN - label:
            add(waiting)
            waiting = []
            laid_out.append((rows(Section("", (line,)), FULL, label), 1))
            continue
        waiting.append(line)
        if len(waiting) == 2:
            add(waiting)
            waiting = []
    add(waiting)
    return laid_out
