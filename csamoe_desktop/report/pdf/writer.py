"""The report as a PDF: A4, one sheet a reading (more where a comment is long), vector text and bars, images without loss.

A document of several lesions begins with a list of them; a lesion of several views has a sheet on these together above
theirs. The same input gives the same bytes: the document's dates are those of the input, its id is made from the content.
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
        UserError: a mask is empty, the template or the logo cannot be used, or the file cannot be written; what stood
            at `path` is then untouched.
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
    said = document_content(report, say)
    logo = read_logo(Path(report.letterhead.logo)) if report.letterhead.logo else None
    register_fonts()
    said = _with_missing_letters(said, report, say)
    pages = document_pages(report, said, say, letterhead(report.letterhead.institution, logo))
    name = ", ".join(dict.fromkeys(shown_name(one.study_name) for one in report.readings))
    created = report.readings[0].created
    drawn = "" if logo is None else sha256(logo.tobytes()).hexdigest()
    identifier = uuid5(NAMESPACE_URL, f"{said}{created.isoformat()}{drawn}")
    with Sheet(f"{said.title} ({shown_name(report.readings[0].study_name)})", identifier) as sheet:
        for number, page in enumerate(pages, 1):
            if number > 1:
                sheet.next_page()
            page.draw(sheet, LEFT, TOP)
            footer(said.first, name, number, len(pages), say).draw(sheet, LEFT, BOTTOM)
        document = sheet.finished()
    return _dated(document, created)


def page_count(given: ReportInput | Report) -> int:
    """Return how many pages the report of `given` has.

    Raises:
        UserError: as `render`.
    """
    return len(re.findall(rb"/Type\s*/Page\b", render(given)))


def _with_missing_letters(said: DocumentContent, report: Report, say: Wording) -> DocumentContent:
    """Return what is said with a warning of letters that no font has: on paper something else stands for them."""
    names = [report.letterhead.institution, *(shown_name(one.study_name) for one in report.readings)]
    scripts = missing_scripts(" ".join([*_texts(said), *names]))
    if not scripts:
        return said
    sentence = say(
        "No font here has some letters of this report ({scripts}): their codes, or the script and how many they are, stand in "
        "brackets for them. The report as text or JSON has them.",
        scripts=say.listed(scripts),
    )
    lesions = tuple(
        dataclasses.replace(
            lesion, views=tuple(dataclasses.replace(one, warnings=(sentence, *one.warnings)) for one in lesion.views)
        )
        for lesion in said.lesions
    )
    return dataclasses.replace(said, lesions=lesions, first=lesions[0].views[0])


def _texts(told: object) -> Iterator[str]:
    """Yield every text in what is said."""
    if isinstance(told, str):
        yield told
    elif isinstance(told, tuple):
        for one in told:
            yield from _texts(one)
    elif dataclasses.is_dataclass(told) and not isinstance(told, type):
        for field in dataclasses.fields(told):
            yield from _texts(getattr(told, field.name))


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
