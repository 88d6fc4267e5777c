"""The report as a PDF: A4, vector text and bars, lossless images.

A document on several lesions begins with a list of them; a lesion with several views has the combined result before the
views. The same input gives the same bytes: the document's dates are those of the input, its id is made from the content.
"""

import dataclasses
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from csamoe_desktop.files import write_whole
from csamoe_desktop.names import shown_name
from csamoe_desktop.report.content.views import DocumentContent, document_content, document_wording
from csamoe_desktop.report.document import Report, ReportInput, as_report
from csamoe_desktop.report.letterhead import read_logo
from csamoe_desktop.report.pdf.fonts import missing_scripts, register_fonts
from csamoe_desktop.report.pdf.layout import BOTTOM, LEFT, TOP, footer, letterhead
from csamoe_desktop.report.pdf.pages import document_pages
from csamoe_desktop.report.pdf.sheet import Sheet
from csamoe_desktop.wording import Wording


def write_pdf(path: Path, given: ReportInput | Report) -> None:
    """Write the report of `given` to `path`.

    Raises:
        UserError: a mask is empty, the template or the logo cannot be used, or the file cannot be written; an existing
            file at `path` is then unchanged.
    """
    document = render(given)
    write_whole(path, lambda temporary: temporary.write_bytes(document))


def render(given: ReportInput | Report) -> bytes:
    """Return the report of `given` as a PDF document.

    Raises:
        UserError: a mask is empty, or the template or the logo cannot be used.
    """
    report = as_report(given)
    say = document_wording(report)
    content = document_content(report, say)
    logo = read_logo(Path(report.letterhead.logo)) if report.letterhead.logo else None
    register_fonts()
    content = _with_missing_letters(content, report, say)
    pages = document_pages(report, content, say, letterhead(report.letterhead.institution, logo))
    name = ", ".join(dict.fromkeys(shown_name(view.study_name) for view in report.readings))
    created = report.readings[0].created
    logo_hash = "" if logo is None else sha256(logo.tobytes()).hexdigest()
    identifier = uuid5(NAMESPACE_URL, f"{content}{created.isoformat()}{logo_hash}")
    with Sheet(f"{content.title} ({shown_name(report.readings[0].study_name)})", identifier) as sheet:
        for number, page in enumerate(pages, 1):
            if number > 1:
                sheet.next_page()
            page.draw(sheet, LEFT, TOP)
            footer(content.first, name, number, len(pages), say).draw(sheet, LEFT, BOTTOM)
        document = sheet.finished()
    return _dated(document, created)


def page_count(given: ReportInput | Report) -> int:
    """Return the number of pages of the report of `given`.

    Raises:
        UserError: see `render`.
    """
    return len(re.findall(rb"/Type\s*/Page\b", render(given)))


def _with_missing_letters(content: DocumentContent, report: Report, say: Wording) -> DocumentContent:
    """Return the content with a warning where it has characters that no font has, which are printed as codes."""
    names = [report.letterhead.institution, *(shown_name(view.study_name) for view in report.readings)]
    scripts = missing_scripts(" ".join([*_texts(content), *names]))
    if not scripts:
        return content
    sentence = say(
        "Some characters in this report ({scripts}) are missing from the available fonts. Their codes, or the script and the "
        "number of characters, are shown in brackets. The text and JSON reports contain the characters.",
        scripts=say.listed(scripts),
    )
    lesions = tuple(
        dataclasses.replace(
            lesion, views=tuple(dataclasses.replace(view, warnings=(sentence, *view.warnings)) for view in lesion.views)
        )
        for lesion in content.lesions
    )
    return dataclasses.replace(content, lesions=lesions, first=lesions[0].views[0])


def _texts(part: object) -> Iterator[str]:
    """Yield every text in a part of the content."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, tuple):
        for item in part:
            yield from _texts(item)
    elif dataclasses.is_dataclass(part) and not isinstance(part, type):
        for field in dataclasses.fields(part):
            yield from _texts(getattr(part, field.name))


def _dated(document: bytes, moment: datetime) -> bytes:
    """Return the document with its dates, which Qt takes from the clock, replaced by `moment` at the same length."""

    def dated(match: re.Match[bytes]) -> bytes:
        offset = timedelta(hours=int(match["hours"] or 0), minutes=int(match["minutes"] or 0))
        local = moment.astimezone(timezone(-offset if match["sign"] == b"-" else offset))
        shape = "%Y%m%d%H%M%S" if match["start"].startswith(b"/") else "%Y-%m-%dT%H:%M:%S"
        return match["start"] + local.strftime(shape).encode() + match["zone"]

    zone = rb"(?P<zone>Z|(?P<sign>[+-])(?P<hours>\d\d)[':](?P<minutes>\d\d))"
    document = re.sub(rb"(?P<start>/(?:Creation|Mod)Date \(D:)\d{14}" + zone, dated, document)
    return re.sub(rb'(?P<start>xmp:\w+Date=")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d' + zone, dated, document)
