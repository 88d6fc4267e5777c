"""The sheets above those of the readings: the list of the lesions, and for a lesion of several views what these come to."""

from collections.abc import Sequence

from csamoe_desktop.report.content import capital
from csamoe_desktop.report.document import LesionViews
from csamoe_desktop.report.layout import (
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
)
from csamoe_desktop.report.lesion_words import view_words
from csamoe_desktop.report.pictures import view_picture
from csamoe_desktop.report.reading_parts import category_and_scale, examination
from csamoe_desktop.report.sheet import Block, Type, beside, rule, space, stack, text
from csamoe_desktop.report.views import DocumentContent, LesionContent
from csamoe_desktop.report.wording import Wording

_COLUMNS = (96, 128, 96, 56, 72, 64)
"""Of the list, in points: title, place, size, own category, AI category, probability."""
_LABEL = 128
_PICTURE = 208


def list_pages(said: DocumentContent, say: Wording, head: Block) -> list[Block]:
    """Return the pages that list the lesions of a document."""
    pieces = _opening(said, say, head)
    above = stack(space(8), rule(FULL)) if said.examination.lines else space(8)
    pieces.append(Piece(text(say("Lesions"), HEADING, FULL), above=above))
    headings = stack(_row(said.headings, LABEL), space(2), rule(FULL))
    pieces.append(Piece(headings))
    for row in said.rows():
        pieces.append(Piece(stack(_row(row, BODY), space(4)), heading=headings))
    told = say("Each lesion has a sheet of its own, or more, below.")
    pieces.append(Piece(text(told, SMALL, FULL), above=space(4)))
    return fill(pieces, further_header(said.first, said.title, say))


def views_pages(
    said: DocumentContent, lesion: LesionContent, views: LesionViews, say: Wording, head: Block | None
) -> list[Block]:
    """Return the pages on a lesion of several views; with a `head` it is the first of the document."""
    first, title = lesion.views[0], lesion.title
    if head is not None:
        pieces = _opening(said, say, head)
        pieces.append(Piece(text(title, HEADING, FULL), above=stack(space(8), rule(FULL))))
    else:
        # The patient's section is on the other sheets: a sheet that gets lost must tell whose it is.
        pieces = [Piece(stack(header(first, title), text(first.identity, LABEL, FULL), space(4)))]
    pieces.append(Piece(rows(lesion.findings, FULL)))
    shown = [
        stack(
            text(capital(view_words(given.description, place, say)), HEADING, COLUMN),
            view_picture(given, COLUMN, _PICTURE, say),
        )
        for place, given in enumerate(views.views)
    ]
    for start in range(0, len(shown), 2):
        pair = shown[start : start + 2]
        pieces.append(Piece(beside(*((place * (COLUMN + GAP), one) for place, one in enumerate(pair))), above=space(8)))
    pieces.append(Piece(_together(lesion, say), above=stack(space(8), rule(FULL))))
    return fill(pieces, further_header(first, title, say))


def _together(lesion: LesionContent, say: Wording) -> Block:
    """Return what the views read together, or why they are not."""
    said, title = lesion.together, say("The views read together")
    if said is None:
        return stack(text(title, HEADING, FULL), text(lesion.apart, BODY, FULL))
    fused = category_and_scale(title, said.category, said.positive, said.scale, say)
    each = stack(titled(said.each, label=_LABEL), space(4), text(said.agreement, BODY, COLUMN))
    return beside((0, fused), (COLUMN + GAP, each))


def _opening(said: DocumentContent, say: Wording, head: Block) -> list[Piece]:
    facts = beside((0, rows(said.patient)), (COLUMN + GAP, rows(said.study)))
    return [Piece(stack(head, header(said.first, said.title), facts)), *examination(said.examination, say)]


def _row(words: Sequence[str], kind: Type) -> Block:
    starts = [sum(_COLUMNS[:place]) for place in range(len(_COLUMNS))]
    return beside(
        *((start, text(one, kind, wide - 8)) for start, wide, one in zip(starts, _COLUMNS, words, strict=True))
    )
