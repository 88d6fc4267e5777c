"""The list of lesions on the current frame: a click selects one, the eye hides it, the lock protects it."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from csamoe_desktop.session.lesion_work import LesionWork
from csamoe_desktop.session.session import Session
from csamoe_desktop.ui.canvas.lesion_layer import look_of
from csamoe_desktop.ui.widgets import theme

_NAME, _STATE, _SHOWN, _LOCKED = range(4)
_MOST_ROWS = 4
_SWATCH = 18


class LesionList(QTableWidget):
    """One row per lesion: line colour and pattern, name, state, visibility and lock."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(0, 4, parent)
        self._session = session
        self._rows: tuple[LesionWork, ...] = ()
        self.setAccessibleName("Lesions on this image")
        self.horizontalHeader().hide()
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setIconSize(QSize(_SWATCH, _SWATCH))
        header = self.horizontalHeader()
        header.setMinimumSectionSize(1)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_STATE, QHeaderView.ResizeMode.ResizeToContents)
        for column in (_SHOWN, _LOCKED):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            self.setColumnWidth(column, _SWATCH + theme.GRID * 3 // 2)
        self.cellPressed.connect(self._pressed)
        self.currentCellChanged.connect(self._choose)
        session.lesionChanged.connect(self._show)
        session.resultChanged.connect(self._show_states)
        session.settingsChanged.connect(self._show)
        self._show()

    def _choose(self, row: int) -> None:
        if 0 <= row < len(self._rows):
            self._session.lesions.choose(self._rows[row])

    def _pressed(self, row: int, column: int) -> None:
        if not 0 <= row < len(self._rows):
            return
        if column == _SHOWN:
            self._session.lesions.toggle_shown(self._rows[row])
        elif column == _LOCKED:
            self._session.lesions.toggle_locked(self._rows[row])

    def _show(self) -> None:
        self._rows = self._session.lesions.on_frame
        self.blockSignals(True)
        self.setRowCount(len(self._rows))
        for row, work in enumerate(self._rows):
            place = ", ".join(filter(None, (work.description.place(), work.description.view.value)))
            name = QTableWidgetItem(_swatch(work), work.title)
            name.setToolTip(theme.tip(f"{work.title}{f': {place}' if place else ''}"))
            shown = QTableWidgetItem(theme.icon("overlays" if work.shown else "hidden"), "")
            shown.setToolTip("Hide this outline" if work.shown else "Show this outline")
            shown.setData(Qt.ItemDataRole.AccessibleTextRole, "shown" if work.shown else "hidden")
            locked = QTableWidgetItem(theme.icon("locked" if work.locked else "unlocked"), "")
            locked.setToolTip("Unlock this outline" if work.locked else "Lock this outline against changes")
            locked.setData(Qt.ItemDataRole.AccessibleTextRole, "locked" if work.locked else "not locked")
            for column, item in ((_NAME, name), (_STATE, QTableWidgetItem()), (_SHOWN, shown), (_LOCKED, locked)):
                self.setItem(row, column, item)
            self.setRowHeight(row, self._row_height())
        self.setVisible(bool(self._rows))
        self.setFixedHeight(self._row_height() * min(max(len(self._rows), 1), _MOST_ROWS) + 2)
        self.blockSignals(False)
        self._show_states()
        if self._session.work in self._rows:
            self.blockSignals(True)
            self.setCurrentCell(self._rows.index(self._session.work), _NAME)
            self.blockSignals(False)

    def _show_states(self) -> None:
        for row, work in enumerate(self._rows):
            item = self.item(row, _STATE)
            if item is not None and item.text() != (words := self._state(work)):
                item.setText(words)
                item.setForeground(QColor(theme.colours().muted))

    def _state(self, work: LesionWork) -> str:
        """Return the state of a lesion in a word or two, without an AI result that is hidden."""
        session = self._session
        if work.mask.empty:
            return "not marked"
        ai_result = work.ai_result
        if ai_result is None or session.shown_result.hides(work):
            return "marked"
        return "outdated" if work.outdated_because(session.model.name) else ai_result.category.value

    def _row_height(self) -> int:
        return max(self.fontMetrics().height() + theme.GRID, _SWATCH + theme.GRID // 2)


def _swatch(work: LesionWork) -> QIcon:
    """Return a sample of the outline's colour and line pattern on the canvas colour."""
    look, ratio = look_of(work.number), 3
    drawn = QPixmap(_SWATCH * ratio, _SWATCH * ratio)
    drawn.setDevicePixelRatio(ratio)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.colours().canvas))
    painter.drawRoundedRect(QRectF(0, 0, _SWATCH, _SWATCH), 3, 3)
    pen = QPen(look.colour, 1.6)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    pen.setDashPattern(list(look.dashes))
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(QRectF(3.5, 4.5, _SWATCH - 7, _SWATCH - 9))
    painter.end()
    icon = QIcon(drawn)
    icon.addPixmap(drawn, QIcon.Mode.Selected)
    return icon
