"""The report as a PDF: one A4 page a lesion, vector text and bars, images without loss.

The page is two columns on an eight-point grid. Only a reader's comment too long for it goes on to a further page.
The same input gives the same bytes: the document's dates are those of the input, its id is made from the content.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from csamoe_desktop.files import write_whole
from csamoe_desktop.report.content import MANAGEMENT, NONE_GIVEN, WARNINGS, ReportContent, ReportInput, Section, content
from csamoe_desktop.report.fonts import register_fonts
from csamoe_desktop.report.pictures import BOUNDARY, CAPTION, CORE, pictures
from csamoe_desktop.report.sheet import (
    INK,
    NOTHING,
    QUIET,
    Block,
    Sheet,
    Type,
    beside,
    rule,
    space,
    stack,
    text,
    text_at_right,
    text_lines,
    text_width,
)

LEFT, COLUMN, GAP = 40, 248, 16
FULL = 2 * COLUMN + GAP
TOP, BOTTOM = 32, 808

_TITLE = Type(14, 20, bold=True)
_CATEGORY = Type(18, 24, bold=True)
_NUMBER = Type(18, 24)
_HEADING = Type(8.5, 16, bold=True)
_BODY = Type(7.5, 12)
_LABEL = Type(7.5, 12, ink=QUIET)
_SMALL = Type(6.5, 9, ink=QUIET)
_SMALL_BOLD = Type(6.5, 9, bold=True, ink=QUIET)

_LEFT_OUT = " Left out: what the probability does when an expert's share goes to the others."

_LABEL_WIDTH = 64
_MOST_LINES = 3
_PICTURE_MOST, _PICTURE_LEAST = 192, 88
_EXPERT_INK = {"Tumour core": CORE, "Boundary": BOUNDARY}


@dataclass(frozen=True, slots=True)
class _Piece:
    """A block of the part that may flow on to further pages.

    Attributes:
        above: what parts it from the block before, left out where a page begins with it.
        heading: what it needs above it where a page begins with it.
    """

    block: Block
    above: Block = NOTHING
    heading: Block = NOTHING


def write_pdf(path: Path, given: ReportInput) -> None:
    """Write the report of `given` to `path`.

    Raises:
        UserError: the mask is empty, or the file cannot be written; what stood at `path` is then untouched.
    """
    document = render(given)
    write_whole(path, lambda temporary: temporary.write_bytes(document))


def render(given: ReportInput) -> bytes:
    """Return the report of `given` as a PDF document."""
    said = content(given)
    register_fonts()
    pages = _pages(said, given)
    identifier = uuid5(NAMESPACE_URL, f"{said}{given.created.isoformat()}")
    with Sheet(f"{said.title} ({given.study_name})", identifier) as sheet:
        for number, page in enumerate(pages, 1):
            if number > 1:
                sheet.next_page()
            page.draw(sheet, LEFT, TOP)
            _footer(given.study_name, number, len(pages)).draw(sheet, LEFT, BOTTOM)
        document = sheet.finished()
    return _dated(document, given.created)


def _pages(said: ReportContent, given: ReportInput) -> list[Block]:
    """Return the pages: what is fixed, then what flows, with the limits at the foot of the first page."""
    above = stack(_header(said), beside((0, _rows(said.patient)), (COLUMN + GAP, _rows(said.study))), space(8))
    below = stack(
        space(8),
        beside((0, _reading(said)), (COLUMN + GAP, _gates(said))),
        _reasons(said),
        space(8),
        rule(FULL),
        beside((0, _titled(said.lesion)), (COLUMN + GAP, _titled(said.model))),
    )
    flow, limits = _flow(said), _limits(said)
    room = BOTTOM - 8 - TOP
    left_over = room - above.height - below.height - limits.height - CAPTION - sum(_height(piece) for piece in flow)
    # A long comment goes on to another page and leaves the pictures their size; less than that costs them a little.
    picture_height = left_over if _PICTURE_LEAST <= left_over < _PICTURE_MOST else _PICTURE_MOST
    fixed = stack(above, pictures(given, COLUMN, GAP, picture_height), below)
    if fixed.height + limits.height > room:
        fixed = stack(above, pictures(given, COLUMN, GAP, _PICTURE_LEAST), below)
    foot = [limits]
    if fixed.height + limits.height > room:
        flow, foot = [*flow, _Piece(limits, above=space(8))], []

    pages, free = [[fixed]], room - fixed.height - sum(block.height for block in foot)
    for piece in flow:
        if _height(piece) > free:
            pages[-1] += [space(free), *foot]
            pages.append([_further_header(said), piece.heading, piece.block])
            foot, free = [], room - sum(block.height for block in pages[-1])
        else:
            pages[-1] += [piece.above, piece.block]
            free -= _height(piece)
    pages[-1] += [space(free), *foot]
    return [stack(*page) for page in pages]


def _height(piece: _Piece) -> float:
    return piece.above.height + piece.block.height


def _header(said: ReportContent) -> Block:
    notice = said.notice.upper()
    kind = Type(7.5, 12, bold=True)
    wide = text_width(notice, kind) + 16

    def badge(sheet: Sheet, x: float, y: float) -> None:
        sheet.box(x, y, wide, 16, None, INK)
        text(notice, kind, wide).draw(sheet, x + 8, y + 2)

    return stack(
        beside((0, text(said.title, _TITLE, FULL - wide - 16)), (FULL - wide, Block(16, badge))),
        text(said.made, _SMALL, FULL),
        space(7),
        rule(FULL),
    )


def _further_header(said: ReportContent) -> Block:
    return stack(
        text(f"{said.title}, continued", _HEADING, FULL), text(said.identity, _LABEL, FULL), space(4), rule(FULL)
    )


def _footer(study_name: str, number: int, count: int) -> Block:
    page = text_at_right(f"Page {number} of {count}", _SMALL, FULL)
    warning = f"Research use only. {MANAGEMENT}."
    wide = text_width(warning, _SMALL_BOLD) + 16
    name = text(study_name, _SMALL, FULL - wide - 64, most=1)
    return stack(rule(FULL), beside((0, text(warning, _SMALL_BOLD, FULL)), (wide, name), (0, page)))


def _rows(section: Section, width: float = COLUMN) -> Block:
    value_width = width - _LABEL_WIDTH
    return stack(
        *(
            beside(
                (0, text(line.label, _LABEL, _LABEL_WIDTH - 4)),
                (_LABEL_WIDTH, text(line.value, _BODY, value_width, most=_MOST_LINES)),
            )
            for line in section.lines
        )
    )


def _titled(section: Section) -> Block:
    return stack(text(section.title, _HEADING, COLUMN), _rows(section))


def _reading(said: ReportContent) -> Block:
    """Return the category, then the probability as a number and on its scale with both thresholds."""
    number = text_at_right(said.scale.probability_words, _NUMBER, COLUMN)
    of = f"Probability of {said.positive}, calibrated"
    reach = said.scale.reach_words
    return stack(
        text("AI reading", _HEADING, COLUMN),
        beside((0, text(said.category, _CATEGORY, COLUMN)), (0, number)),
        text_at_right(of, _LABEL, COLUMN),
        text_at_right(f"{reach} with other contours", _LABEL, COLUMN) if reach else NOTHING,
        space(4),
        _scale(said),
        space(4),
        text(f"{said.thresholds[0].upper()}{said.thresholds[1:]}.", _SMALL, COLUMN),
    )


def _scale(said: ReportContent) -> Block:
    """Return the scale from 0 to 1: three zones, growing darker, and a marker at the probability."""
    scale = said.scale
    start, wide = 12, COLUMN - 24

    def draw(sheet: Sheet, x: float, y: float) -> None:
        bar = y + 8
        bounds = (0.0, scale.benign_below, scale.suspicious_from, 1.0)
        for low, high, grey in zip(bounds, bounds[1:], ("#eceef0", "#d3d7db", "#aeb4bb"), strict=False):
            sheet.box(x + start + low * wide, bar, (high - low) * wide, 8, grey)
        if scale.reach is not None:
            low, high = (x + start + end * wide for end in scale.reach)
            sheet.line(low, bar + 4, high, bar + 4, INK, 2)
            for end in (low, high):
                sheet.line(end, bar + 1, end, bar + 7, INK, 1)
        for ends, at in (("0", x), ("1", x + start + wide + 6)):
            text(ends, _LABEL, 12).draw(sheet, at, bar - 2)
        for at in bounds[1:3]:
            sheet.line(x + start + at * wide, bar - 2, x + start + at * wide, bar + 10, INK, 0.8)
        for words, at in _threshold_labels(said, wide):
            text(words, _SMALL, wide).draw(sheet, x + start + at, bar + 10)
        marked = x + start + scale.probability * wide
        sheet.line(marked, bar - 4, marked, bar + 8, INK, 2)
        sheet.triangle(marked, bar - 3, 4)

    return Block(28, draw)


def _threshold_labels(said: ReportContent, wide: float) -> list[tuple[str, float]]:
    """Return each threshold's number and where it starts: the lower one ends at its tick, the upper one begins there."""
    scale = said.scale
    low_wide, high_wide = (text_width(one, _SMALL) for one in (scale.benign_below_words, scale.suspicious_from_words))
    low = max(scale.benign_below * wide - low_wide - 2, 0)
    if scale.benign_below == scale.suspicious_from:
        return [(scale.benign_below_words, low)]
    high = min(scale.suspicious_from * wide + 2, wide - high_wide)
    low = min(low, wide - high_wide - 8 - low_wide)
    return [(scale.benign_below_words, low), (scale.suspicious_from_words, max(high, low + low_wide + 8))]


def _gates(said: ReportContent) -> Block:
    """Return a bar for each expert's share, what the probability does without the expert, and what a share is not."""
    kind, shares, start = Type(7.5, 16), 76, 84
    left_out = any(gate.left_out for gate in said.gates)
    wide = COLUMN - start - (40 if left_out else 0)

    def bar(share: float, ink: str) -> Block:
        def draw(sheet: Sheet, x: float, y: float) -> None:
            sheet.box(x, y + 4, wide, 8, "#eceef0")
            sheet.box(x, y + 4, wide * share, 8, ink)

        return Block(16, draw)

    rows = [
        beside(
            (0, text(gate.expert, kind, start)),
            (0, text_at_right(gate.words, kind, shares)),
            (start, bar(gate.share, _EXPERT_INK.get(gate.expert, "#7d848c"))),
            (0, text_at_right(gate.left_out, kind, COLUMN)),
        )
        for gate in said.gates
    ]
    return stack(
        text("Experts: the gate's shares", _HEADING, COLUMN),
        text_at_right("left out", _LABEL, COLUMN) if left_out else space(8),
        *rows,
        space(4),
        text(said.gates_note + (_LEFT_OUT if left_out else ""), _SMALL, COLUMN),
    )


def _reasons(said: ReportContent) -> Block:
    """Return what is said of the number: what it depends on, and how often it was wrong."""
    sentences = said.reasons.sentences()
    return stack(space(4), text(" ".join(sentences), _SMALL, FULL)) if sentences else NOTHING


def _flow(said: ReportContent) -> list[_Piece]:
    """Return warnings, comment and signature: what may go on to a further page, line by line."""
    warnings = [text(warning, _BODY, FULL) for warning in said.warnings] or [text("None.", _LABEL, FULL)]
    comment = text_lines(said.comment, _LABEL if said.comment == NONE_GIVEN else _BODY, FULL)
    pieces = []
    own = [_rows(Section("", (line,)), FULL) for line in said.own.lines]
    for title, blocks in (
        (WARNINGS, warnings),
        *(((said.own.title, own),) if own else ()),
        ("Reader's comment", comment),
    ):
        again = text(f"{title}, continued", _HEADING, FULL)
        pieces += [
            _Piece(stack(text(title, _HEADING, FULL), *blocks[:2]), above=stack(space(8), rule(FULL))),
            *(_Piece(block, heading=again) for block in blocks[2:]),
        ]
    return [*pieces, _Piece(_signature(said), above=space(8))]


def _signature(said: ReportContent) -> Block:
    def field(label: str, value: str, wide: float) -> Block:
        def draw(sheet: Sheet, x: float, y: float) -> None:
            text(value, _BODY, wide, most=1).draw(sheet, x, y + 10)
            sheet.line(x, y + 24, x + wide, y + 24, INK)
            text(label, _SMALL, wide).draw(sheet, x, y + 26)

        return Block(36, draw)

    return beside(
        (0, field("Reader", said.reader, COLUMN)),
        (COLUMN + GAP, field("Signature", "", 152)),
        (COLUMN + GAP + 168, field("Date", "", COLUMN - 168)),
    )


def _limits(said: ReportContent) -> Block:
    """Return intended use, limits and the whole hash of the weights, small."""
    heading, tiny = Type(6.5, 12, bold=True, ink=QUIET), Type(5.5, 9, ink=QUIET)
    use = stack(
        text("Intended use", heading, COLUMN),
        text(said.intended_use, _SMALL, COLUMN),
        text("SHA-256 of the model's weights", heading, COLUMN),
        text(said.weights_sha256, tiny, COLUMN),
    )
    limits = stack(
        text("Limits", heading, COLUMN),
        *(beside((0, text("·", _SMALL, 8)), (8, text(one, _SMALL, COLUMN - 8))) for one in said.limits),
    )
    return stack(space(8), rule(FULL), beside((0, use), (COLUMN + GAP, limits)))


def _dated(document: bytes, moment: datetime) -> bytes:
    """Return the document with its dates, for which Qt takes the clock's, set to `moment` in the same length."""

    def dated(found: re.Match[bytes]) -> bytes:
        offset = timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"] or 0))
        local = moment.astimezone(timezone(-offset if found["sign"] == b"-" else offset))
        shape = "%Y%m%d%H%M%S" if found["start"].startswith(b"/") else "%Y-%m-%dT%H:%M:%S"
        return found["start"] + local.strftime(shape).encode() + found["zone"]

    zone = rb"(?P<zone>Z|(?P<sign>[+-])(?P<hours>\d\d)[':](?P<minutes>\d\d))"
    document = re.sub(rb"(?P<start>/(?:Creation|Mod)Date \(D:)\d{14}" + zone, dated, document)
    return re.sub(rb'(?P<start>xmp:\w+Date=")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d' + zone, dated, document)
