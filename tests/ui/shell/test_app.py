"""The program around the window; each test runs it in its own process, as it changes the process."""

import gc
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.inference.bundle import DEFAULT
from csamoe_desktop.study.phantom import DemoStudy
from csamoe_desktop.ui.shell.app import make_application


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning", "-c", code, *arguments],
        capture_output=True, text=True, timeout=300, check=False, env=os.environ,
    )  # fmt: skip


OPENED = """
import sys
import threading
from csamoe_desktop.settings import Settings
from csamoe_desktop.ui.shell.app import make_window
from PySide6.QtWidgets import QApplication
window = make_window(Settings())
window.show()
QApplication.processEvents()
print("torch" in sys.modules, window.isVisible())
window.close()
"""

RUN = """
import sys
import threading
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from csamoe_desktop.ui.shell.app import make_application, run
from csamoe_desktop.ui.shell.main_window import MainWindow

make_application()
timer = QTimer()

def look():
    windows = [one for one in QApplication.topLevelWidgets() if isinstance(one, MainWindow)]
    if not windows or windows[0].session.study is None or windows[0].session.model.predictor is None:
        return
    timer.stop()
    window = windows[0]
    print(window.session.study.path.name, window.session.model.predictor.card.name)
    def fault():
        raise RuntimeError("nobody caught this")
    QTimer.singleShot(0, fault)
    QTimer.singleShot(50, lambda: (print([message.kind.value for message in window.messages.shown()]), window.close()))

timer.timeout.connect(look)
timer.start(20)
print("exit", run([Path(name) for name in sys.argv[1:]]))
"""


def test_the_window_opens_before_torch_is_loaded() -> None:
    ended = python(OPENED)
    assert ended.stdout.split() == ["False", "True"], ended.stderr
    assert ended.returncode == 0


def test_run_opens_files_preloads_the_model_tells_faults_and_logs_no_patient(demo: DemoStudy) -> None:
    ended = python(RUN, str(demo.smooth))
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert lines[0] == f"smooth.dcm {DEFAULT}"
    assert "fault" in lines[1]
    assert lines[2] == "exit 0"
    log = paths.log_file().read_text(encoding="utf-8")
    assert "nobody caught this" in log
    assert "closed" in log
    assert "Phantom, Smooth" not in log
    assert "PHANTOM-1" not in log


def test_the_window_opens_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CSAMOE_USER_FOLDER", str(tmp_path / "file" / "below"))
    ended = python(
        OPENED.replace(
            "window = make", "from csamoe_desktop.ui.shell.app import log_to_file\nlog_to_file()\nwindow = make"
        )
    )
    assert ended.stdout.split() == ["False", "True"], ended.stderr
    assert "No log is written" in ended.stderr
    assert ended.returncode == 0


def test_without_a_display_the_window_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("Windows and macOS always have a display")
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for platform in ("", "xcb"):
        monkeypatch.setenv("QT_QPA_PLATFORM", platform)
        ended = subprocess.run(
            [sys.executable, "-m", "csamoe_desktop"], capture_output=True, text=True, timeout=300, check=False
        )
        assert ended.returncode == 2
        assert ended.stderr.startswith("There is no display to show a window on.")
        assert "csamoe-desktop demo --out DIR" in ended.stderr
        assert len(ended.stderr.splitlines()) == 1
        assert ended.stdout == ""


def test_garbage_is_collected_on_the_gui_thread_only(qtbot: QtBot) -> None:
    """Otherwise an allocation in a worker thread could destroy a widget of a cycle there."""
    make_application()
    assert not gc.isenabled()

    class Cycle:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            collected.append(threading.current_thread())

    collected: list[threading.Thread] = []
    Cycle()
    qtbot.waitUntil(lambda: bool(collected), timeout=40_000)
    assert collected == [threading.main_thread()]
