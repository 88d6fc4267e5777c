"""The main window: studies | canvas | boxes about the lesion, with menus, toolbar, messages and status bar."""

import dataclasses
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QMainWindow,
    QSplitter,
    QToolBar,
    QWidget,
)

from csamoe_desktop import paths
from csamoe_desktop.errors import UserError
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.canvas.canvas import Canvas
from csamoe_desktop.ui.canvas.frame_bar import FrameBar
from csamoe_desktop.ui.canvas.overlay_switch import OverlaySwitch
from csamoe_desktop.ui.canvas.proposal_layer import Keys
from csamoe_desktop.ui.dialogs.agreement_page import AgreementDialog
from csamoe_desktop.ui.dialogs.calibration_dialog import Calibrating
from csamoe_desktop.ui.dialogs.comparison import ComparisonWindow
from csamoe_desktop.ui.dialogs.earlier_outlines import EarlierOutlinesDialog
from csamoe_desktop.ui.dialogs.examination_dialog import ExaminationDialog
from csamoe_desktop.ui.dialogs.lesion_dialog import DescribeDialog
from csamoe_desktop.ui.dialogs.model_chooser import ModelChooser
from csamoe_desktop.ui.dialogs.settings_dialog import SettingsDialog
from csamoe_desktop.ui.dialogs.views_window import ViewsWindow
from csamoe_desktop.ui.panels.assessment_panel import AssessmentBox, ReportBox
from csamoe_desktop.ui.panels.folding import BoxColumn
from csamoe_desktop.ui.panels.result_panel import LesionBox, ResultBox
from csamoe_desktop.ui.panels.study_list import StudyList
from csamoe_desktop.ui.shell.closing import Closing
from csamoe_desktop.ui.shell.command_table import MENUS, TOOLBAR, command_table, with_present_ids
from csamoe_desktop.ui.shell.file_dialogs import Files
from csamoe_desktop.ui.shell.help_dialogs import about_dialog, keys_dialog
from csamoe_desktop.ui.shell.keyboard import stays_with
from csamoe_desktop.ui.shell.notices import Notices
from csamoe_desktop.ui.shell.status_bar import StatusBar
from csamoe_desktop.ui.shell.unfinished import Unfinished
from csamoe_desktop.ui.shell.window_layout import WindowLook, stacked
from csamoe_desktop.ui.tools.base import Tool
from csamoe_desktop.ui.widgets import theme
from csamoe_desktop.ui.widgets.actions import Actions
from csamoe_desktop.ui.widgets.fitting import in_reach
from csamoe_desktop.ui.widgets.messages import Kind, Messages


class MainWindow(QMainWindow):
    """The main window. It owns the session and the widgets; the widgets know only the session."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        session.setParent(self)
        self.setWindowTitle("CSA-MoE Desktop")
        self.setAcceptDrops(True)
        self._applied_theme: tuple[str, int] | None = None
        self._apply_theme()
        self._make_image_side()
        self._make_commands()
        self._make_boxes()
        self._lay_out()
        self._fill_menus()
        self._connect()
        self._unfinished = Unfinished(session, self.messages)
        self._closing = Closing(session, self.messages, self.close, self)
        self._draw_icons()
        self.actions_table.refresh()
        self._look = WindowLook(self, self._splitter, self._boxes)
        self.installEventFilter(self)
        self.canvas.setFocus()

    # -- building the window, in this order

    def _make_image_side(self) -> None:
        """Make the messages, the canvas, the list of studies and what acts on them."""
        session = self.session
        self.messages = Messages()
        self.canvas = Canvas(session)
        self.canvas.setAcceptDrops(False)
        self.study_list = StudyList(session)
        self.cine = session.cine
        self.overlays = OverlaySwitch(self.canvas, self)
        self.files = Files(session, self.messages, self)
        self.calibrating = Calibrating(session, self.canvas, self.messages, self)
        self.status = StatusBar(session)

    def _make_commands(self) -> None:
        """Make the commands and set their keys, before the boxes: those name keys."""
        table = command_table(self.session, self.canvas, self.cine, self.overlays, self.files, self)
        self.actions_table = actions = Actions(table, self)
        for refusal in actions.set_keys(with_present_ids(self.session.settings.shortcuts)):
            self.messages.failure(UserError(refusal, f"Correct it under shortcuts in {paths.settings_file()}."))
        self.canvas.say_when_empty(f"Drop a study here{actions.key('open', ', or press ')}")
        self.canvas.name_keys(
            Keys(
                actions.key("accept_proposal"),
                actions.key("next_proposal"),
                actions.key(Tool.PROPOSE),
                actions.key("cancel_tool"),
            )
        )

    def _make_boxes(self) -> None:
        """Make the boxes of the right column."""
        session, actions = self.session, self.actions_table
        self.lesion = LesionBox(session, actions)
        self.assessment = AssessmentBox(session, actions)
        self.result = ResultBox(session, actions)
        self.report = ReportBox(session, actions["export"], actions["copy_report"], actions["examination"])
        self._boxes = self.lesion, self.assessment, self.result, self.report

    def _lay_out(self) -> None:
        """Put toolbar, columns and status bar into the window."""
        self.addToolBar(self._make_toolbar())
        centre = stacked(self.canvas, FrameBar(self.session, self.cine, self.actions_table["cine"]))
        self.messages.lie_over(self.canvas)
        parts = (part for box in self._boxes for part in (box.strip, box))
        boxes = stacked(*parts, margin=theme.GRID, spacing=theme.GRID)
        boxes.setObjectName("column")
        scroll = BoxColumn(boxes)
        # On a low screen the AI result and its warnings would appear below the edge.
        self.result.came.connect(lambda: scroll.show_from(self.result))
        self.session.assessments.focusRequested.connect(lambda: scroll.show_from(self.assessment))
        self.session.studyChanged.connect(scroll.show_top)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setObjectName("columns")
        for column, (widget, minimum) in enumerate(((self.study_list, 176), (centre, 320), (scroll, 0))):
            if minimum:
                widget.setMinimumWidth(minimum)
            self._splitter.addWidget(widget)
            self._splitter.setStretchFactor(column, int(widget is centre))
            self._splitter.setCollapsible(column, False)
        self.setCentralWidget(self._splitter)
        self.setStatusBar(self.status)

    def _make_toolbar(self) -> QToolBar:
        toolbar = QToolBar("Tools")
        toolbar.setObjectName("toolbar")
        toolbar.setMovable(False)
        toolbar.setIconSize(QSize(20, 20))
        toolbar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.actions_table.fill_toolbar(toolbar, TOOLBAR)
        return toolbar

    def _fill_menus(self) -> None:
        for name in MENUS:
            menu = self.menuBar().addMenu(f"&{name}")
            menu.setToolTipsVisible(True)
            self.actions_table.fill_menu(menu, name)
            if name == "File":
                menu.insertMenu(self.actions_table["close_study"], self.files.recent)

    def _connect(self) -> None:
        session, refresh = self.session, self.actions_table.refresh
        Notices(session, self.messages, self)
        self.messages.covered.connect(self.canvas.keep_clear)
        # `resultChanged` ends every change of study, frame, lesion and outline: once is enough.
        for changed in (
            session.resultChanged,
            session.proposals.changed,
            session.calipers.changed,
            session.calibration.changed,
        ):
            changed.connect(refresh)
        for summarised in (session.resultChanged, session.assessments.changed, session.measurements.changed):
            summarised.connect(lambda: self._look.sum_up())
        session.jobs.busyChanged.connect(lambda lane, busy: refresh())
        session.studiesListed.connect(refresh)
        session.studyChanged.connect(self._show_title)
        session.settingsChanged.connect(self._follow_settings)
        session.studyChanged.connect(self._give_keys_to_canvas)
        self.assessment.category.completed.connect(self.canvas.setFocus)
        self.canvas.hovered.connect(self.status.show_pixel)
        self.canvas.toolChanged.connect(lambda tool: refresh())
        self.canvas.stepsChanged.connect(refresh)
        self.canvas.windowChanged.connect(lambda window: refresh())
        self.cine.playingChanged.connect(self._show_playing)
        self.actions_table.started.connect(self._command_started)

    def _command_started(self) -> None:
        # The next command dismisses earlier refusals; a half-typed reader's name counts as entered.
        self.messages.clear(Kind.REFUSAL)
        self.assessment.take()

    def _apply_theme(self) -> bool:
        """Apply theme and font size from the settings; return whether they changed."""
        settings, application = self.session.settings, QApplication.instance()
        wanted = (settings.theme, settings.font_size)
        if self._applied_theme == wanted or not isinstance(application, QApplication):
            return False
        self._applied_theme = wanted
        theme.apply(application, *wanted)
        return True

    def _follow_settings(self) -> None:
        if self._apply_theme():
            self._draw_icons()
            self._look.give_room()

    def _draw_icons(self) -> None:
        self.actions_table.draw_icons()
        self.messages.draw_icons()
        self._show_playing(self.cine.playing)

    # -- what the commands need of the window (`menus.context.Pages`)

    def import_mask(self, path: Path) -> None:
        """Import a mask file for the frame in view; where its size differs, ask whether to resize it."""
        self.files.import_mask(path)

    def calibrate(self) -> None:
        """Let the user draw a line along the depth scale."""
        self.calibrating.begin()

    def answer_no(self) -> bool:
        """Answer the open question with no; return whether there was one."""
        return self.messages.say_no()

    def describe_examination(self) -> None:
        """Ask for indication, comparison and technique of the examination."""
        if self.session.examinations.key is not None:
            self._open(ExaminationDialog(self.session, self))

    def describe_lesion(self) -> None:
        """Ask for name and location of the current lesion."""
        if self.session.work is not None:
            self._open(DescribeDialog(self.session, self))

    def show_earlier_outlines(self) -> None:
        """List the outlines of the image in view that were replaced by others."""
        try:
            dialog = EarlierOutlinesDialog(self.session, self)
        except UserError as problem:
            self.messages.failure(problem)
        else:
            self._open(dialog)

    def show_views(self) -> None:
        """Open the views of the current lesion side by side, or bring them to the front; they follow the session."""
        views = self.findChild(ViewsWindow)
        if views is None:
            views = ViewsWindow(self.session.views, self)
            in_reach(views)
            for signal in (
                self.session.lesionChanged,
                self.session.resultChanged,
                self.session.settingsChanged,
                self.session.calibration.changed,
                self.session.assessments.changed,
            ):
                signal.connect(views.follow)
        _bring_to_front(views)

    def show_settings(self) -> None:
        """Open the settings."""
        self._open(SettingsDialog(self.session, self))

    def show_models(self) -> None:
        """Open the list of models."""
        self._open(ModelChooser(self.session, self))

    def show_agreement(self) -> None:
        """Open the page that compares the reader's assessments with the AI results."""
        self._open(AgreementDialog(self.session, self))

    def show_comparison(self) -> None:
        """Open the comparison of models beside the window, or bring it to the front."""
        comparison = self.findChild(ComparisonWindow)
        if comparison is None:
            comparison = ComparisonWindow(self.session, self)
            in_reach(comparison)
        _bring_to_front(comparison)

    def show_keys(self) -> None:
        """Open the page of keys."""
        self._open(keys_dialog(self.actions_table, self))

    def show_about(self) -> None:
        """Open the page on the program."""
        self._open(about_dialog(f"Model: {self.status.model.text()}. {self.status.device.text()}.", self))

    def show_log(self) -> None:
        """Open the log folder in the system's file browser."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(paths.log_file().parent)))

    # -- events

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep Alt alone from opening the menus, as it erases with the brush; leave the focus widget the keys it needs."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.ShortcutOverride:
            return False
        if event.key() == Qt.Key.Key_Alt:
            return True
        focus = self.focusWidget()
        if event.key() == Qt.Key.Key_Escape and self.messages.asking:
            return False
        widgets_of_images = (self.canvas, self.study_list)
        on_images = any(widget is focus or (focus and widget.isAncestorOf(focus)) for widget in widgets_of_images)
        if not on_images and stays_with(focus, event):
            event.accept()
            return True
        return False

    def _give_keys_to_canvas(self) -> None:
        """Focus the image of the study that came into view, unless the reader moves through the list with the keys."""
        focus = self.focusWidget()
        if focus is None or not self.study_list.isAncestorOf(focus):
            self.canvas.setFocus()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept a drag of files."""
        if _files(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the files dropped; with Shift held, import one as the mask."""
        files = _files(event)
        if not files:
            return
        event.acceptProposedAction()
        self.messages.clear(Kind.REFUSAL)
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.import_mask(files[0])
        else:
            self.session.open(*files)

    def close_now(self) -> None:
        """Close without asking, even where work is lost."""
        self._closing.agree()
        self._unfinished.agree()
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close the window and the session, or stay open for a question about work that would be lost."""
        self.assessment.take()
        # Another frame would dismiss the question.
        self.cine.pause()
        if not (self._unfinished.allowed(None, self.close) and self._closing.allowed()):
            event.ignore()
            return
        sizes = dataclasses.replace(
            self.session.settings,
            brush_radius=self.canvas.radius_of(Tool.BRUSH),
            eraser_radius=self.canvas.radius_of(Tool.ERASER),
            smart_radius=self.canvas.radius_of(Tool.SMART),
        )
        self.session.user_settings.change(sizes)
        self._look.save()
        for window in (*self.findChildren(ComparisonWindow), *self.findChildren(ViewsWindow)):
            window.close()
        self.hide()
        self.session.close()
        super().closeEvent(event)

    # -- showing

    def _open(self, dialog: QDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowModality(Qt.WindowModality.WindowModal)
        in_reach(dialog)
        dialog.show()

    def _show_title(self) -> None:
        study = self.session.study
        self.setWindowTitle("CSA-MoE Desktop" if study is None else f"{study.name} · CSA-MoE Desktop")

    def _show_playing(self, playing: bool) -> None:
        self.actions_table["cine"].setIcon(theme.icon("pause" if playing else "play"))
        self.actions_table.refresh()


def _bring_to_front(window: QWidget) -> None:
    window.show()
    window.raise_()
    window.activateWindow()


def _files(event: QDropEvent) -> list[Path]:
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
