"""The left column: the open studies, the data of the current study from its file, and its frames."""

from math import ceil
from typing import Any

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap, QResizeEvent, QTextOption
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from csamoe_desktop.names import shown
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.model import Study
from csamoe_desktop.ui.panels.thumbnails import HEIGHT, WIDTH, Thumbnails
from csamoe_desktop.ui.widgets import theme

_STUDIES_IN_VIEW = 4
_PICTURE_WIDTH, _PICTURE_HEIGHT = 48, 36
_LEAST_LINES = 3


class StudyList(QWidget):
    """Studies above, frames below; a click shows one."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("column")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._session = session
        self._listed: list[Study] = []
        self.studies = QListWidget()
        self.studies.setAccessibleName("Studies")
        self.studies.setIconSize(QSize(_PICTURE_WIDTH, _PICTURE_HEIGHT))
        self._pictures = Thumbnails(session, self)
        self._pictures.ready.connect(lambda: self.studies.viewport().update())
        self.studies.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._facts = Facts()
        self.frames = QListView()
        self.frames.setAccessibleName("Frames")
        self.frames.setModel(FrameModel(session, self._pictures, self))
        self.frames.setIconSize(QSize(WIDTH, HEIGHT))
        self.frames.setUniformItemSizes(True)
        self.frames.setSpacing(theme.GRID // 4)
        self.frames.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.frames.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._frames_heading = theme.label("Frames", "heading")
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, theme.GRID, theme.GRID // 2, 0)
        column.setSpacing(theme.GRID)
        self._studies_heading = theme.label("Studies", "heading")
        for widget in (self._studies_heading, self.studies, self._facts, self._frames_heading):
            column.addWidget(widget)
        column.addWidget(self.frames, 1)
        self._column = column
        self.studies.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        # File names in a folder often differ only at the end.
        self.studies.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        # One click, or one key, makes a row current.
        self.studies.currentRowChanged.connect(self._choose_study)
        self.frames.selectionModel().currentChanged.connect(self._choose_frame)
        # Repainting requests the pictures that are visible then.
        session.studyChanged.connect(self._pictures.forget_wishes)
        session.studyChanged.connect(self._show_studies)
        session.studyChanged.connect(self.studies.viewport().update)
        session.studiesListed.connect(self._show_studies)
        session.frameChanged.connect(self._show_frame)
        # Queued, because the list selects the clicked row after this.
        session.navigationCancelled.connect(self._show_chosen, Qt.ConnectionType.QueuedConnection)
        self._show_studies()

    def _choose_study(self, row: int) -> None:
        if 0 <= row < len(self._session.studies):
            self._session.navigation.to_study(self._session.studies[row])

    def _choose_frame(self, chosen: QModelIndex) -> None:
        if chosen.isValid():
            self._session.navigation.to_frame(chosen.row())

    def _show_chosen(self) -> None:
        """Select the current study and frame again, unless another one was chosen meanwhile."""
        if self._session.frames.awaited is None:
            self._show_current_study()
            self._show_frame()

    def _show_current_study(self) -> None:
        session, awaited = self._session, self._session.frames.awaited
        study = session.study if awaited is None else awaited[0]
        self.studies.blockSignals(True)
        self.studies.setCurrentRow(session.studies.index(study) if study in session.studies else -1)
        self.studies.blockSignals(False)

    def _show_studies(self) -> None:
        session = self._session
        if session.studies != self._listed or not self._listed:
            # Only then: a rebuilt list would jump under the mouse.
            self._list(session.studies)
        self._show_current_study()
        self._facts.setText("" if session.study is None else "\n".join(_facts(session.study)))
        self._facts.setVisible(bool(self._facts.text()))
        count = 0 if session.study is None else session.study.frame_count
        self._frames_heading.setText("Frames" if count < 2 else f"Frames  {count}")
        self._frames_heading.setVisible(count > 0)

    def _list(self, studies: list[Study]) -> None:
        # A large folder is listed in portions: keep the existing rows.
        listed = len(self._listed) if self._listed and studies[: len(self._listed)] == self._listed else 0
        self._listed = list(studies)
        self.studies.blockSignals(True)
        place = self.studies.verticalScrollBar().value()
        if not listed:
            self.studies.clear()
        for study in studies[listed:]:
            self.studies.addItem(_StudyItem(study, self._pictures))
        self._mark_priors()
        if not studies:
            self.studies.addItem("No study is open")
            self.studies.item(0).setFlags(Qt.ItemFlag.NoItemFlags)
        self.studies.verticalScrollBar().setValue(place)
        self.studies.blockSignals(False)
        self._studies_heading.setText("Studies" if len(studies) < 2 else f"Studies  {len(studies)}")
        self._set_list_height()

    def _mark_priors(self) -> None:
        """Mark a patient's examinations as "prior" if a newer one is in the list."""
        newest: dict[str, str] = {}
        for study in self._listed:
            patient, date = study.facts.patient_id, study.facts.study_date
            if patient and is_date(date):
                newest[patient] = max(newest.get(patient, ""), date)
        for row, study in enumerate(self._listed):
            date = study.facts.study_date
            prior = is_date(date) and date < newest.get(study.facts.patient_id, "")
            item = self.studies.item(row)
            if item.text() != (words := "\n".join(_two_lines(study, prior))):
                item.setText(words)

    def _show_frame(self) -> None:
        if self._session.frame is None:
            return
        index = self.frames.model().index(self._session.frame.index, 0)
        if index != self.frames.currentIndex():
            self.frames.setCurrentIndex(index)
            self.frames.scrollTo(index)

    def _set_list_height(self) -> None:
        rows = max(self.studies.count(), 1)
        line = row_height(self.studies)
        self.studies.setMinimumHeight(min(rows, _STUDIES_IN_VIEW) * line + 2)
        self.studies.setMaximumHeight(rows * line + 2)
        # Still images need no frame list, so the study list takes the room.
        stills = all(study.frame_count == 1 for study in self._listed)
        self._column.setStretchFactor(self.studies, 4 if stills else 1)


class Facts(QPlainTextEdit):
    """Patient and study data to read and copy; long lines are wrapped, not cut, and the text scrolls where needed."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setAcceptDrops(False)
        self.setAccessibleName("Patient and study data from the file")
        self.setProperty("role", "facts")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.document().setDocumentMargin(0)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def text(self) -> str:
        """Return the text."""
        return self.toPlainText()

    def setText(self, text: str) -> None:
        """Set the text."""
        if text != self.toPlainText():
            self.setPlainText(text)
            self._set_height()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Update the height for the new width."""
        super().resizeEvent(event)
        self._set_height()

    def changeEvent(self, event: QEvent) -> None:
        """Update the height for the new font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._set_height()

    def sizeHint(self) -> QSize:
        """Return the height at which nothing scrolls."""
        return QSize(theme.GRID * 20, self.maximumHeight())

    def minimumSizeHint(self) -> QSize:
        """Return the height of a few lines; the rest scrolls."""
        return QSize(0, min(self.maximumHeight(), self.fontMetrics().lineSpacing() * _LEAST_LINES))

    def _set_height(self) -> None:
        high, block = 0.0, self.document().firstBlock()
        while block.isValid():
            high += self.blockBoundingRect(block).height()
            block = block.next()
        self.setMaximumHeight(ceil(high) + self.fontMetrics().leading() + theme.GRID)
        self.updateGeometry()


class FrameModel(QAbstractListModel):
    """The frames of the current study, with their thumbnails as they become ready."""

    def __init__(self, session: Session, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._thumbnails = thumbnails
        thumbnails.ready.connect(self._made)
        self._blank = QPixmap(WIDTH, HEIGHT)
        self._blank.fill(QColor(theme.colours().canvas))
        session.studyChanged.connect(self._reset)
        self._marks: tuple[Study | None, int, bool] = (None, -1, False)
        session.maskChanged.connect(self._show_mark)
        session.frameChanged.connect(self._show_mark)
        session.lesionChanged.connect(self._show_mark)

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        """Return the number of frames."""
        return 0 if self._session.study is None or parent.isValid() else self._session.study.frame_count

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a frame's number, and its thumbnail or a dark rectangle until that is ready."""
        study = self._session.study
        if study is None or not index.isValid():
            return None
        if role == Qt.ItemDataRole.DecorationRole:
            return _icon(self._thumbnails.picture(study, index.row()) or self._blank)
        marked = self._session.lesions.marked(study, index.row())
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{index.row() + 1}\nmarked" if marked else f"{index.row() + 1}"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"Frame {index.row() + 1}{', marked' if marked else ''}"
        return None

    def _show_mark(self) -> None:
        study, frame = self._session.study, self._session.frame
        if study is None or frame is None:
            return
        # A stroke changes the mask with every mouse move, but the mark changes only once.
        marks = (study, frame.index, self._session.lesions.marked(study, frame.index))
        if marks != self._marks:
            self._marks = marks
            self._changed(frame.index)

    def _made(self, study: Study, row: int) -> None:
        if study is self._session.study:
            self._changed(row)

    def _changed(self, row: int) -> None:
        index = self.index(row, 0)
        if index.isValid():
            self.dataChanged.emit(index, index)

    def _reset(self) -> None:
        self._marks = (None, -1, False)
        self.beginResetModel()
        self.endResetModel()


class _StudyItem(QListWidgetItem):
    """A study in the list; its picture is requested when it is first painted."""

    def __init__(self, study: Study, pictures: Thumbnails) -> None:
        super().__init__("\n".join(_two_lines(study)))
        self._study, self._pictures = study, pictures
        self.setToolTip(theme.tip("\n".join([shown(study.path), study.kind, *_facts(study)])))

    def data(self, role: int) -> Any:
        """Return the text, and the picture of the first frame once it is ready."""
        if role == Qt.ItemDataRole.SizeHintRole and self.listWidget() is not None:
            # Without this Qt asks every row for its picture to find its height.
            return QSize(0, row_height(self.listWidget()))
        if role != Qt.ItemDataRole.DecorationRole:
            return super().data(role)
        # All pictures have one size, so that the texts line up.
        canvas = QPixmap(_PICTURE_WIDTH, _PICTURE_HEIGHT)
        canvas.fill(QColor(theme.colours().canvas))
        if (picture := self._pictures.picture(self._study, 0)) is not None:
            small = picture.scaled(
                canvas.size(), Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            painter = QPainter(canvas)
            painter.drawPixmap((canvas.width() - small.width()) // 2, (canvas.height() - small.height()) // 2, small)
            painter.end()
        return _icon(canvas)


def row_height(widget: QWidget) -> int:
    """Return the height of a study in the list: two lines in the widget's font."""
    return max(widget.fontMetrics().lineSpacing() * 2, _PICTURE_HEIGHT) + theme.GRID * 3 // 2


def is_date(text: str) -> bool:
    """Return whether `text` is a date in the form YYYY-MM-DD, which sorts as text."""
    return len(text) == 10 and text[4] == text[7] == "-" and text.replace("-", "").isdigit()


def _icon(picture: QPixmap) -> QIcon:
    """Return an icon that Qt does not tint when selected, so that the image keeps its grey levels."""
    icon = QIcon(picture)
    icon.addPixmap(picture, QIcon.Mode.Selected)
    return icon


def _two_lines(study: Study, prior: bool = False) -> tuple[str, str]:
    """Return the two lines of a study: patient, then date and file name; without a patient, file name and kind."""
    facts = study.facts
    if not (facts.patient_name or facts.patient_id):
        return study.name, study.kind
    return facts.patient_name or facts.patient_id, " · ".join(
        filter(None, ("prior" if prior else "", facts.study_date, study.name))
    )


def _facts(study: Study) -> list[str]:
    """Return the patient and study data from the file beyond the list's two lines."""
    facts = study.facts
    patient = (facts.patient_id and f"ID {facts.patient_id}", facts.sex and f"sex {facts.sex}")
    lines = [
        " · ".join(filter(None, patient)),
        facts.birth_date and f"Born {facts.birth_date}",
        " · ".join(filter(None, (facts.study_description, facts.laterality))),
        facts.accession and f"Accession {facts.accession}",
        " · ".join(filter(None, (facts.institution, facts.device))),
        f"{study.columns} × {study.rows} px",
    ]
    return [line for line in lines if line]
