"""The page on agreement: the reader's own reads against the AI's and the final ones, over the sittings kept on this computer."""

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from csamoe_desktop.assess import Category
from csamoe_desktop.errors import UserError
from csamoe_desktop.files import check_output, write_whole
from csamoe_desktop.reader.assessment import Assessment
from csamoe_desktop.reader.lexicon import load_lexicon
from csamoe_desktop.report.content.reasons import probability_words
from csamoe_desktop.session.session import Session
from csamoe_desktop.store.agreement import Summary, as_csv, differ, is_csv, summarise
from csamoe_desktop.store.assessments import Pathology, Sitting
from csamoe_desktop.ui.widgets import theme
from csamoe_desktop.ui.widgets.still import StillCombo

_HEADINGS = ("Read on", "Image", "Own read", "AI", "Final read", "Pathology")
_PATHOLOGY_AT = _HEADINGS.index("Pathology")
_PATHOLOGY = {Pathology.UNKNOWN: "not known", Pathology.BENIGN: "benign", Pathology.MALIGNANT: "malignant"}
_SIZE = (theme.GRID * 110, theme.GRID * 84)
_HASH = 8


class AgreementDialog(QDialog):
    """The page: what agrees and what does not, a table of the sittings, and pathology where it has become known.

    No identity is kept, so a case is known by its image's hash; that of the image in view is named and selected.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Agreement")
        self._session = session
        self.sittings: list[Sitting] = []
        self._shown: list[Sitting] = []
        self.counted = theme.label(wrap=True)
        self.decisions = theme.label(
            "Each lesion counts once, however many views of it were read: by its first read with an AI reading. Positive is a BI-RADS category from 4A on, and "
            "an AI reading other than likely benign; 0 and 6 decide nothing. Intervals are 95 %; few cases say little.",
            "muted",
            wrap=True,
        )
        self.problem = theme.label(role="attention", wrap=True)
        self.figures = QGridLayout()
        self.crossed = QGridLayout()
        self.only_differing = QCheckBox("Only where they differed")
        self.table = QTableWidget(0, len(_HEADINGS))
        self.export = QPushButton("Export CSV…")
        self.export.setToolTip("Write the table without image hashes and dates, numbered from the oldest")
        self.close_button = QPushButton("Close")
        self._lay_out()
        self.only_differing.toggled.connect(self._fill_table)
        self.export.clicked.connect(self._ask_where)
        self.close_button.clicked.connect(self.accept)
        # What is in view is a case as well.
        session.assessments.keep()
        self.show_all()

    def show_all(self) -> None:
        """Read the store, and show what it says."""
        try:
            self.sittings = self._session.assessments.reads.all()
            self.problem.setText("")
        except UserError as problem:
            self.problem.setText(str(problem))
        self.problem.setVisible(bool(self.problem.text()))
        self._show_summary(summarise(self.sittings))
        self._fill_table()
        self.export.setEnabled(bool(self.sittings))

    def write_csv(self, path: Path) -> None:
        """Write all sittings without identities.

        Raises:
            UserError: it cannot be written.
        """
        # A byte-order mark: without one a spreadsheet takes it for its own code page.
        text = as_csv(self.sittings)
        write_whole(path, lambda file: file.write_text(text, encoding="utf-8-sig", newline=""))

    def _lay_out(self) -> None:
        self.figures.setHorizontalSpacing(theme.GRID * 3)
        self.crossed.setHorizontalSpacing(theme.GRID * 2)
        for grid in (self.figures, self.crossed):
            grid.setVerticalSpacing(theme.GRID // 2)
        self.table.setHorizontalHeaderLabels(_HEADINGS)
        self.table.verticalHeader().hide()
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        figures = QHBoxLayout()
        figures.setSpacing(theme.GRID * 4)
        figures.addLayout(self.figures, 3)
        figures.addLayout(self.crossed, 2)
        buttons = QHBoxLayout()
        buttons.addWidget(self.only_differing)
        buttons.addStretch(1)
        buttons.addWidget(self.export)
        buttons.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[theme.GRID * 2] * 4)
        column.setSpacing(theme.GRID)
        for widget in (self.problem, self.counted, self.decisions):
            column.addWidget(widget)
        column.addLayout(figures)
        column.addWidget(self.table, 1)
        column.addLayout(buttons)
        self.resize(*_SIZE)

    def _show_summary(self, said: Summary) -> None:
        if not said.sittings:
            self.counted.setText("No reads are kept yet: they are, once a report is exported or a lesion is left.")
        else:
            alone = f" ({said.alone} without an AI reading, not counted)" if said.alone else ""
            self.counted.setText(
                f"{_count(said.sittings, 'read')} of {_count(said.lesions, 'lesion')} kept{alone}; the own read was "
                f"skipped in {said.skipped} and not given first in {said.not_first}. After the AI's reading "
                f"{said.changed} changed between positive and negative, {said.towards} of them to the AI's."
            )
        _clear(self.figures)
        row = 0
        self.figures.addWidget(theme.label("Agreement", "heading"), row, 0)
        for one in said.agreements:
            row += 1
            self.figures.addWidget(theme.label(f"{one.one} / {one.other}"), row, 0)
            self.figures.addWidget(theme.label(one.words()), row, 1, 1, 2)
        row += 1
        for place, title in enumerate(("With pathology", "Sensitivity", "Specificity")):
            self.figures.addWidget(theme.label(title, "heading"), row, place)
        for accuracy in said.accuracies:
            row += 1
            cells = (accuracy.who, accuracy.sensitivity.words(), accuracy.specificity.words())
            for place, words in enumerate(cells):
                self.figures.addWidget(theme.label(words), row, place)
        self.figures.setRowStretch(row + 1, 1)
        self._show_crossed(said)

    def _show_crossed(self, said: Summary) -> None:
        """Show how often each own category met each of the AI's."""
        _clear(self.crossed)
        for place, title in enumerate(("Own / AI", *(category.value for category in Category))):
            self.crossed.addWidget(theme.label(title, "heading"), 0, place)
        met = {category for category, _ in said.table}
        own = [one.id for one in load_lexicon().categories if one.id in met]
        for row, category in enumerate(own, 1):
            self.crossed.addWidget(theme.label(category), row, 0)
            for place, read in enumerate(Category, 1):
                self.crossed.addWidget(theme.label(str(said.table.get((category, read), 0))), row, place)
        self.crossed.setRowStretch(len(own) + 1, 1)

    def _fill_table(self) -> None:
        shown = [one for one in self.sittings if differ(one) or not self.only_differing.isChecked()]
        self._shown = shown
        work = self._session.work
        self.table.clearContents()
        self.table.setRowCount(len(shown))
        for row, one in enumerate(shown):
            in_view = work is not None and (one.key.image, one.key.lesion) == (work.image, work.number)
            number = f", lesion {one.key.lesion}" if one.key.lesion > 1 else ""
            ai = f"{one.ai.category.value} ({probability_words(one.ai.probability)})" if one.ai else ""
            if work is not None and one.key.image == work.image and self._session.shown_result.hidden:
                # The image was read before: what the AI said then is not to be seen before this sitting's own read.
                ai = "veiled" if one.ai else ""
            cells = (
                _local(one.begun),
                f"{one.key.image[:_HASH]}{number}{', in view' if in_view else ''}",
                "skipped" if one.record.skipped else _category(one.record.first),
                ai,
                _category(one.record.final),
            )
            for place, words in enumerate(cells):
                self.table.setItem(row, place, QTableWidgetItem(words))
            self.table.setCellWidget(row, _PATHOLOGY_AT, self._pathology(one))
            if in_view and self.table.currentRow() < 0:
                self.table.selectRow(row)
        self.table.resizeRowsToContents()

    def _pathology(self, sitting: Sitting) -> StillCombo:
        combo = StillCombo()
        combo.setAccessibleName("Pathology")
        for found, words in _PATHOLOGY.items():
            combo.addItem(words, found.value)
        combo.setCurrentIndex(combo.findData(sitting.pathology.value))
        combo.activated.connect(lambda row: self._set_pathology(sitting, Pathology(combo.itemData(row))))
        return combo

    def _set_pathology(self, sitting: Sitting, found: Pathology) -> None:
        try:
            self._session.assessments.reads.set_pathology(sitting.key, found)
        except UserError as problem:
            self.problem.setText(str(problem))
            self.problem.show()
            return
        row = self._shown.index(sitting)
        self.show_all()
        # The choice was made anew with the table, and goes on having the keys.
        self.table.setCurrentCell(row, _PATHOLOGY_AT)
        self.table.cellWidget(row, _PATHOLOGY_AT).setFocus()

    def _ask_where(self) -> None:
        dialog = QFileDialog(self, "Export CSV", str(Path.home()), "CSV (*.csv)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.selectFile("reads.csv")
        dialog.fileSelected.connect(self._write)
        dialog.open()

    def _write(self, name: str) -> None:
        try:
            check_output(Path(name), [study.path for study in self._session.studies], is_csv)
            self.write_csv(Path(name))
        except UserError as problem:
            self.problem.setText(str(problem))
            self.problem.show()


def _clear(grid: QGridLayout) -> None:
    while (item := grid.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()


def _category(read: Assessment | None) -> str:
    return read.category if read is not None else ""


def _local(begun: str) -> str:
    try:
        return f"{datetime.fromisoformat(begun).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return begun


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
