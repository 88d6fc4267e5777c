"""The program with its window: what is set up once around it, and the event loop."""

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
from csamoe_desktop.session.jobs import anyone_left
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings, read_settings
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.widgets import theme

_log = logging.getLogger(__name__)

_LOG_BYTES, _LOG_FILES = 1_000_000, 3
_COLLECT_EVERY = 1000


def run(files: list[Path], prepare: Callable[[MainWindow], None] = lambda window: None) -> int:
    """Open the window on these files, `prepare` it before any is read, and return the exit status when it is closed."""
    application = make_application()
    log_to_file()
    settings, damage = read_settings()
    window = make_window(settings)
    _hear_faults(window)
    if damage:
        window.messages.failure(UserError(damage))
    prepare(window)
    window.show()
    # Only once the window is on the screen: loading torch takes what it takes.
    QTimer.singleShot(0, lambda: window.session.open(*files))
    QTimer.singleShot(0, window.session.model.preload)
    window.session.proposals.watch()
    status = application.exec()
    _log.info("closed")
    if anyone_left():
        # A thread waits for a drive that does not answer; all else is done and stored, and Python would wait for it too.
        _log.warning("a read did not come back; the program ends without it")
        logging.shutdown()
        os._exit(status)
    return status


def make_application() -> QApplication:
    """Return the application, made if need be, with its names, style, fonts and icon.

    Raises:
        UserError: there is no display.
    """
    existing = QApplication.instance()
    if existing is None:
        _need_display()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    if application.property("csamoeStyle"):
        return application
    application.setOrganizationName("CSA-MoE")
    application.setApplicationName("CSA-MoE Desktop")
    application.setApplicationVersion(__version__)
    application.setDesktopFileName("csamoe-desktop")
    # One style on every system: the sheet is drawn for it.
    application.setStyle("Fusion")
    application.setProperty("csamoeStyle", True)
    _collect_garbage_here(application)
    font = application.font()
    font.setFamilies(list(register_fonts()))
    application.setFont(font)
    application.setWindowIcon(theme.application_icon())
    return application


def _need_display() -> None:
    """Refuse to go on without a display: Qt would end the process on the spot."""
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    if not sys.platform.startswith("linux") or not platform.startswith(("xcb", "wayland")) and platform:
        return
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise UserError(
            "There is no display to show a window on.",
            "Without one, `csamoe-desktop demo --out DIR` does the whole job on a made study, and "
            "`csamoe-desktop assess` reads a lesion.",
        )


def _collect_garbage_here(application: QApplication) -> None:
    """Let Python's cyclic garbage be collected on the GUI thread only.

    Python collects wherever an allocation happens to trigger it, in a worker too; a widget in a cycle would then be
    destroyed off the GUI thread, and Qt crashes.
    """
    gc.disable()
    timer = QTimer(application)
    timer.timeout.connect(lambda: gc.collect(1))
    timer.start(_COLLECT_EVERY)
    slow = QTimer(application)
    slow.timeout.connect(lambda: gc.collect(2))
    slow.start(30 * _COLLECT_EVERY)


def make_window(settings: Settings) -> MainWindow:
    """Return the window with a session of its own, not yet shown; nothing is loaded yet."""
    make_application()
    return MainWindow(Session(settings))


class _OwnLog(logging.handlers.RotatingFileHandler):
    """A log that nobody but the user may read, from its first byte on."""

    def _open(self) -> TextIOWrapper:
        handle = open_private(Path(self.baseFilename))
        return TextIOWrapper(open(handle, "ab"), encoding=self.encoding, errors=self.errors)


def log_to_file() -> None:
    """Log to the user's folder, at most a few megabytes; to nowhere if that cannot be written."""
    file = paths.log_file()
    try:
        make_private_folder(file.parent)
        handler = _OwnLog(file, maxBytes=_LOG_BYTES, backupCount=_LOG_FILES, encoding="utf-8", errors=SHOW_HALVES)
    except OSError as problem:
        print(f"No log is kept: {problem}", file=sys.stderr)
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger = logging.getLogger("csamoe_desktop")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    _log.info("CSA-MoE Desktop %s, Python %s, %s", __version__, sys.version.split()[0], sys.platform)


def _hear_faults(window: MainWindow) -> None:
    """Tell the user of every exception nobody caught; the program goes on, the outlines are still there."""

    def told(kind: type[BaseException], problem: BaseException, where: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            window.close()
            return
        traceback.print_exception(kind, problem, where)
        window.messages.failure(problem)

    sys.excepthook = told
    threading.excepthook = lambda given: _log.error("fault in a thread", exc_info=given.exc_value)
