"""Dialogs to open studies, import and export masks and export reports, and the list of recent files."""

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
_SUFFIX_PARTS = sorted({f".{part}" for kind in FORMATS for suffix in kind.suffixes for part in suffix[1:].split(".")})
_WRITTEN = {f"{kind.name} ({' '.join(f'*{suffix}' for suffix in kind.suffixes)})": kind for kind in FORMATS}


class Files(QObject):
    """Opens, imports and exports files for the user of `window`."""

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
        """Import a mask; where it belongs to another image or has another size, ask first.

        `resize` and `another` are set once the user has agreed to that size, or to that image.
        """
        try:
            self._session.mask_commands.import_from(path, resize, another)
        except MaskOfAnotherImage as other:
            self._messages.question(
                other.message,
                "Use it only if this is the same image under another name.",
                "Use it for this image",
                partial(self.import_mask, path, resize, True),
            )
        except MaskSizeMismatch as problem:
            mask, frame = (f"{shape[1]} × {shape[0]}" for shape in (problem.mask_shape, problem.frame_shape))
            self._messages.question(
                f"The mask {shown_name(path.name)} is {mask} pixels, the image {frame}.",
                "It may belong to another image. You can resize it to the size of this image.",
                "Resize the mask",
                partial(self.import_mask, path, True, another),
            )
        except UserError as problem:
            self._messages.failure(problem)

    def export_mask(self) -> None:
        """Ask for file and format, and write the current outline."""
        study, frame, mask = self._session.study, self._session.frame, self._session.mask
        if study is None or frame is None or mask is None or mask.empty:
            return
        number = 1 if self._session.work is None else self._session.work.number
        name = _mask_name(study.path, frame.index if study.frame_count > 1 else None, number)
        dialog = QFileDialog(self._window, "Export mask", self._folder(), ";;".join(_WRITTEN))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        # `_write_or_ask` confirms overwriting: the dialog does not complete the suffix, so it would ask about another name.
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.selectFile(name)
        dialog.filterSelected.connect(
            lambda chosen: dialog.selectFile(_in_format(Path(next(iter(dialog.selectedFiles()), name)), chosen).name)
        )
        # A copy of the mask: another frame may come into view while the dialog is open.
        write = partial(self._write_mask, pixels=mask.pixels.copy(), scale=frame.scale, image=study.path.name)
        dialog.fileSelected.connect(lambda name: self._mask_to(Path(name), dialog.selectedNameFilter(), write))
        dialog.open()

    def export(self) -> None:
        """Ask for the content of the report, then for its file, and write it."""
        work = self._session.work
        if self._session.reports.in_view() is not None and work is not None:
            ExportDialog(self._session, partial(self._ask_where, work), self._window).open()

    def _ask_where(self, work: LesionWork, choice: Choice, then: str) -> None:
        """Ask for a file and write the report of `choice` to it.

        `then` names what follows: "open" opens the report, "next" goes to the next study, "" does neither.
        """
        report = self._session.reports.in_view()
        if report is None or not self._still_in_view(work):
            return
        dialog = QFileDialog(self._window, "Export report", self._folder(), ";;".join(_REPORTS))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("pdf")
        dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(_REPORTS.get(chosen, "pdf")))
        dialog.selectFile(report_file_name(report))
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
        self._messages.note("The report was copied to the clipboard as text.")

    def close_study(self) -> None:
        """Close the study in view; ask first where an open polygon or livewire would be lost, as only that is not stored."""
        study = self._session.study
        if study is not None and self._unfinished.allowed(study, self.close_study):
            self._session.open_studies.close_current()

    def _mask_to(self, typed: Path, chosen: str, write: Callable[[Path], None]) -> None:
        """Write a mask to `typed`, with the chosen format's suffix where it has none; ask before replacing a file."""
        path = typed if mask_format(typed) else typed.with_name(f"{typed.name}{_WRITTEN[chosen].suffixes[0]}")
        self._write_or_ask(path, "mask", is_mask_file, partial(write, path))

    def _write_or_ask(
        self, path: Path, kind: str, is_kind: Callable[[Path], bool], write: Callable[[], None], asked: bool = False
    ) -> None:
        """Write a file to `path`, but never over an open image; ask before replacing a file.

        `kind` is the noun for the file ("mask"), `is_kind` recognises such files: the question warns where the existing
        file is of another kind. `asked`: the dialog has already asked about replacing it.
        """
        try:
            check_output(path, [study.path for study in self._session.studies])
        except UserError as problem:
            self._messages.failure(problem)
            return
        # Not Path.exists, which raises for a name that is too long.
        exists = os.path.exists(path)  # noqa: PTH110 - see above
        foreign = exists and path.stat().st_size > 0 and not is_kind(path)
        if not exists or (asked and not foreign):
            write()
            return
        hint = f"It is not a {kind}; its content would be lost." if foreign else ""
        self._messages.question(f"{shown_name(path.name)} already exists in {path.parent}.", hint, "Replace it", write)

    def _write_mask(self, path: Path, pixels: NDArray[np.bool_], scale: Scale, image: str) -> None:
        try:
            write_mask(path, pixels, scale, image)
        except UserError as problem:
            self._messages.failure(problem)
        else:
            self._messages.note(f"The mask was written to {path}.")

    def _export_to(self, chosen: Path, work: LesionWork, choice: Choice, then: str) -> None:
        """Write the report of `work` to `chosen`, with ".pdf" where it has no suffix of a report.

        The dialog has asked about replacing `chosen`, but not about the name with ".pdf".
        """
        # A dialog takes the "Meyer" of "report Dr. Meyer" for a suffix.
        path = chosen if chosen.suffix.lower() in SUFFIXES else chosen.with_name(f"{chosen.name}.pdf")
        self._write_or_ask(
            path, "report", is_report_file, partial(self._export, path, work, choice, then), asked=path == chosen
        )

    def _export(self, path: Path, work: LesionWork, choice: Choice, then: str) -> None:
        if not self._still_in_view(work):
            return
        reports = self._session.reports
        count, left_out = sum(choice.includes(lesion) for lesion in reports.ready()), reports.left_out()
        reports.export(path, partial(self._exported, count=count, left_out=left_out, then=then), choice)

    def _still_in_view(self, work: LesionWork) -> bool:
        """Return whether `work` is still in view; where it is not, show that.

        A file that was still opening may come into view while a dialog is open.
        """
        if self._session.work is work:
            return True
        self._messages.failure(
            UserError("Another image is current now; no report was written.", "Go back to your image and export again.")
        )
        return False

    def _exported(self, path: Path, count: int, left_out: Sequence[PlacedLesion], then: str) -> None:
        """Show that the report of `count` outlines was written, and which lesions it leaves out."""
        report = "The report" if count == 1 else f"The report of {count} outlines"
        names = "; ".join(lesion.label for lesion in left_out)
        missing = f" Not included, because they have no current AI result: {names}." if left_out else ""
        self._messages.note(f"{report} was written to {path}.{missing}")
        studies, study = self._session.studies, self._session.study
        if then == "open" and not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            self._messages.failure(
                UserError("This computer has no program to open the report.", f"Open {path} elsewhere.")
            )
        elif then == "next" and study in studies[:-1]:
            self._session.navigation.to_study(studies[studies.index(study) + 1])

    def _fill_recent(self) -> None:
        names = self._session.settings.recent_files
        self.recent.clear()
        self.recent.setEnabled(bool(names))
        for name in names:
            # A menu would underline the letter after an ampersand; a tooltip would read markup.
            title = shown_name(Path(name).name).replace("&", "&&")
            action = self.recent.addAction(title, partial(self._session.open, Path(name)))
            action.setToolTip(theme.tip(shown(name)))
        if names:
            self.recent.addSeparator()
            self.recent.addAction("Clear this list", self._clear_recent)

    def _clear_recent(self) -> None:
        self._session.user_settings.change(dataclasses.replace(self._session.settings, recent_files=()))
        # Filling the menu deletes the entry that was pressed: wait until its signal has been handled.
        QTimer.singleShot(0, self._fill_recent)

    def _folder(self) -> str:
        """Return the folder where dialogs start: the one in the settings, else that of the last file."""
        settings = self._session.settings
        if settings.default_folder:
            return settings.default_folder
        return str(Path(settings.recent_files[0]).parent) if settings.recent_files else str(Path.home())


def _mask_name(study: Path, frame: int | None, lesion: int) -> str:
    """Return a suggested file name for a mask, such as "IM0003-frame12-lesion2-mask.png"; lesion 1 is not named.

    `frame` is the index from 0, or None for a study of one frame.
    """
    # A DICOM file is often named by its UID alone: what follows the last dot is then not a suffix.
    stem = study.name if study.suffix[1:].isdigit() else study.stem
    place = f"{'' if frame is None else f'-frame{frame + 1}'}{f'-lesion{lesion}' if lesion > 1 else ''}"
    return fitting_name(stem, f"{place}-mask.png")


def _in_format(file: Path, chosen: str) -> Path:
    """Return `file` with the suffix of the format chosen in the dialog instead of another format's."""
    stem = file.name
    # Some dialogs have already replaced the old suffix with the last part of one like ".nii.gz".
    while ending := next((part for part in _SUFFIX_PARTS if stem.lower().endswith(part)), ""):
        stem = stem[: -len(ending)]
    suffix = _WRITTEN[chosen].suffixes[0]
    name = f"{stem}{suffix}"
    return file.with_name(name if len(os.fsencode(name)) <= LONGEST_NAME else fitting_name(stem, suffix))
