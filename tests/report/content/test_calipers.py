"""Distances measured by hand, in the report's findings: as text and on paper."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from csamoe_desktop.lesion.calipers import Caliper
from csamoe_desktop.report.content.sections import content
from csamoe_desktop.report.document import ReportInput
from csamoe_desktop.report.pdf.writer import write_pdf
from csamoe_desktop.study.model import Spacing

Make = Callable[..., ReportInput]

TWO = (Caliper((10.0, 20.0), (10.0, 120.0)), Caliper((10.0, 20.0), (70.0, 20.0)))


def test_calipers_are_among_the_findings_with_where_the_millimetres_come_from(make: Make) -> None:
    by_hand = Spacing(0.2, 0.1, "calibrated by hand: 40 mm over 312 px")
    said = content(make(calipers=TWO, spacing=by_hand)).text()
    assert "  Calipers: 1: 10.0 mm, 2: 12.0 mm (calibrated by hand: 40 mm over 312 px)\n" in said
    assert "  Size from: calibrated by hand: 40 mm over 312 px\n" in said
    assert (
        "Calipers: 1: 100 px, 2: 60 px (the image is not calibrated)"
        in content(make(calipers=TWO, spacing=None)).text()
    )
    assert "Calipers" not in content(make()).text()


def test_calipers_are_on_paper(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    write_pdf(file, make(calipers=TWO))
    text = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, check=True).stdout.decode()
    line = next(line for line in text.splitlines() if "Calipers" in line)
    assert "1: 8.0 mm, 2: 4.8 mm" in line
