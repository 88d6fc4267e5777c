"""The demo: without a screen it writes a report and a picture; with one it opens the outlined demo study."""

import subprocess
from pathlib import Path

import cv2
import pytest
from pytestqt.qtbot import QtBot

from csamoe_desktop.cli import main
from csamoe_desktop.errors import UserError
from csamoe_desktop.settings import Settings, load_settings, save_settings
from csamoe_desktop.ui.shell import demo
from csamoe_desktop.ui.shell.app import make_window


def test_the_whole_job_leaves_report_and_picture(
    qtbot: QtBot, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_settings(Settings(reader="Dr. Example", theme="light"))
    folder = tmp_path / "demo output"
    assert main(["demo", "--out", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines() == [str(folder / "report.pdf"), str(folder / "window.png")]
    report = ["pdftotext", str(folder / "report.pdf"), "-"]
    text = subprocess.run(report, capture_output=True, check=True, text=True).stdout
    assert "Phantom, Spiculated" in text
    assert "Dr. Example" in text
    picture = cv2.imread(str(folder / "window.png"))
    assert picture.shape[0] > 600
    assert len({tuple(pixel) for row in picture[::20, ::20] for pixel in row}) > 100
    # The user's settings are unchanged, except for the studies among the recent files.
    assert load_settings().theme == "light"
    assert any(name.endswith("spiculated.dcm") for name in load_settings().recent_files)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main(["demo", "--out", str(tmp_path / "file" / "out")]) == 2
    assert "could not be created" in capsys.readouterr().err


def test_missing_weights_are_said_not_waited_for(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(tmp_path / "nothing"))
    assert main(["demo", "--out", str(tmp_path / "out")]) == 2
    assert "There is no model" in capsys.readouterr().err


def test_waiting_ends_with_a_fault_as_with_a_refusal(qtbot: QtBot, tmp_path: Path) -> None:
    window = make_window(Settings())
    qtbot.addWidget(window)
    window.session.open(tmp_path / "missing.dcm")
    with pytest.raises(UserError, match=r"missing\.dcm"):
        demo.wait_until(window.session, lambda: False)
    window.close()


def test_the_window_opens_on_the_marked_study(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    def run(files, prepare):  # type: ignore[no-untyped-def]
        """Do what `app.run` does, until the outline is there."""
        window = make_window(Settings())
        qtbot.addWidget(window)
        prepare(window)
        window.show()
        window.session.open(*files)
        qtbot.waitUntil(lambda: window.session.mask is not None and not window.session.mask.empty, timeout=30_000)
        seen["study"] = window.session.study.path.name
        qtbot.waitUntil(lambda: len(window.session.studies) == 3, timeout=30_000)
        seen["studies"] = len(window.session.studies)
        window.close()
        return 0

    monkeypatch.setattr(demo, "run", run)
    assert main(["demo", "--window", "--out", str(tmp_path)]) == 0
    assert seen == {"study": "spiculated.dcm", "studies": 3}
