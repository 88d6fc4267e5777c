"""A report as a file: PDF, JSON or plain text, by the suffix of its name."""

from pathlib import Path

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import write_whole
from csamoe_desktop.report.content import ReportInput, content

SUFFIXES = (".pdf", ".json", ".txt")


def write_report(path: Path, given: ReportInput) -> None:
    """Write the report of `given` to `path`.

    Raises:
        UserError: the suffix is none of SUFFIXES, the mask is empty, or the file cannot be written; what stood at
            `path` is then untouched.
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
        words = content(given).text()
        write_whole(path, lambda temporary: temporary.write_text(words, encoding="utf-8"))


def check_suffix(path: Path) -> str:
    """Return the suffix of a report, in lower case.

    Raises:
        UserError: it is none of SUFFIXES.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f"{path.name} is no name for a report.", f"End it with {', '.join(SUFFIXES)}.")
    return suffix
