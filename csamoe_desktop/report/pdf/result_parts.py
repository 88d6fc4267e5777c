"""The parts of a page on one view: AI result on its scale, gate shares, warnings, assessment, comment, limits."""

from csamoe_desktop.report.content.blocks import (
    NONE_GIVEN,
    NOT_GIVEN,
    WARNINGS,
    ProbabilityMarks,
    ReportContent,
    Section,
)
from csamoe_desktop.report.content.letters import capital
from csamoe_desktop.report.pdf.layout import (
    BODY,
    CATEGORY,
    COLUMN,
    FULL,
    GAP,
    HEADING,
    LABEL,
    LABEL_WIDTH,
    NUMBER,
    SMALL,
    Piece,
    paired_rows,
)
from csamoe_desktop.report.pdf.pictures import BOUNDARY, CORE
from csamoe_desktop.report.pdf.sheet import (
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
from csamoe_desktop.wording import Wording

_LIMIT_LABEL = 64
_OWN_LABEL = 84
_COMMENT_LABEL = 100


def category_and_scale(title: str, category: str, positive: str, scale: ProbabilityMarks, say: Wording) -> Block:
    """Return the category, and the probability as a number and on a scale with both thresholds."""
    number = text_at_right(scale.probability_words, NUMBER, COLUMN)
    of = say("Probability of {what}, calibrated", what=positive)
    reach = say("{range} with other outlines", range=scale.reach_words) if scale.reach_words else ""
    return stack(
        text(title, HEADING, COLUMN),
        beside((0, text(category, CATEGORY, COLUMN)), (0, number)),
        text_at_right(of, LABEL, COLUMN),
        text_at_right(reach, LABEL, COLUMN) if reach else NOTHING,
        space(4),
        _scale(scale),
        space(4),
    )


def ai_result(content: ReportContent, say: Wording) -> Block:
    """Return the AI result with its thresholds."""
    return stack(
        category_and_scale(say("AI result"), content.category, content.positive, content.scale, say),
        NOTHING if say.shows("reasons") else _thresholds(content, say, COLUMN),
    )


def _scale(scale: ProbabilityMarks) -> Block:
    """Return the scale from 0 to 1: three zones, from light to dark, and a marker at the probability."""
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
        for label, at in (("0", x), ("1", x + start + wide + 6)):
            text(label, LABEL, 12).draw(sheet, at, bar - 2)
        for at in bounds[1:3]:
            sheet.line(x + start + at * wide, bar - 2, x + start + at * wide, bar + 10, INK, 0.8)
        for words, at in _threshold_labels(scale, wide):
            text(words, SMALL, wide).draw(sheet, x + start + at, bar + 10)
        marked = x + start + scale.probability * wide
        sheet.line(marked, bar - 4, marked, bar + 8, INK, 2)
        sheet.triangle(marked, bar - 3, 4)

    return Block(28, draw)


def _threshold_labels(scale: ProbabilityMarks, wide: float) -> list[tuple[str, float]]:
    """Return each threshold's label and its left edge: the lower one ends at its tick, the upper one begins there."""
    low_wide, high_wide = (
        text_width(label, SMALL) for label in (scale.benign_below_words, scale.suspicious_from_words)
    )
    low = max(scale.benign_below * wide - low_wide - 2, 0)
    if scale.benign_below == scale.suspicious_from:
        return [(scale.benign_below_words, low)]
    high = min(scale.suspicious_from * wide + 2, wide - high_wide)
    low = min(low, wide - high_wide - 8 - low_wide)
    return [(scale.benign_below_words, low), (scale.suspicious_from_words, max(high, low + low_wide + 8))]


def experts(content: ReportContent, say: Wording) -> Block:
    """Return a bar for each gate share, the change of the probability without the expert, and a note on gate shares."""
    kind, shares, start = Type(7.5, 12), 76, 84
    left_out = any(gate.left_out for gate in content.gates)
    wide = COLUMN - start - (40 if left_out else 0)
    inks = {say("Tumour core"): CORE, say("Boundary"): BOUNDARY}

    def bar(share: float, ink: str) -> Block:
        def draw(sheet: Sheet, x: float, y: float) -> None:
            sheet.box(x, y + 2, wide, 8, "#eceef0")
            sheet.box(x, y + 2, wide * share, 8, ink)

        return Block(12, draw)

    lines = [
        beside(
            (0, text(gate.expert, kind, start)),
            (0, text_at_right(gate.words, kind, shares)),
            (start, bar(gate.share, inks.get(gate.expert, "#7d848c"))),
            (0, text_at_right(gate.left_out, kind, COLUMN)),
        )
        for gate in content.gates
    ]
    note = content.gates_note
    if left_out:
        without = say("Without it: the change in probability when the expert's share goes to the others.")
        note = say(" ").join((note, without))
    return stack(
        text(say("Experts: gate shares"), HEADING, COLUMN),
        text_at_right(say("without it"), LABEL, COLUMN) if left_out else NOTHING,
        *lines,
        space(4),
        text(note, SMALL, COLUMN),
    )


def reasons(content: ReportContent, say: Wording, width: float = FULL) -> Block:
    """Return the sentences on the AI result: agreement with the reader, thresholds, what it depends on, error rates."""
    sentences = content.reasons.sentences()
    more = text(say(" ").join(sentences), SMALL, width) if sentences else NOTHING
    return stack(_thresholds(content, say, width), more)


def _thresholds(content: ReportContent, say: Wording, width: float) -> Block:
    """Return the sentences of every AI result: that reader and AI differ, if they do, and the thresholds."""
    return stack(
        text(content.differs, BODY, width) if content.differs else NOTHING,
        text(say("{sentence}.", sentence=capital(content.thresholds)), SMALL, width),
    )


def warnings(content: ReportContent, say: Wording) -> list[Piece]:
    """Return the warnings, each a piece."""
    if not content.warnings:
        words = say("{label}: {value}", label=say(WARNINGS), value=say("None."))
        return [Piece(text(words, LABEL, FULL), above=stack(space(8), rule(FULL)))]
    lines = [text(warning, BODY, FULL) for warning in content.warnings]
    return _under(say(WARNINGS), lines, say)


def examination(section: Section, say: Wording) -> list[Piece]:
    """Return indication, comparison and technique, each printed line a piece; none where there is no text. Like the facts
    above them they have a title only where they continue on another page."""
    lines: list[Block] = []
    for entry in section.lines:
        kind = LABEL if entry.value == say(NOT_GIVEN) else BODY
        wrapped = [(LABEL_WIDTH, line) for line in text_lines(entry.value, kind, FULL - LABEL_WIDTH)]
        lines += [beside((0, text(entry.label, LABEL, LABEL_WIDTH - 4)), *wrapped[:1])]
        lines += [beside(placed) for placed in wrapped[1:]]
    again = text(say("{what}, continued", what=section.title), HEADING, FULL)
    above = [stack(space(8), rule(FULL)), *[NOTHING] * len(lines)]
    return [Piece(line, spacing, again) for line, spacing in zip(lines, above, strict=False)]


def own(content: ReportContent, say: Wording) -> list[Piece]:
    """Return the reader's assessment, two short lines a piece; none where there is none."""
    assessment = content.own
    if say.shows("experts"):
        # The times are printed in the annex.
        assessment = Section(
            assessment.title, tuple(line for line in assessment.lines if line.label != say("Time taken"))
        )
    lines = [block for block, _ in paired_rows(assessment, _OWN_LABEL)]
    return _under(content.own.title, lines, say) if lines else []


def comment(content: ReportContent, say: Wording) -> list[Piece]:
    """Return the reader's comment, each printed line a piece; none where there is no comment."""
    if content.comment == say(NONE_GIVEN):
        return []
    title = say("Reader's comment")
    again = text(say("{what}, continued", what=title), HEADING, FULL)
    lines = text_lines(content.comment, BODY, FULL - _COMMENT_LABEL)
    first = beside((0, text(title, HEADING, _COMMENT_LABEL)), (_COMMENT_LABEL, stack(space(2), *lines[:2])))
    return [
        Piece(first, above=stack(space(8), rule(FULL))),
        *(Piece(beside((_COMMENT_LABEL, line)), heading=again) for line in lines[2:]),
    ]


def _under(title: str, lines: list[Block], say: Wording) -> list[Piece]:
    """Return lines under a title, which stays with the first two and is repeated on a further page."""
    again = text(say("{what}, continued", what=title), HEADING, FULL)
    return [
        Piece(stack(text(title, HEADING, FULL), *lines[:2]), above=stack(space(8), rule(FULL))),
        *(Piece(line, heading=again) for line in lines[2:]),
    ]


def signature(content: ReportContent, say: Wording) -> Block:
    """Return the lines for signing the report by hand."""

    def field(label: str, value: str, wide: float) -> Block:
        def draw(sheet: Sheet, x: float, y: float) -> None:
            text(value, BODY, wide, most=1).draw(sheet, x, y + 10)
            sheet.line(x, y + 24, x + wide, y + 24, INK)
            text(label, SMALL, wide).draw(sheet, x, y + 26)

        return Block(36, draw)

    return beside(
        (0, field(say("Reader"), content.reader, COLUMN)),
        (COLUMN + GAP, field(say("Signature"), "", 152)),
        (COLUMN + GAP + 168, field(say("Date"), "", COLUMN - 168)),
    )


def limits(content: ReportContent, say: Wording) -> Block:
    """Return intended use, limits and the full hash of the weights in small type over the full width."""
    heading, tiny, small = Type(6, 8, bold=True, ink=QUIET), Type(5.5, 8, ink=QUIET), Type(6, 8, ink=QUIET)
    wide = FULL - _LIMIT_LABEL
    lines = [
        beside(
            (0, text(say("Intended use"), heading, _LIMIT_LABEL)),
            (_LIMIT_LABEL, text(content.intended_use, small, wide)),
        ),
        beside(
            (0, text(say("Limits"), heading, _LIMIT_LABEL)),
            (_LIMIT_LABEL, stack(*(text(limit, small, wide) for limit in content.limits))),
        ),
        beside(
            (0, text(say("Weights"), heading, _LIMIT_LABEL)),
            (_LIMIT_LABEL, text(f"SHA-256 {content.weights_sha256}", tiny, wide)),
        ),
    ]
    return stack(space(4), rule(FULL), *lines)
