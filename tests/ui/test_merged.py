"""Several parts of the window together: calibration and guard, archives and closing, restored outlines."""

import math
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.reader.assessment import Assessment
from csamoe_desktop.session.calibration import DrawnLine
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.reader_sitting import ReaderSitting
from csamoe_desktop.session.session import Session
from csamoe_desktop.session.study_loader import OPENING
from csamoe_desktop.store.lesions import packed
from csamoe_desktop.study.phantom import DemoStudy

Open = Callable[..., None]
Do = Callable[[Session], None]


def mark_long(session: Session) -> None:
    """Mark a rectangle that is nearly as high as the frame: it is long before the image is too deep."""
    assert session.mask is not None
    pixels = np.zeros(session.mask.pixels.shape, bool)
    pixels[60:-60, pixels.shape[1] // 3 : pixels.shape[1] * 2 // 3] = True
    session.mask.replace(pixels, Author.DRAWN)
    session.emit_mask_changed(None)


def calibrate(session: Session, long: float) -> None:
    """Calibrate the frame in view so that the marked rectangle measures `long` millimetres from corner to corner."""
    assert session.work is not None and session.frame is not None
    pixels = session.work.mask.pixels
    diagonal = math.hypot(pixels.any(axis=1).sum(), pixels.any(axis=0).sum())
    line = DrawnLine((2.0, 5.0), (42.0, 5.0), session.work)
    session.calibration.calibrate(line, 40.0 * long / diagonal)


def test_a_calibration_that_makes_the_lesion_impossible_withholds_its_reading(
    session: Session, demo: DemoStudy, open_files: Open, read: Do
) -> None:
    """The AI result is withheld or not, whether the calibration or the assessment came first."""
    open_files(session, demo.spiculated.with_suffix(".png"))
    mark_long(session)
    read(session)
    assert session.shown_result.state is ResultState.DONE and session.work is not None
    calibrate(session, 60)
    assert session.shown_result.state is ResultState.DONE
    calibrate(session, 85)
    assert session.shown_result.state is ResultState.DONE and session.shown_result.result is not None
    assert any("mm long" in one for one in session.shown_result.result.warnings)
    calibrate(session, 125)
    assert session.shown_result.state is ResultState.WITHHELD
    assert "too long for a lesion in a breast image" in session.work.failure
    assert session.reports.ready() == []
    assert [one.shown for one in session.views()] == [None]
    session.calibration.remove()
    assert session.shown_result.state is ResultState.DONE and session.shown_result.result is not None
    assert not any("mm long" in one for one in session.shown_result.result.warnings)


def test_a_reading_that_a_wrong_calibration_withheld_can_be_had_again(
    session: Session, demo: DemoStudy, open_files: Open, read: Do
) -> None:
    open_files(session, demo.spiculated.with_suffix(".png"))
    mark_long(session)
    calibrate(session, 125)
    read(session)
    assert session.shown_result.state is ResultState.WITHHELD
    session.calibration.remove()
    assert session.shown_result.state is ResultState.READY
    read(session)
    assert session.shown_result.state is ResultState.DONE


def test_an_earlier_outline_comes_back_with_what_the_reader_said(
    session: Session, small_png: Path, open_files: Open, mark: Do
) -> None:
    open_files(session, small_png)
    mark(session)
    assert session.mask is not None
    said = ReaderSitting(assessment=Assessment(category="4A"))
    kept = packed(session.mask.finished(), "as it was", None, False, said.to_dict())
    session.lesions.add_earlier(kept)
    assert session.work is not None and session.work.number == 2
    assert session.assessments.current.category == "4A"
    assert session.work.sitting.sitting != said.sitting, "its own row: that of before stays as it was"
    session.lesions.add_earlier(packed(session.mask.finished(), "spoilt", None, False, {"own": 5}))
    assert session.assessments.current == Assessment()


def zipped(archive: Path, image: Path, count: int) -> Path:
    with zipfile.ZipFile(archive, "w") as opened:
        for number in range(count):
            opened.write(image, f"{number}.png")
    return archive


def test_opening_that_is_stopped_says_how_much_is_open_and_opens_the_next(
    session: Session, small_png: Path, open_files: Open, tmp_path: Path, qtbot: QtBot
) -> None:
    said: list[str] = []
    session.noted.connect(said.append)
    open_files(session, small_png)
    session.open(zipped(tmp_path / "many.zip", small_png, 400))
    session.loader.cancel()
    assert said[-1] == "Opening was stopped; 1 image is open."
    open_files(session, zipped(tmp_path / "few.zip", small_png, 3))
    assert len(session.studies) == 4
    assert any("3 images of few.zip are open" in one for one in said)


@pytest.mark.usefixtures("qapp")
def test_closing_while_an_archive_is_unpacked_leaves_nothing_behind(tmp_path: Path, small_png: Path) -> None:
    from csamoe_desktop.settings import Settings

    session = Session(Settings(assessment_first=False, propose_on_opening=False))
    assert isinstance(session, QObject)
    session.open(zipped(tmp_path / "many.zip", small_png, 2000))
    session.close()
    assert not session.jobs.busy(OPENING)
    left = (
        [one for one in paths.unpacked_folder().rglob("*") if one.is_file()] if paths.unpacked_folder().exists() else []
    )
    assert left == []


def test_an_archive_refused_under_a_stroke_keeps_the_image_and_the_stroke(
    session: Session, small_png: Path, open_files: Open, mark: Do, tmp_path: Path
) -> None:
    failed: list[str] = []
    session.failed.connect(lambda problem: failed.append(str(problem)))
    open_files(session, small_png)
    mark(session)
    session.tool_busy = lambda: True
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"PK\x03\x04" + b"no archive" * 50)
    open_files(session, bad)
    assert "bad.zip is a damaged ZIP archive" in failed[-1]
    open_files(session, zipped(tmp_path / "few.zip", small_png, 2))
    assert session.study is not None and session.study.path == small_png
    assert len(session.studies) == 3
    assert session.mask is not None and session.mask.author is Author.DRAWN
