"""A report as a file: PDF, JSON or plain text, by the suffix of its name."""

from pathlib import Path

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import write_whole
from csamoe_desktop.names import SHOW_HALVES
from csamoe_desktop.report.document import Report, ReportInput
from csamoe_desktop.report.letterhead import Letterhead, read_logo
from csamoe_desktop.report.plain_text import report_text
from csamoe_desktop.report.wording import load_wording

SUFFIXES = (".pdf", ".json", ".txt")


def write_report(path: Path, given: ReportInput | Report) -> None:
    """Write the report of `given`, one reading or a document of several, to `path`.

    Raises:
        UserError: the suffix is none of SUFFIXES, a mask is empty, the language's template is not in order, the logo
            cannot be used, or the file cannot be written; what stood at `path` is then untouched.
    """
    suffix = check_suffix(path)
    if suffix == ".pdf":
        # QtGui is imported for paper only.
        from csamoe_desktop.report.pdf import write_pdf

        write_pdf(path, given)
    elif suffix == ".json":
        from csamoe_desktop.report.json_report import write_json

        write_json(path, given)
    else:
        words = report_text(given)
        write_whole(path, lambda temporary: temporary.write_text(words, encoding="utf-8", errors=SHOW_HALVES))


def check_paper(path: Path, language: str, letterhead: Letterhead) -> None:
    """See that a report can be written to `path`, as far as that hangs on its name, the template and the logo.

    Raises:
        UserError: it cannot.
    """
    suffix = check_suffix(path)
    load_wording(language)
    if suffix == ".pdf" and letterhead.logo:
        read_logo(Path(letterhead.logo))


def check_suffix(path: Path) -> str:
    """Return the suffix of a report, in lower case.

    Raises:
        UserError: it is none of SUFFIXES.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f"{path.name} is no name for a report.", f"End it with {', '.join(SUFFIXES)}.")
    return suffix
