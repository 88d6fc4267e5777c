"""The agreement page: first assessments, AI results and final assessments compared, over all that are stored on this computer."""

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

_HEADINGS = ("Date", "Image", "First assessment", "AI result", "Final assessment", "Pathology")
_PATHOLOGY_AT = _HEADINGS.index("Pathology")
_PATHOLOGY = {Pathology.UNKNOWN: "not known", Pathology.BENIGN: "benign", Pathology.MALIGNANT: "malignant"}
_SIZE = (theme.GRID * 110, theme.GRID * 84)
_HASH = 8
"""Characters of an image's hash that are shown."""


class AgreementDialog(QDialog):
    """The page: figures on agreement, a table of the stored assessments, and their pathology, which can be entered.

    No patient identity is stored, so a case is named by its image's hash; the current image is marked and selected.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Agreement")
        self._session = session
        self.sittings: list[Sitting] = []
        self._shown: list[Sitting] = []
        self.counted = theme.label(wrap=True)
        self.decisions = theme.label(
            "Each lesion counts once, however many of its views were assessed: by its first assessment with an AI result. "
            "BI-RADS categories from 4A on count as positive, and so do AI results other than likely benign; categories "
            "0 and 6 count as no decision. Intervals are 95 %; few cases give little evidence.",
            "muted",
            wrap=True,
        )
        self.problem = theme.label(role="attention", wrap=True)
        self.figures = QGridLayout()
        self.crossed = QGridLayout()
        self.only_differing = QCheckBox("Only cases that differ")
        self.table = QTableWidget(0, len(_HEADINGS))
        self.export = QPushButton("Export CSV…")
        self.export.setToolTip(
            "Write all assessments to a table without image hashes and dates, numbered from the oldest"
        )
        self.close_button = QPushButton("Close")
        self._lay_out()
        self.only_differing.toggled.connect(self._fill_table)
        self.export.clicked.connect(self._ask_where)
        self.close_button.clicked.connect(self.accept)
        # The current lesion counts as well.
        session.assessments.save()
        self.show_all()

    def show_all(self) -> None:
        """Read the store and show its assessments."""
        try:
            self.sittings = self._session.assessments.store.all()
            self.problem.setText("")
        except UserError as problem:
            self.problem.setText(str(problem))
        self.problem.setVisible(bool(self.problem.text()))
        self._show_summary(summarise(self.sittings))
        self._fill_table()
        self.export.setEnabled(bool(self.sittings))

    def write_csv(self, path: Path) -> None:
        """Write all assessments as CSV, without identities.

        Raises:
            UserError: the file cannot be written.
        """
        # With a byte-order mark, as spreadsheets otherwise assume their own code page.
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

    def _show_summary(self, summary: Summary) -> None:
        if not summary.sittings:
            self.counted.setText("No assessments are stored yet. Give your assessment of a lesion, then assess it.")
        else:
            alone = f" ({summary.alone} without an AI result, not counted)" if summary.alone else ""
            self.counted.setText(
                f"{_count(summary.sittings, 'assessment')} of {_count(summary.lesions, 'lesion')} stored{alone}. The "
                f"first assessment was skipped for {summary.skipped} and is missing for {summary.not_first}. After the AI "
                f"result was shown, {_count(summary.changed, 'assessment')} changed between positive and negative, "
                f"{summary.towards} of them to the AI's decision."
            )
        _clear(self.figures)
        row = 0
        self.figures.addWidget(theme.label("Agreement", "heading"), row, 0)
        for pair in summary.agreements:
            row += 1
            self.figures.addWidget(theme.label(f"{pair.one} / {pair.other}"), row, 0)
            self.figures.addWidget(theme.label(pair.words()), row, 1, 1, 2)
        row += 1
        for place, title in enumerate(("With pathology", "Sensitivity", "Specificity")):
            self.figures.addWidget(theme.label(title, "heading"), row, place)
        for accuracy in summary.accuracies:
            row += 1
            cells = (accuracy.who, accuracy.sensitivity.words(), accuracy.specificity.words())
            for place, words in enumerate(cells):
                self.figures.addWidget(theme.label(words), row, place)
        self.figures.setRowStretch(row + 1, 1)
        self._show_crossed(summary)

    def _show_crossed(self, summary: Summary) -> None:
        """Show the table of BI-RADS categories against the AI's categories."""
        _clear(self.crossed)
        for place, title in enumerate(("First / AI", *(category.value for category in Category))):
            self.crossed.addWidget(theme.label(title, "heading"), 0, place)
        occurring = {category for category, _ in summary.table}
        categories = [category.id for category in load_lexicon().categories if category.id in occurring]
        for row, category in enumerate(categories, 1):
            self.crossed.addWidget(theme.label(category), row, 0)
            for place, ai_category in enumerate(Category, 1):
                self.crossed.addWidget(theme.label(str(summary.table.get((category, ai_category), 0))), row, place)
        self.crossed.setRowStretch(len(categories) + 1, 1)

    def _fill_table(self) -> None:
        shown = [sitting for sitting in self.sittings if differ(sitting) or not self.only_differing.isChecked()]
        self._shown = shown
        work = self._session.work
        self.table.clearContents()
        self.table.setRowCount(len(shown))
        for row, sitting in enumerate(shown):
            key, record, ai = sitting.key, sitting.record, sitting.ai
            current = work is not None and (key.image, key.lesion) == (work.image, work.number)
            number = f", lesion {key.lesion}" if key.lesion > 1 else ""
            ai_words = f"{ai.category.value} ({probability_words(ai.probability)})" if ai else ""
            if work is not None and key.image == work.image and self._session.shown_result.hidden:
                # An earlier AI result of this image stays hidden too, until the reader's assessment.
                ai_words = "hidden" if ai else ""
            cells = (
                _local(sitting.begun),
                f"{key.image[:_HASH]}{number}{', current' if current else ''}",
                "skipped" if record.skipped else _category(record.first),
                ai_words,
                _category(record.final),
            )
            for place, words in enumerate(cells):
                self.table.setItem(row, place, QTableWidgetItem(words))
            self.table.setCellWidget(row, _PATHOLOGY_AT, self._pathology(sitting))
            if current and self.table.currentRow() < 0:
                self.table.selectRow(row)
        self.table.resizeRowsToContents()

    def _pathology(self, sitting: Sitting) -> StillCombo:
        combo = StillCombo()
        combo.setAccessibleName("Pathology")
        for pathology, words in _PATHOLOGY.items():
            combo.addItem(words, pathology.value)
        combo.setCurrentIndex(combo.findData(sitting.pathology.value))
        combo.activated.connect(lambda row: self._set_pathology(sitting, Pathology(combo.itemData(row))))
        return combo

    def _set_pathology(self, sitting: Sitting, pathology: Pathology) -> None:
        try:
            self._session.assessments.store.set_pathology(sitting.key, pathology)
        except UserError as problem:
            self.problem.setText(str(problem))
            self.problem.show()
            return
        row = self._shown.index(sitting)
        self.show_all()
        # The table was rebuilt: give the focus back to the same choice.
        self.table.setCurrentCell(row, _PATHOLOGY_AT)
        self.table.cellWidget(row, _PATHOLOGY_AT).setFocus()

    def _ask_where(self) -> None:
        dialog = QFileDialog(self, "Export CSV", str(Path.home()), "CSV (*.csv)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.selectFile("assessments.csv")
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


def _category(assessment: Assessment | None) -> str:
    return assessment.category if assessment is not None else ""


def _local(begun: str) -> str:
    try:
        return f"{datetime.fromisoformat(begun).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return begun


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
