"""A document as plain text, for a reporting system: the list of its lesions, then each reading's sections."""

from csamoe_desktop.report.content.blocks import block, closing, opening
from csamoe_desktop.report.content.views import (
    DocumentContent,
    LesionContent,
    TogetherContent,
    document_content,
    document_wording,
)
from csamoe_desktop.report.document import Report, ReportInput, as_report
from csamoe_desktop.wording import Wording

_SAID_ONCE = ("patient", "model", "limits")
"""What need not stand again below where a later reading has it word for word."""


def report_text(given: ReportInput | Report) -> str:
    """Return a document as plain text.

    Raises:
        UserError: a mask is empty, or the template of its language is not in order.
    """
    report = as_report(given)
    say = document_wording(report)
    said = document_content(report, say)
    if len(report.readings) == 1:
        return said.first.text(say, said.examination)
    parts = [opening(said.first, say, said.title)]
    if said.examination.lines:
        parts.append(block(said.examination, say))
    if said.listed:
        parts.append(_list(said, say))
    once: set[str] = set()
    for lesion in said.lesions:
        if len(lesion.views) > 1:
            parts += _together(lesion, say)
        for view in lesion.views:
            parts.append(view.heading)
            for name, text in view.parts(say).items():
                if text not in once:
                    parts.append(text)
                if name in _SAID_ONCE:
                    once.add(text)
    return "\n\n".join([*parts, closing(said.first, say)]) + "\n"


def _list(said: DocumentContent, say: Wording) -> str:
    lines = [say("Lesions")]
    for title, *told in said.rows():
        pairs = zip(said.headings[1:], told, strict=True)
        words = (say("{label}: {value}", label=label, value=value) for label, value in pairs if value)
        lines.append("  " + say("{label}: {value}", label=title, value=say("; ").join(words)))
    return "\n".join(lines)


def _together(lesion: LesionContent, say: Wording) -> list[str]:
    """Return what is said of a lesion as a whole, and of its views read together."""
    found = [block(lesion.findings, say)]
    if lesion.together is None:
        return [*found, lesion.apart] if lesion.apart else found
    return [*found, "\n".join([say("The views read together"), *(f"  {one}" for one in _lines(lesion.together, say))])]


def _lines(together: TogetherContent, say: Wording) -> list[str]:
    probability = say("Probability of {what}", what=together.positive)
    pairs = (
        (say("Category"), together.category),
        (probability, together.scale.probability_words),
        *((line.label, line.value) for line in together.each.lines),
    )
    return [*(say("{label}: {value}", label=label, value=value) for label, value in pairs), together.agreement]
