"""The pages of a document: head, overall impression, each lesion with its views, warnings, signature and annex.

The content flows from page to page, and the pictures are as large as possible without adding a page. The sections of a view
and those at the end come in the order of the template.
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
"""The height of a picture, in points."""
_HEAD = ("patient", "study", "examination")
_END = ("warnings", "signature", "model", "limits")
"""The sections that are printed once, after all lesions."""
_COLUMNS = (96, 128, 96, 56, 72, 64)
"""Widths of the list of lesions, in points: title, location, size, reader's category, AI category, probability."""
_LABEL = 128
_ROOMY = 128
"""From this height of the pictures on, the spacing need not be reduced."""
_CLOSE = 3
"""The reduced spacing, in points, of a page that is nearly full."""

Sized = Piece | Callable[[float], Piece]
"""A piece, or a function that makes one for a height of the pictures."""


def document_pages(report: Report, document: DocumentContent, say: Wording, head: Block) -> list[Block]:
    """Return the pages; `head` is printed above the title.

    The pictures get the greatest height that needs no more pages than the smallest.
    """
    sized = (
        [*_single(report, document, say, head)]
        if len(report.readings) == 1
        else [*_several(report, document, say, head)]
    )
    limits = _limits(document, say) if say.rows[-1] == ("limits",) else NOTHING
    again = further_header(document.first, document.title, say)

    def paged(height: int) -> list[Block]:
        pieces = [item(height) if callable(item) else item for item in sized]
        closer = pieces if height > _ROOMY else [_closer(piece) for piece in pieces]
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
    """Return a piece with less space above it, for a page that would otherwise be just too short."""
    spacing = piece.above.height
    if spacing <= _CLOSE:
        return piece
    ruled = spacing > rule(FULL).height
    return dataclasses.replace(piece, above=stack(space(_CLOSE), rule(FULL)) if ruled else space(_CLOSE))


def impression(document: DocumentContent, say: Wording) -> list[Piece]:
    """Return the overall impression: the list of lesions, each with the reader's and the AI's category."""
    headings = stack(_row(document.headings, LABEL), space(2), rule(FULL))
    title = text(say("Overall impression"), HEADING, FULL)
    pieces = [Piece(stack(title, headings), above=stack(space(8), rule(FULL)))]
    pieces += [Piece(stack(_row(row, BODY), space(4)), heading=headings) for row in document.rows()]
    differing = [f"{lesion.title}: {lesion.differs}" for lesion in document.lesions if lesion.differs]
    return [*pieces, *(Piece(text(sentence, SMALL, FULL)) for sentence in differing)]


def _single(report: Report, document: DocumentContent, say: Wording, head: Block) -> Iterable[Sized]:
    """Yield the pieces of a document on one view, in the template's order."""
    (given,), content = report.readings, document.first
    yield Piece(stack(head, header(content, document.title)))
    order = [row for row in say.rows if row != ("limits",) or row is not say.rows[-1]]
    for place, row in enumerate(order):
        yield from _pieces(row, place == 0, content, document, given, say)


def _several(report: Report, document: DocumentContent, say: Wording, head: Block) -> Iterable[Sized]:
    """Yield the pieces of a document on several views; what they have in common is printed once."""
    first = document.first
    shown = [section for row in say.rows for section in row]
    facts = beside((0, rows(document.patient)), (COLUMN + GAP, rows(document.study)))
    yield Piece(stack(head, header(first, document.title), facts if {"patient", "study"} & set(shown) else NOTHING))
    yield from parts.examination(document.examination, say)
    if document.listed:
        yield from impression(document, say)
    models = {(view.model, view.weights_sha256) for lesion in document.lesions for view in lesion.views}
    same_model = len(models) == 1
    for lesion, words in zip(report.lesions(), document.lesions, strict=True):
        yield from _lesion(lesion, words, document, same_model, say)
    ending = dataclasses.replace(first, warnings=_all_warnings(document))
    for row in say.rows:
        if row[0] in ("warnings", "signature"):
            yield from _pieces(row, False, ending, document, report.readings[0], say)
        elif "model" in row and same_model:
            yield Piece(titled(first.model, FULL, small=True), above=stack(space(8), rule(FULL)))
        elif row == ("limits",) and row is not say.rows[-1]:
            yield Piece(_limits(document, say))


def _lesion(
    lesion: LesionViews, words: LesionContent, document: DocumentContent, same_model: bool, say: Wording
) -> Iterable[Sized]:
    """Yield the pieces of one lesion: the combined result where it has several views, then each view."""
    again = text(say("{what}, continued", what=words.title), HEADING, FULL)
    if lesion.several:
        title = stack(text(words.title, Type(11, 16, bold=True), FULL), two_columns(words.findings))
        yield Piece(title, above=stack(space(8), rule(FULL)), leads=True)
        if words.together is not None or words.apart:
            yield Piece(_together(words, say), above=space(8))
    seen: set[object] = set()
    for given, content in zip(lesion.views, words.views, strict=True):
        facts = [line for line in (*content.patient.lines, *content.study.lines) if line not in _shared_lines(document)]
        facts_words = " · ".join(say("{label}: {value}", label=line.label, value=line.value) for line in facts)
        kind = HEADING if lesion.several else Type(11, 16, bold=True)
        yield Piece(
            stack(text(content.heading, kind, FULL), text(facts_words, SMALL, FULL) if facts_words else NOTHING),
            above=stack(space(8), rule(FULL)),
            leads=True,
        )
        # Print the reader's assessment and comment once, not for each view of the lesion.
        new = tuple(name for name, part in (("own", content.own), ("comment", content.comment)) if part not in seen)
        yield from _view(content, given, document, new, same_model, again, say)
        seen |= {content.own, content.comment}


def _view(
    content: ReportContent,
    given: ReportInput,
    document: DocumentContent,
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
                yield from _pieces(row, True, content, document, given, say)
        elif row != ("reasons",):
            narrow += sections
    pairs = [narrow[start : start + 2] for start in range(0, len(narrow), 2)]
    blocks = [[_narrow(name, COLUMN, content, say) for name in pair] for pair in pairs]
    reasons = say.shows("reasons")
    if reasons and blocks and len(blocks[-1]) == 1:
        blocks[-1].append(parts.reasons(content, say, COLUMN))
        reasons = False
    for pair in blocks:
        yield Piece(beside(*_columns(pair)), above=space(8), heading=again)
    if technical := _split(content, say)[1].lines:
        words = " · ".join(say("{label}: {value}", label=line.label, value=line.value) for line in technical)
        yield Piece(text(words, SMALL, FULL), above=space(2), heading=again)
    if reasons and (block := parts.reasons(content, say)).height:
        yield Piece(block, above=space(4), heading=again)


def _together(lesion: LesionContent, say: Wording) -> Block:
    """Return the combined result of the views, or why they are not combined."""
    combined, title = lesion.together, say("All views combined")
    if combined is None:
        return stack(text(title, HEADING, FULL), text(lesion.apart, BODY, FULL))
    result = parts.category_and_scale(title, combined.category, combined.positive, combined.scale, say)
    each = stack(titled(combined.each, label=_LABEL), space(4), text(combined.agreement, BODY, COLUMN))
    return beside((0, result), (COLUMN + GAP, each))


def _pieces(
    row: tuple[str, ...],
    first: bool,
    content: ReportContent,
    document: DocumentContent,
    given: ReportInput,
    say: Wording,
) -> list[Sized]:
    """Return the pieces of a row of the template; `first`: it is directly below a heading."""
    match row:
        case ("examination",):
            return [*parts.examination(document.examination, say)]
        case ("pictures",):
            above = NOTHING if first else space(8)
            if document.own_only:
                # Core and boundary belong to the AI result.
                return [lambda height: Piece(view_picture(given, COLUMN, height, say), above=above)]
            return [lambda height: Piece(pictures(given, COLUMN, GAP, height, say), above=above)]
        case ("warnings",):
            return [*parts.warnings(content, say)]
        case ("own",):
            return [*parts.own(content, say)]
        case ("comment",):
            return [*parts.comment(content, say)]
        case ("signature",):
            return [Piece(parts.signature(content, say), above=space(8))]
        case ("limits",):
            return [Piece(_limits(document, say))]
        case ("reasons",):
            block = parts.reasons(content, say)
            return [Piece(block, above=space(4))] if block.height else []
    wide = COLUMN if len(row) > 1 else FULL
    blocks = [_narrow(section, wide, content, say) for section in row]
    if not any(block.height for block in blocks):
        return []
    if "experts" in row and (technical := _split(content, say)[1].lines):
        words = " · ".join(say("{label}: {value}", label=line.label, value=line.value) for line in technical)
        blocks = [stack(beside(*_columns(blocks)), space(2), text(words, SMALL, FULL))]
    ruled = row[0] in ("patient", "study", "lesion", "shape", "model", "experts")
    above = NOTHING if first else stack(space(8), rule(FULL)) if ruled else space(8)
    return [Piece(beside(*_columns(blocks)), above=above)]


def _columns(blocks: Sequence[Block]) -> list[tuple[float, Block]]:
    return [(place * (COLUMN + GAP), block) for place, block in enumerate(blocks)]


def _narrow(section: str, wide: float, content: ReportContent, say: Wording) -> Block:
    match section:
        case "patient":
            return rows(content.patient, wide)
        case "study":
            return rows(content.study, wide)
        case "reading":
            return parts.ai_result(content, say)
        case "experts":
            return parts.experts(content, say)
        case "lesion":
            return titled(_split(content, say)[0], wide)
        case "shape":
            return titled(content.shape, wide)
        case "model":
            return titled(content.model, wide, small=True)
    raise ValueError(f"no section {section!r}")


def _split(content: ReportContent, say: Wording) -> tuple[Section, Section]:
    """Return the lines about the lesion without the technical ones, and the technical ones: the input of the experts, and
    the reader's times."""
    technical = (say("Area assessed"), say("Core"), say("Boundary")) if say.shows("experts") else ()
    clinical, annex = (
        tuple(line for line in content.lesion.lines if (line.label in technical) is wanted) for wanted in (False, True)
    )
    times = tuple(line for line in content.own.lines if line.label == say("Time taken")) if technical else ()
    return Section(content.lesion.title, clinical), Section("", (*annex, *times))


def _limits(document: DocumentContent, say: Wording) -> Block:
    """Return intended use and limits, once per model."""
    models = {view.weights_sha256: view for lesion in document.lesions for view in lesion.views}
    return stack(*(parts.limits(view, say) for view in models.values()))


def _all_warnings(document: DocumentContent) -> tuple[str, ...]:
    """Return the warnings of all views, each with the headings of its views unless it applies to all."""
    headings: dict[str, list[str]] = {}
    views = [view for lesion in document.lesions for view in lesion.views]
    for view in views:
        for warning in view.warnings:
            headings.setdefault(warning, []).append(view.heading)
    return tuple(
        warning if len(of) == len(views) or warning in document.notes else f"{' · '.join(of)}: {warning}"
        for warning, of in headings.items()
    )


def _shared_lines(document: DocumentContent) -> frozenset[object]:
    return frozenset((*document.patient.lines, *document.study.lines))


def _row(words: Sequence[str], kind: Type) -> Block:
    starts = [sum(_COLUMNS[:place]) for place in range(len(_COLUMNS))]
    return beside(
        *((start, text(cell, kind, wide - 8)) for start, wide, cell in zip(starts, _COLUMNS, words, strict=False))
    )
