"""The program with its window: set-up of the process (fonts, style, log, uncaught exceptions), and the event loop."""

import gc
import logging
import logging.handlers
import os
import sys
import threading
import traceback
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from csamoe_desktop import __version__, paths
from csamoe_desktop.errors import UserError
from csamoe_desktop.files import make_private_folder, open_private
from csamoe_desktop.names import SHOW_HALVES
from csamoe_desktop.report.pdf.fonts import register_fonts
from csamoe_desktop.session.jobs import threads_left
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings, read_settings
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.widgets import theme

_log = logging.getLogger(__name__)

_LOG_BYTES, _LOG_FILES = 1_000_000, 3
_COLLECT_EVERY = 1000


def run(files: list[Path], prepare: Callable[[MainWindow], None] = lambda window: None) -> int:
    """Open the window on these files and return the exit status when it is closed; `prepare` is called before they open."""
    application = make_application()
    log_to_file()
    settings, damage = read_settings()
    window = make_window(settings)
    _report_uncaught_exceptions(window)
    if damage:
        window.messages.failure(UserError(damage))
    prepare(window)
    window.show()
    # Only once the window is on the screen: loading torch takes seconds.
    QTimer.singleShot(0, lambda: window.session.open(*files))
    QTimer.singleShot(0, window.session.model.preload)
    window.session.proposals.watch()
    status = application.exec()
    _log.info("closed")
    if threads_left():
        # A thread waits for a drive that does not answer. Everything else is stored, and Python would wait for the thread.
        _log.warning("a file read did not return; the program ends without waiting for it")
        logging.shutdown()
        os._exit(status)
    return status


def make_application() -> QApplication:
    """Return the application with its names, style, fonts and icon; it is created on the first call.

    Raises:
        UserError: there is no display.
    """
    existing = QApplication.instance()
    if existing is None:
        _require_display()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    if application.property("csamoeStyle"):
        return application
    application.setOrganizationName("CSA-MoE")
    application.setApplicationName("CSA-MoE Desktop")
    application.setApplicationVersion(__version__)
    application.setDesktopFileName("csamoe-desktop")
    # One style on every system: the style sheet is made for it.
    application.setStyle("Fusion")
    application.setProperty("csamoeStyle", True)
    _collect_garbage_here(application)
    font = application.font()
    font.setFamilies(list(register_fonts()))
    application.setFont(font)
    application.setWindowIcon(theme.application_icon())
    return application


def _require_display() -> None:
    """Raise a UserError where there is no display: Qt would abort the process."""
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    if not sys.platform.startswith("linux") or (not platform.startswith(("xcb", "wayland")) and platform):
        return
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise UserError(
            "There is no display to show a window on.",
            "Without a display, use `csamoe-desktop assess` for a lesion, or try "
            "`csamoe-desktop demo --out DIR`, which assesses a demo study and writes its report.",
        )


def _collect_garbage_here(application: QApplication) -> None:
    """Collect Python's cyclic garbage on the GUI thread only.

    Python collects on whichever thread an allocation triggers it. A widget in a cycle could then be destroyed in a
    worker thread, which crashes Qt.
    """
    gc.disable()
    timer = QTimer(application)
    timer.timeout.connect(lambda: gc.collect(1))
    timer.start(_COLLECT_EVERY)
    slow = QTimer(application)
    slow.timeout.connect(lambda: gc.collect(2))
    slow.start(30 * _COLLECT_EVERY)


def make_window(settings: Settings) -> MainWindow:
    """Return a window with its own session; it is not yet shown, and nothing is loaded yet."""
    make_application()
    return MainWindow(Session(settings))


class _PrivateLog(logging.handlers.RotatingFileHandler):
    """A log file that only the user can read, from its first byte on."""

    def _open(self) -> TextIOWrapper:
        handle = open_private(Path(self.baseFilename))
        return TextIOWrapper(os.fdopen(handle, "ab"), encoding=self.encoding, errors=self.errors)


def log_to_file() -> None:
    """Log to the user's folder, at most a few megabytes; without a log where that cannot be written."""
    file = paths.log_file()
    try:
        make_private_folder(file.parent)
        handler = _PrivateLog(file, maxBytes=_LOG_BYTES, backupCount=_LOG_FILES, encoding="utf-8", errors=SHOW_HALVES)
    except OSError as problem:
        print(f"No log is written: {problem}", file=sys.stderr)
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger = logging.getLogger("csamoe_desktop")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    _log.info("CSA-MoE Desktop %s, Python %s, %s", __version__, sys.version.split()[0], sys.platform)


def _report_uncaught_exceptions(window: MainWindow) -> None:
    """Show every uncaught exception as a message and go on, so that the outlines are not lost."""

    def report(kind: type[BaseException], problem: BaseException, where: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            window.close()
            return
        traceback.print_exception(kind, problem, where)
        window.messages.failure(problem)

    sys.excepthook = report
    threading.excepthook = lambda thrown: _log.error("fault in a thread", exc_info=thrown.exc_value)
