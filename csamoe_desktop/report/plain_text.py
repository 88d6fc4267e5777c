"""The report as plain text, for pasting into a reporting system: the list of lesions, then the sections of each view."""

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

_ONCE = ("patient", "model", "limits")
"""The sections that are not repeated for a later view if identical."""


def report_text(given: ReportInput | Report) -> str:
    """Return a document as plain text.

    Raises:
        UserError: a mask is empty, or the template of its language is invalid.
    """
    report = as_report(given)
    say = document_wording(report)
    document = document_content(report, say)
    if len(report.readings) == 1:
        return document.first.text(say, document.examination)
    parts = [opening(document.first, say, document.title)]
    if document.examination.lines:
        parts.append(block(document.examination, say))
    if document.listed:
        parts.append(_list(document, say))
    printed: set[str] = set()
    for lesion in document.lesions:
        if len(lesion.views) > 1:
            parts += _together(lesion, say)
        for view in lesion.views:
            parts.append(view.heading)
            for name, text in view.parts(say).items():
                if text not in printed:
                    parts.append(text)
                if name in _ONCE:
                    printed.add(text)
    return "\n\n".join([*parts, closing(document.first, say)]) + "\n"


def _list(document: DocumentContent, say: Wording) -> str:
    lines = [say("Lesions")]
    for title, *cells in document.rows():
        pairs = zip(document.headings[1:], cells, strict=True)
        words = (say("{label}: {value}", label=label, value=value) for label, value in pairs if value)
        lines.append("  " + say("{label}: {value}", label=title, value=say("; ").join(words)))
    return "\n".join(lines)


def _together(lesion: LesionContent, say: Wording) -> list[str]:
    """Return the findings of a lesion and the combined result of its views."""
    parts = [block(lesion.findings, say)]
    if lesion.together is None:
        return [*parts, lesion.apart] if lesion.apart else parts
    lines = (f"  {line}" for line in _lines(lesion.together, say))
    return [*parts, "\n".join([say("All views combined"), *lines])]


def _lines(together: TogetherContent, say: Wording) -> list[str]:
    probability = say("Probability of {what}", what=together.positive)
    pairs = (
        (say("Category"), together.category),
        (probability, together.scale.probability_words),
        *((line.label, line.value) for line in together.each.lines),
    )
    return [*(say("{label}: {value}", label=label, value=value) for label, value in pairs), together.agreement]
