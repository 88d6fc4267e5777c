"""The pages of a document: its head, an impression of the lesions, each lesion with its views, warnings, signature, annex.

All of it flows: a page is begun where the one before is full, and the pictures are as large as they can be without one page
more. The sections of a reading, and what stands at the end, come in the order of the template.
"""

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from csamoe_desktop.report.content.blocks import ReportContent, Section
from csamoe_desktop.report.content.views import DocumentContent, LesionContent
from csamoe_desktop.report.document import LesionViews, Report, ReportInput
from csamoe_desktop.report.pdf import result_parts as parts
from csamoe_desktop.report.pdf.layout import (
    BODY,
    COLUMN,
    FULL,
    GAP,
    HEADING,
    LABEL,
    SMALL,
    Piece,
    fill,
    further_header,
    header,
    rows,
    titled,
    two_columns,
)
from csamoe_desktop.report.pdf.pictures import pictures, view_picture
from csamoe_desktop.report.pdf.sheet import NOTHING, Block, Type, beside, rule, space, stack, text
from csamoe_desktop.wording import Wording

_MOST, _LEAST, _STEP = 192, 72, 8
"""How high a picture is, in points."""
_HEAD = ("patient", "study", "examination")
_END = ("warnings", "signature", "model", "limits")
"""What stands once, after all lesions."""
_COLUMNS = (96, 128, 96, 56, 72, 64)
"""Of the list of lesions, in points: title, place, size, own category, AI category, probability."""
_LABEL = 128
_ROOMY = 128
"""From this height of the pictures on there is no need to save air."""
_CLOSE = 3
"""The air, in points, that is left where a page is nearly full."""

Sized = Piece | Callable[[float], Piece]
"""A piece, or what makes one of a picture's height."""


def document_pages(report: Report, said: DocumentContent, say: Wording, head: Block) -> list[Block]:
    """Return the pages; `head` stands above the title.

    Of all heights of the pictures that need the fewest pages the greatest is taken.
    """
    sized = [*_single(report, said, say, head)] if len(report.readings) == 1 else [*_several(report, said, say, head)]
    limits = _limits(said, say) if say.rows[-1] == ("limits",) else NOTHING
    again = further_header(said.first, said.title, say)

    def paged(height: int) -> list[Block]:
        pieces = [one(height) if callable(one) else one for one in sized]
        closer = pieces if height > _ROOMY else [_closer(one) for one in pieces]
        for tight in (pieces, closer):
            if len(whole := fill(tight, again, limits)) == 1 or not limits.height:
                return whole
        return fill([*pieces, Piece(limits, above=space(8))], again)

    least = len(paged(_LEAST))
    low, high = _LEAST, _MOST
    while low < high:
        middle = low + ((high - low) // _STEP + 1) // 2 * _STEP
        low, high = (middle, high) if len(paged(middle)) == least else (low, middle - _STEP)
    return paged(low)


def _closer(piece: Piece) -> Piece:
    """Return a piece with less air above it, for a page that would just not hold it."""
    air = piece.above.height
    if air <= _CLOSE:
        return piece
    ruled = air > rule(FULL).height
    return dataclasses.replace(piece, above=stack(space(_CLOSE), rule(FULL)) if ruled else space(_CLOSE))


def impression(said: DocumentContent, say: Wording) -> list[Piece]:
    """Return the overall impression: the list of the lesions, each with own and AI category."""
    headings = stack(_row(said.headings, LABEL), space(2), rule(FULL))
    title = text(say("Overall impression"), HEADING, FULL)
    pieces = [Piece(stack(title, headings), above=stack(space(8), rule(FULL)))]
    pieces += [Piece(stack(_row(row, BODY), space(4)), heading=headings) for row in said.rows()]
    differing = [f"{one.title}: {one.differs}" for one in said.lesions if one.differs]
    return [*pieces, *(Piece(text(one, SMALL, FULL)) for one in differing)]


def _single(report: Report, said: DocumentContent, say: Wording, head: Block) -> Iterable[Sized]:
    """Yield the pieces of a document of one reading, in the template's order."""
    (given,), one = report.readings, said.first
    yield Piece(stack(head, header(one, said.title)))
    order = [row for row in say.rows if row != ("limits",) or row is not say.rows[-1]]
    for place, row in enumerate(order):
        yield from _pieces(row, place == 0, one, said, given, say)


def _several(report: Report, said: DocumentContent, say: Wording, head: Block) -> Iterable[Sized]:
    """Yield the pieces of a document of several readings: what holds for all of them stands once."""
    first = said.first
    shown = [one for row in say.rows for one in row]
    facts = beside((0, rows(said.patient)), (COLUMN + GAP, rows(said.study)))
    yield Piece(stack(head, header(first, said.title), facts if {"patient", "study"} & set(shown) else NOTHING))
    yield from parts.examination(said.examination, say)
    if said.listed:
        yield from impression(said, say)
    same_model = len({(one.model, one.weights_sha256) for lesion in said.lesions for one in lesion.views}) == 1
    for lesion, words in zip(report.lesions(), said.lesions, strict=True):
        yield from _lesion(lesion, words, said, same_model, say)
    ending = dataclasses.replace(first, warnings=_all_warnings(said))
    for row in say.rows:
        if row[0] in ("warnings", "signature"):
            yield from _pieces(row, False, ending, said, report.readings[0], say)
        elif "model" in row and same_model:
            yield Piece(titled(first.model, FULL, small=True), above=stack(space(8), rule(FULL)))
        elif row == ("limits",) and row is not say.rows[-1]:
            yield Piece(_limits(said, say))


def _lesion(
    lesion: LesionViews, words: LesionContent, said: DocumentContent, same_model: bool, say: Wording
) -> Iterable[Sized]:
    """Yield what is said of one lesion: its views together where it has several, then each of them."""
    again = text(say("{what}, continued", what=words.title), HEADING, FULL)
    if lesion.several:
        title = stack(text(words.title, Type(11, 16, bold=True), FULL), two_columns(words.findings))
        yield Piece(title, above=stack(space(8), rule(FULL)))
        if words.together is not None or words.apart:
            yield Piece(_together(words, say), above=space(8))
    seen: set[object] = set()
    for given, one in zip(lesion.views, words.views, strict=True):
        facts = [line for line in (*one.patient.lines, *one.study.lines) if line not in _shared_lines(said)]
        named = " · ".join(say("{label}: {value}", label=line.label, value=line.value) for line in facts)
        kind = HEADING if lesion.several else Type(11, 16, bold=True)
        yield Piece(
            stack(text(one.heading, kind, FULL), text(named, SMALL, FULL) if named else NOTHING),
            above=stack(space(8), rule(FULL)),
        )
        # The reader's words of a lesion are not printed again for each of its views.
        new = tuple(name for name, told in (("own", one.own), ("comment", one.comment)) if told not in seen)
        yield from _reading(one, given, said, new, same_model, again, say)
        seen |= {one.own, one.comment}


def _reading(
    one: ReportContent,
    given: ReportInput,
    said: DocumentContent,
    new: tuple[str, ...],
    same_model: bool,
    again: Block,
    say: Wording,
) -> Iterable[Sized]:
    narrow: list[str] = []
    for row in say.rows:
        sections = [
            name for name in row if name not in _HEAD and not (name in _END and (name != "model" or same_model))
        ]
        if row[0] in ("pictures", "own", "comment"):
            if row[0] in ("pictures", *new):
                yield from _pieces(row, True, one, said, given, say)
        elif row != ("reasons",):
            narrow += sections
    pairs = [narrow[start : start + 2] for start in range(0, len(narrow), 2)]
    blocks = [[_narrow(name, COLUMN, one, say) for name in pair] for pair in pairs]
    reasons = say.shows("reasons")
    if reasons and blocks and len(blocks[-1]) == 1:
        blocks[-1].append(parts.reasons(one, say, COLUMN))
        reasons = False
    for pair in blocks:
        yield Piece(beside(*_columns(pair)), above=space(8), heading=again)
    if technical := _split(one, say)[1].lines:
        words = " · ".join(say("{label}: {value}", label=line.label, value=line.value) for line in technical)
        yield Piece(text(words, SMALL, FULL), above=space(2), heading=again)
    if reasons and (block := parts.reasons(one, say)).height:
        yield Piece(block, above=space(4), heading=again)


def _together(lesion: LesionContent, say: Wording) -> Block:
    """Return what the views read together, or why they are not."""
    said, title = lesion.together, say("The views read together")
    if said is None:
        return stack(text(title, HEADING, FULL), text(lesion.apart, BODY, FULL))
    fused = parts.category_and_scale(title, said.category, said.positive, said.scale, say)
    each = stack(titled(said.each, label=_LABEL), space(4), text(said.agreement, BODY, COLUMN))
    return beside((0, fused), (COLUMN + GAP, each))


def _pieces(
    row: tuple[str, ...], first: bool, one: ReportContent, said: DocumentContent, given: ReportInput, say: Wording
) -> list[Sized]:
    """Return what a row of the template comes to; `first`: it stands right below a heading."""
    match row:
        case ("examination",):
            return [*parts.examination(said.examination, say)]
        case ("pictures",):
            above = NOTHING if first else space(8)
            if said.own_only:
                # Core and boundary are what the AI saw.
                return [lambda height: Piece(view_picture(given, COLUMN, height, say), above=above)]
            return [lambda height: Piece(pictures(given, COLUMN, GAP, height, say), above=above)]
        case ("warnings",):
            return [*parts.warnings(one, say)]
        case ("own",):
            return [*parts.own(one, say)]
        case ("comment",):
            return [*parts.comment(one, say)]
        case ("signature",):
            return [Piece(parts.signature(one, say), above=space(8))]
        case ("limits",):
            return [Piece(_limits(said, say))]
        case ("reasons",):
            block = parts.reasons(one, say)
            return [Piece(block, above=space(4))] if block.height else []
    wide = COLUMN if len(row) > 1 else FULL
    blocks = [_narrow(section, wide, one, say) for section in row]
    if not any(block.height for block in blocks):
        return []
    if "experts" in row and (technical := _split(one, say)[1].lines):
        told = " · ".join(say("{label}: {value}", label=line.label, value=line.value) for line in technical)
        blocks = [stack(beside(*_columns(blocks)), space(2), text(told, SMALL, FULL))]
    ruled = row[0] in ("patient", "study", "lesion", "shape", "model", "experts")
    above = NOTHING if first else stack(space(8), rule(FULL)) if ruled else space(8)
    return [Piece(beside(*_columns(blocks)), above=above)]


def _columns(blocks: Sequence[Block]) -> list[tuple[float, Block]]:
    return [(place * (COLUMN + GAP), block) for place, block in enumerate(blocks)]


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
            return titled(_split(said, say)[0], wide)
        case "shape":
            return titled(said.shape, wide)
        case "model":
            return titled(said.model, wide, small=True)
    raise ValueError(f"no section {section!r}")


def _split(said: ReportContent, say: Wording) -> tuple[Section, Section]:
    """Return what is said of the lesion, and apart from it what is the annex's: what the experts were given, and how long
    the reader took."""
    technical = (say("Read from"), say("Core"), say("Boundary")) if say.shows("experts") else ()
    parted = [tuple(line for line in said.lesion.lines if (line.label in technical) is own) for own in (False, True)]
    times = tuple(line for line in said.own.lines if line.label == say("Time taken")) if technical else ()
    return Section(said.lesion.title, parted[0]), Section("", (*parted[1], *times))


def _limits(said: DocumentContent, say: Wording) -> Block:
    """Return intended use and limits of each model that read, once."""
    models = {one.weights_sha256: one for lesion in said.lesions for one in lesion.views}
    return stack(*(parts.limits(one, say) for one in models.values()))


def _all_warnings(said: DocumentContent) -> tuple[str, ...]:
    """Return the warnings of all readings, each with the readings it is of, unless it is of all."""
    found: dict[str, list[str]] = {}
    views = [one for lesion in said.lesions for one in lesion.views]
    for one in views:
        for warning in one.warnings:
            found.setdefault(warning, []).append(one.heading)
    return tuple(
        warning if len(of) == len(views) or warning in said.notes else f"{' · '.join(of)}: {warning}"
        for warning, of in found.items()
    )


def _shared_lines(said: DocumentContent) -> frozenset[object]:
    return frozenset((*said.patient.lines, *said.study.lines))


def _row(words: Sequence[str], kind: Type) -> Block:
    starts = [sum(_COLUMNS[:place]) for place in range(len(_COLUMNS))]
    return beside(
        *((start, text(one, kind, wide - 8)) for start, wide, one in zip(starts, _COLUMNS, words, strict=False))
    )
