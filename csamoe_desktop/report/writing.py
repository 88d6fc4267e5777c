"""Writing of a report to a file: PDF, JSON or plain text, by the suffix of its name."""

from collections.abc import Iterable
from pathlib import Path

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import check_output, write_whole
from csamoe_desktop.names import SHOW_HALVES
from csamoe_desktop.report.content.blocks import NOTICE
from csamoe_desktop.report.document import Report, ReportInput
from csamoe_desktop.report.letterhead import Letterhead, read_logo
from csamoe_desktop.report.plain_text import report_text
from csamoe_desktop.wording import LANGUAGES, load_wording

_LOOKED_AT = 4096
"""Bytes from the start of a file in which a report can be recognised."""
_CREATOR = "CSA-MoE Desktop"

SUFFIXES = (".pdf", ".json", ".txt")


def write_report(path: Path, given: ReportInput | Report) -> str:
    """Write the report of `given` to `path`; return a sentence on why a JSON report could not be signed, or "".

    Raises:
        UserError: the suffix is none of SUFFIXES, a mask is empty, the language's template is invalid, the logo cannot be
            used, or the file cannot be written; an existing file at `path` is then unchanged.
    """
    suffix = check_suffix(path)
    if suffix == ".pdf":
        # Imported here because only PDF needs QtGui.
        from csamoe_desktop.report.pdf.writer import write_pdf

        write_pdf(path, given)
    elif suffix == ".json":
        from csamoe_desktop.report.json_report import write_json

        return write_json(path, given)
    else:
        words = report_text(given)
        write_whole(path, lambda temporary: temporary.write_text(words, encoding="utf-8", errors=SHOW_HALVES))
    return ""


def is_report_file(path: Path) -> bool:
    """Return whether a file is a report, or a similar file, written by this program, so that a new one may replace it."""
    try:
        with path.open("rb") as opened:
            data = opened.read(_LOOKED_AT)
            if data.startswith(b"%PDF-"):
                data += opened.read()
                return _CREATOR.encode() in data or _CREATOR.encode("utf-16-be") in data
    except OSError:
        return False
    from csamoe_desktop.report.json_report import FORMAT

    head = data.decode("utf-8", "ignore").lstrip("\ufeff \r\n\t")
    if head.startswith("{"):
        return FORMAT in head[:200]
    notices = (NOTICE, *(_notice(language) for language in LANGUAGES))
    return any(notice and notice in head for notice in notices)


def check_report(path: Path, inputs: Iterable[Path]) -> None:
    """Check that a report written to `path` overwrites neither an input file nor a file that is not a report.

    Raises:
        UserError: it would overwrite one.
    """
    check_output(path, inputs, is_report_file)


def _notice(language: str) -> str:
    """Return NOTICE in a language; "" where its template is invalid."""
    try:
        return load_wording(language)(NOTICE)
    except UserError:
        return ""


def check_paper(path: Path, language: str, letterhead: Letterhead) -> None:
    """Check that name, template and logo allow a report to be written to `path`.

    Raises:
        UserError: they do not.
    """
    suffix = check_suffix(path)
    load_wording(language)
    if suffix == ".pdf" and letterhead.logo:
        read_logo(Path(letterhead.logo))


def check_suffix(path: Path) -> str:
    """Return the suffix of a report file in lower case.

    Raises:
        UserError: the suffix is none of SUFFIXES.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(
            f"{path.name} is not a file name for a report.", f"Use one of the suffixes {', '.join(SUFFIXES)}."
        )
    return suffix
