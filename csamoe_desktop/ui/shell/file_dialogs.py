"""Files in and out as the user sees them: the dialogs for studies, masks and reports, and the list of recent files."""

import dataclasses
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import check_output
from csamoe_desktop.lesion.files.belonging import MaskOfAnotherImage
from csamoe_desktop.lesion.files.formats import (
    FORMATS,
    READ_SUFFIXES,
    MaskSizeMismatch,
    is_mask_file,
    mask_format,
    write_mask,
)
from csamoe_desktop.names import LONGEST_NAME, fitting_name, shown, shown_name
from csamoe_desktop.report.content.sections import report_file_name
from csamoe_desktop.report.writing import SUFFIXES, is_report_file
from csamoe_desktop.session.lesion_work import LesionWork, ResultState
from csamoe_desktop.session.lesions import PlacedLesion
from csamoe_desktop.session.reports import Choice
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.scale import Scale
from csamoe_desktop.ui.dialogs.export_dialog import ExportDialog
from csamoe_desktop.ui.shell.unfinished import Unfinished
from csamoe_desktop.ui.widgets import theme
from csamoe_desktop.ui.widgets.messages import Messages

_MASKS = f"Masks ({' '.join(f'*{suffix}' for suffix in READ_SUFFIXES)});;All files (*)"
_REPORTS = {
    "PDF (*.pdf)": "pdf",
    "JSON, which can be verified (*.json)": "json",
    "Plain text (*.txt)": "txt",
}
_SUFFIX_PARTS = sorted({f".{part}" for one in FORMATS for suffix in one.suffixes for part in suffix[1:].split(".")})
_WRITTEN = {f"{one.name} ({' '.join(f'*{suffix}' for suffix in one.suffixes)})": one for one in FORMATS}


class Files(QObject):
    """What the user opens, imports and exports in `window`."""

    def __init__(self, session: Session, messages: Messages, window: QWidget) -> None:
        super().__init__(window)
        self._session = session
        self._messages = messages
        self._window = window
        self._unfinished = Unfinished(session, messages)
        self.recent = QMenu("Open &recent", window)
        self.recent.setToolTipsVisible(True)
        self.recent.aboutToShow.connect(self._fill_recent)
        session.studyChanged.connect(self._fill_recent)
        self._fill_recent()

    def open(self) -> None:
        """Ask for files, and open them."""
        names, _ = QFileDialog.getOpenFileNames(self._window, "Open studies", self._folder(), "All files (*)")
        self._session.open(*(Path(name) for name in names))

    def open_folder(self) -> None:
        """Ask for a folder, and open every image in it."""
        name = QFileDialog.getExistingDirectory(self._window, "Open a folder of studies", self._folder())
        if name:
            self._session.open(Path(name))

    def choose_mask(self) -> None:
        """Ask for a mask file, and import it."""
        name, _ = QFileDialog.getOpenFileName(self._window, "Import mask", self._folder(), _MASKS)
        if name:
            self.import_mask(Path(name))

    def import_mask(self, path: Path, resize: bool = False, another: bool = False) -> None:
        """Import a mask; where it is of another image, or of another size, ask whether it is to be taken all the same."""
        try:
            self._session.mask_commands.import_from(path, resize, another)
        except MaskOfAnotherImage as other:
            self._messages.question(
                other.message,
                "An outline of another image does not fit this one, unless it is the same image under another name.",
                "Take it for this image",
                partial(self.import_mask, path, resize, True),
            )
        except MaskSizeMismatch as problem:
            mask, frame = (f"{shape[1]} × {shape[0]}" for shape in (problem.mask_shape, problem.frame_shape))
            self._messages.question(
                f"The mask {shown_name(path.name)} is {mask} pixels, the image {frame}.",
                "It may belong to another image. Resized, its outline follows this image's size.",
                "Resize the mask",
                partial(self.import_mask, path, True, another),
            )
        except UserError as problem:
            self._messages.failure(problem)

    def export_mask(self) -> None:
        """Ask where to write the outline in view, and in which format, and write it."""
        study, frame, mask = self._session.study, self._session.frame, self._session.mask
        if study is None or frame is None or mask is None or mask.empty:
            return
        number = 1 if self._session.work is None else self._session.work.number
        name = _mask_name(study.path, frame.index if study.frame_count > 1 else None, number)
        dialog = QFileDialog(self._window, "Export mask", self._folder(), ";;".join(_WRITTEN))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        # Asked once the suffix is known, which the dialog does not complete.
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.selectFile(name)
        dialog.filterSelected.connect(
            lambda chosen: dialog.selectFile(_in_format(Path(next(iter(dialog.selectedFiles()), name)), chosen).name)
        )
        # As the mask is now: another frame may come into view under the dialog.
        write = partial(self._write_mask, pixels=mask.pixels.copy(), scale=frame.scale, image=study.path.name)
        dialog.fileSelected.connect(lambda typed: self._mask_to(Path(typed), dialog.selectedNameFilter(), write))
        dialog.open()

    def export(self) -> None:
        """Ask what goes into the report, then where to write it, and write it."""
        work = self._session.work
        if self._session.reports.in_view() is not None and work is not None:
            ExportDialog(self._session, partial(self._ask_where, work), self._window).open()

    def _ask_where(self, work: LesionWork, choice: Choice, then: str) -> None:
        """Ask where to write the report of what is chosen, and write it; `then` is what comes after: "", "open", "next"."""
        given = self._session.reports.in_view()
        if given is None or not self._still_in_view(work):
            return
        dialog = QFileDialog(self._window, "Export report", self._folder(), ";;".join(_REPORTS))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("pdf")
        dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(_REPORTS.get(chosen, "pdf")))
        dialog.selectFile(report_file_name(given))
        dialog.fileSelected.connect(lambda name: self._export_to(Path(name), work, choice, then))
        dialog.open()

    def copy_report(self) -> None:
        """Put the report on the clipboard as text."""
        if self._session.shown_result.state is not ResultState.DONE:
            return
        try:
            text = self._session.reports.text()
        except UserError as problem:
            self._messages.failure(problem)
            return
        QGuiApplication.clipboard().setText(text)
        self._messages.note("The report is on the clipboard, as text.")

    def close_study(self) -> None:
        """Close the study in view; ask first where an open polygon or livewire would be lost: all else is in the store."""
        study = self._session.study
        if study is not None and self._unfinished.allowed(study, self.close_study):
            self._session.open_studies.close_current()

    def _mask_to(self, typed: Path, chosen: str, write: Callable[[Path], None]) -> None:
        """Write a mask to the file typed, or to that name with the chosen format's suffix where it has none; ask first
        if it is there already."""
        path = typed if mask_format(typed) else typed.with_name(f"{typed.name}{_WRITTEN[chosen].suffixes[0]}")
        self._write_or_ask(path, "mask", is_mask_file, partial(write, path))

    def _write_or_ask(
        self, path: Path, what: str, ours: Callable[[Path], bool], write: Callable[[], None], asked: bool = False
    ) -> None:
        """Write a `what` to `path`, but never over an open image; ask first where there is a file already (which the dialog
        has `asked`), and say where that is of another kind."""
        try:
            check_output(path, [study.path for study in self._session.studies])
        except UserError as problem:
            self._messages.failure(problem)
            return
        # Not Path.exists, which raises for a name that is too long.
        there = os.path.exists(path)
        foreign = there and os.path.getsize(path) > 0 and not ours(path)
        if not there or (asked and not foreign):
            write()
            return
        hint = f"It is no {what}; what it holds would be lost." if foreign else ""
        self._messages.question(
            f"There is a file {shown_name(path.name)} already in {path.parent}.", hint, "Replace it", write
        )

    def _write_mask(self, path: Path, pixels: NDArray[np.bool_], scale: Scale, image: str) -> None:
        try:
            write_mask(path, pixels, scale, image)
        except UserError as problem:
            self._messages.failure(problem)
        else:
            self._messages.note(f"The mask was written to {path}.")

    def _export_to(self, chosen: Path, work: LesionWork, choice: Choice, then: str) -> None:
        """Write the report of `work` to the file chosen, or to the same name with ".pdf": that the user has not been
        asked about, should there be one already."""
        # A dialog takes "report Dr. Meyer" for a name with a suffix.
        path = chosen if chosen.suffix.lower() in SUFFIXES else chosen.with_name(f"{chosen.name}.pdf")
        self._write_or_ask(
            path, "report", is_report_file, partial(self._export, path, work, choice, then), asked=path == chosen
        )

    def _export(self, path: Path, work: LesionWork, choice: Choice, then: str) -> None:
        if not self._still_in_view(work):
            return
        reports = self._session.reports
        count, left = sum(choice.holds(one) for one in reports.ready()), reports.left_out()
        reports.export(path, partial(self._exported, count=count, left=left, then=then), choice)

    def _still_in_view(self, work: LesionWork) -> bool:
        """Return whether the report is still of what is in view, and if not say it: a file that was being opened while a
        dialog stood may have come into view under it."""
        if self._session.work is work:
            return True
        self._messages.failure(
            UserError("Another image has come into view; no report was written.", "Go back to yours, and export.")
        )
        return False

    def _exported(self, path: Path, count: int, left: Sequence[PlacedLesion], then: str) -> None:
        """Tell that the report of `count` readings was written, and of which lesions there was none to write."""
        of = "The report" if count == 1 else f"The report of {count} readings"
        without = f" Not in it, as no reading of it holds: {'; '.join(one.words for one in left)}." if left else ""
        self._messages.note(f"{of} was written to {path}.{without}")
        studies, study = self._session.studies, self._session.study
        if then == "open" and not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            self._messages.failure(UserError("No program here opens the report.", f"Open {path} yourself."))
        elif then == "next" and study in studies[:-1]:
            self._session.navigation.to_study(studies[studies.index(study) + 1])

    def _fill_recent(self) -> None:
        names = self._session.settings.recent_files
        self.recent.clear()
        self.recent.setEnabled(bool(names))
        for name in names:
            # An ampersand would underline the letter after it; a tooltip takes markup.
            title = shown_name(Path(name).name).replace("&", "&&")
            action = self.recent.addAction(title, partial(self._session.open, Path(name)))
            action.setToolTip(theme.tip(shown(name)))
        if names:
            self.recent.addSeparator()
            self.recent.addAction("Clear this list", self._clear_recent)

    def _clear_recent(self) -> None:
        self._session.user_settings.change(dataclasses.replace(self._session.settings, recent_files=()))
        # Filled anew, the menu loses the very entry whose press this is: after it.
        QTimer.singleShot(0, self._fill_recent)

    def _folder(self) -> str:
        """Return where dialogs start: the user's choice, else where the last file came from."""
        settings = self._session.settings
        if settings.default_folder:
            return settings.default_folder
        return str(Path(settings.recent_files[0]).parent) if settings.recent_files else str(Path.home())


def _mask_name(study: Path, frame: int | None, lesion: int) -> str:
    """Return a file name to suggest for a mask, such as "IM0003-frame12-lesion2-mask.png"; lesion 1 is not named."""
    # A DICOM file is often named by its UID alone: what follows the last dot is then no suffix.
    stem = study.name if study.suffix[1:].isdigit() else study.stem
    of = f"{'' if frame is None else f'-frame{frame + 1}'}{f'-lesion{lesion}' if lesion > 1 else ''}"
    return fitting_name(stem, f"{of}-mask.png")


def _in_format(file: Path, chosen: str) -> Path:
    """Return `file` with the suffix of the format chosen in the dialog, in place of another format's."""
    stem = file.name
    # Some dialogs have put the last part of a suffix like ".nii.gz" in place of the old one already.
    while ending := next((part for part in _SUFFIX_PARTS if stem.lower().endswith(part)), ""):
        stem = stem[: -len(ending)]
    suffix = _WRITTEN[chosen].suffixes[0]
    name = f"{stem}{suffix}"
    return file.with_name(name if len(os.fsencode(name)) <= LONGEST_NAME else fitting_name(stem, suffix))
