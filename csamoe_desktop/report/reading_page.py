"""The sheet of one reading: the sections of the template from top to bottom, the pictures as large as the rest leaves room.

Only warnings and comments too long for it, or a longer template, go on to a further page.
"""

from collections.abc import Sequence

from csamoe_desktop.report import reading_parts as parts
from csamoe_desktop.report.document import ReportInput
from csamoe_desktop.report.layout import COLUMN, FULL, GAP, ROOM, Piece, fill, further_header, header, rows, titled
from csamoe_desktop.report.pictures import CAPTION, pictures
from csamoe_desktop.report.said import UNSAID, ReportContent, Section
from csamoe_desktop.report.sheet import NOTHING, Block, beside, rule, space, stack
from csamoe_desktop.report.wording import Wording

_MOST, _LEAST = 192, 88
"""How high a picture is, in points."""
_FLOWING = ("examination", "warnings", "own", "comment", "signature")
_PARTED = ("patient", "study", "lesion", "shape", "model")
"""Above these there is a rule, unless the header's is."""


def reading_pages(
    said: ReportContent,
    given: ReportInput,
    say: Wording,
    head: Block = NOTHING,
    signed: bool = True,
    examination: Section = UNSAID,
) -> list[Block]:
    """Return the pages of one reading.

    Args:
        head: what stands above the title.
        signed: whether it is to be signed, as the last of a document is.
        examination: indication, comparison and technique, where they stand on this sheet.
    """
    title = said.heading or said.title
    top = Piece(stack(head, header(said, title)))
    limits = parts.limits(said, say)
    at_foot = say.rows[-1] == ("limits",)
    order = [row for row in say.rows if not (at_foot and row == ("limits",)) and (signed or row != ("signature",))]
    made = {
        row: _pieces(row, place == 0, said, examination, say) for place, row in enumerate(order) if row != ("pictures",)
    }

    fixed = top.height + sum(_height(made[row]) for row in made if row[0] not in _FLOWING)
    flowing = sum(_height(made[row]) for row in made if row[0] in _FLOWING)
    foot = limits if at_foot else NOTHING
    if ("pictures",) in order:
        above = NOTHING if order[0] == ("pictures",) else space(8)
        # A long comment goes on to another page and leaves the pictures their size; less than that costs them a little.
        left_over = ROOM - fixed - flowing - foot.height - CAPTION - above.height
        shown = pictures(given, COLUMN, GAP, left_over if _LEAST <= left_over < _MOST else _MOST, say)
        if fixed + above.height + shown.height + foot.height > ROOM:
            shown = pictures(given, COLUMN, GAP, _LEAST, say)
        made[("pictures",)] = [Piece(shown, above=above)]
        fixed += above.height + shown.height
    pieces = [top, *(piece for row in order for piece in made[row])]
    if fixed + foot.height > ROOM:
        pieces, foot = [*pieces, Piece(foot, above=space(8))], NOTHING
    return fill(pieces, further_header(said, title, say), foot)


def _pieces(row: tuple[str, ...], first: bool, said: ReportContent, examination: Section, say: Wording) -> list[Piece]:
    """Return what a row of the template comes to; `first`: it stands right below the header."""
    match row:
        case ("examination",):
            return parts.examination(examination, say)
        case ("warnings",):
            return parts.warnings(said, say)
        case ("own",):
            return parts.own(said, say)
        case ("comment",):
            return parts.comment(said, say)
        case ("signature",):
            return [Piece(parts.signature(said, say), above=space(8))]
        case ("limits",):
            return [Piece(parts.limits(said, say))]
        case ("reasons",):
            block = parts.reasons(said, say)
            return [Piece(block, above=space(4))] if block.height else []
    wide = COLUMN if len(row) > 1 else FULL
    blocks = [_narrow(section, wide, said, say) for section in row]
    above = NOTHING if first else stack(space(8), rule(FULL)) if row[0] in _PARTED else space(8)
    return [Piece(beside(*((place * (COLUMN + GAP), block) for place, block in enumerate(blocks))), above=above)]


def _narrow(section: str, wide: float, said: ReportContent, say: Wording) -> Block:
    match section:
        case "patient":
            return rows(said.patient, wide)
        case "study":
            return rows(said.study, wide)
        case "reading":
            return parts.reading(said, say)
        case "experts":
            return parts.experts(said, say)
        case "lesion":
            return titled(said.lesion, wide)
        case "shape":
            return titled(said.shape, wide)
        case "model":
            return titled(said.model, wide)
    raise ValueError(f"no section {section!r}")


def _height(pieces: Sequence[Piece]) -> float:
    return sum(piece.height for piece in pieces)
