"""The demo: the complete workflow on the demo study, in a window on the screen, or without one for a report and a picture."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import check_output
from csamoe_desktop.reader.assessment import Assessment
from csamoe_desktop.report.writing import is_report_file
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings, load_settings
from csamoe_desktop.study.phantom import DemoStudy, write_demo_study
from csamoe_desktop.ui.shell.app import make_window, run
from csamoe_desktop.ui.shell.main_window import MainWindow

# As the demo study is made, so is this assessment; the AI result comes after it here as well.
_ASSESSMENT = Assessment(
    "5",
    {
        "margin": ("spiculated",),
        "echo_pattern": ("hypoechoic",),
        "posterior": ("shadowing",),
    },
    "tissue",
)
REPORT, PICTURE = "report.pdf", "window.png"
_HINT = (
    "This is a demo study, not a patient's. It is outlined: give your assessment{assessment}, then assess it{assess}."
)


def show(folder: Path) -> int:
    """Open the window on the demo study, written to `folder`, with its outline; return the exit status."""
    study = _write_study(folder)

    def import_outline_when_opened(window: MainWindow) -> None:
        def opened() -> None:
            session = window.session
            if session.study is not None and session.study.path == study.spiculated.absolute():
                session.frameChanged.disconnect(opened)
                window.import_mask(study.spiculated_mask)
                window.messages.note(_hint(window))

        window.session.frameChanged.connect(opened)

    return run([study.spiculated, study.smooth, study.cine], import_outline_when_opened)


def run_whole_job(folder: Path) -> list[Path]:
    """Open the demo study, import its outline, assess it and export the report; return the files written.

    Raises:
        UserError: a step is refused, for example because weights are missing or the folder cannot be written to.
    """
    study = _write_study(folder / "study")
    window = read_window(study, load_settings())
    try:
        written: list[Path] = []
        window.session.reports.export(folder / REPORT, written.append)
        wait_until(window.session, lambda: bool(written))
        picture = folder / PICTURE
        if not window.grab().save(str(picture)):
            raise UserError(f"{picture} could not be written.", "Choose another folder with --out.")
    finally:
        _remove(window)
    return [folder / REPORT, picture]


def check_folder(folder: Path) -> None:
    """Check that the demo's files replace only those of an earlier demo.

    Raises:
        UserError: they would replace other files.
    """
    check_output(folder / REPORT, (), is_report_file)
    check_output(folder / PICTURE, (), lambda file: is_report_file(folder / REPORT))


def read_window(study: DemoStudy, settings: Settings) -> MainWindow:
    """Return a window on the screen with the demo study's spiculated lesion open, outlined and assessed.

    Raises:
        UserError: a step is refused.
    """
    window = make_window(settings)
    try:
        window.show()
        session = window.session
        session.open(study.spiculated, study.smooth, study.cine)
        wait_until(session, lambda: len(session.studies) == 3)
        session.mask_commands.import_from(study.spiculated_mask)
        session.assessments.change(_ASSESSMENT)
        wait_until(session, lambda: not session.measurements.under_way)
        session.assessments.confirm()
        session.assessments.assess()
        wait_until(session, lambda: session.shown_result.state is ResultState.DONE)
    except BaseException:
        _remove(window)
        raise
    return window


def wait_until(session: Session, condition: Callable[[], bool]) -> None:
    """Run the event loop until `condition` holds.

    Raises:
        UserError: the session refused something meanwhile. An unexpected exception of the session is raised as it is.
    """
    loop = QEventLoop()
    problems: list[BaseException] = []
    timer = QTimer()
    timer.timeout.connect(lambda: loop.quit() if condition() else None)

    def failed(problem: BaseException) -> None:
        problems.append(problem)
        loop.quit()

    session.failed.connect(failed)
    timer.start(10)
    loop.exec()
    session.failed.disconnect(failed)
    if problems:
        raise problems[0]


def _hint(window: MainWindow) -> str:
    keys = window.actions_table
    return _HINT.format(assessment=keys.key("assessment", " (", ")"), assess=keys.key("assess", " (", ")"))


def _remove(window: MainWindow) -> None:
    window.close_now()
    window.deleteLater()


def _write_study(folder: Path) -> DemoStudy:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise UserError(
            f"{folder} could not be created: {problem.strerror}.", "Choose another folder with --out."
        ) from problem
    return write_demo_study(folder)
