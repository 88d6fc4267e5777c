"""Windows and dialogs that fit the screen they are on, whatever the screen, the type size, and which screens are left."""

from itertools import pairwise

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QDialog, QFrame, QScrollArea, QVBoxLayout, QWidget

_TITLE_BAR = QSize(0, 32)
"""What a window manager adds to a window that is not shown yet: more than most do."""
_SIDE = 8
"""Screen pixels of a frame's side that may lie outside."""


def screen_of(window: QWidget) -> QScreen:
    """Return the screen that a window is on; the first one where it is on none that is left."""
    there = QGuiApplication.screenAt(window.frameGeometry().center())
    if there is not None:
        return there
    parent = window.parentWidget()
    return screen_of(parent.window()) if parent is not None else QGuiApplication.primaryScreen()


def room_of(window: QWidget) -> QSize:
    """Return how large a window may be on the screen that it is on, its title bar seen; a frame's thin sides may lie outside."""
    above = window.frameGeometry().height() - window.height()
    return screen_of(window).availableGeometry().size() - QSize(0, max(above, _TITLE_BAR.height()))


def fit_on_screen(window: QWidget) -> None:
    """Make a window no larger than its screen, and move it there where part of it lies outside."""
    if window.isMaximized() or window.isFullScreen():
        return
    available = screen_of(window).availableGeometry()
    size = window.size().boundedTo(room_of(window))
    if size != window.size():
        window.resize(size)
    frame = window.frameGeometry()
    high = max(frame.height(), window.height() + (0 if window.isVisible() else _TITLE_BAR.height()))
    least, most = available.left() - _SIDE, available.right() + 1 + _SIDE - frame.width()
    place = QPoint(
        max(least, min(frame.left(), most)),
        max(available.top(), min(frame.top(), available.bottom() + 1 - high)),
    )
    if place != frame.topLeft():
        window.move(place)


class Fitted(QObject):
    """Keeps `window` on a screen: as it is shown, and as screens are taken away or become smaller."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._fit)
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.screenRemoved.connect(self._soon.start)
            application.primaryScreenChanged.connect(self._soon.start)
            for screen in application.screens():
                screen.availableGeometryChanged.connect(self._soon.start)
            # A slot of this object, not a function that holds it: the connection goes when the window does.
            application.screenAdded.connect(self._screen_added)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Fit once the window, with its frame, is there."""
        if event.type() == QEvent.Type.Show:
            self._soon.start()
        return False

    def _screen_added(self, screen: QScreen) -> None:
        screen.availableGeometryChanged.connect(self._soon.start)

    def _fit(self) -> None:
        fit_on_screen(self._window)


def in_reach(dialog: QDialog) -> None:
    """Let a dialog be as large as it wants and the screen allows; what is above its last row, the buttons, is scrolled where
    that is not enough."""
    column = dialog.layout()
    if isinstance(column, QVBoxLayout) and column.count() > 1 and not dialog.findChildren(QScrollArea):
        _scroll(dialog, column)
    room = room_of(dialog)
    dialog.setMinimumSize(dialog.minimumSize().boundedTo(room))
    dialog.resize(dialog.size().expandedTo(dialog.minimumSize()).boundedTo(room))
    Fitted(dialog)


class _Rows(QScrollArea):
    """Asks for as much room as what it holds does."""

    def sizeHint(self) -> QSize:
        """Return the size at which nothing is scrolled."""
        held = super().sizeHint() if (rows := self.widget()) is None else rows.sizeHint()
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(held.width() + bar, held.height() + 2)

    def minimumSizeHint(self) -> QSize:
        """Return a few lines: the rest is scrolled."""
        return QSize(0, self.fontMetrics().lineSpacing() * 4)


def _tab_order(dialog: QDialog) -> list[QWidget]:
    """Return what the Tab key goes through in a dialog, in that order."""
    found: list[QWidget] = []
    widget = dialog.nextInFocusChain()
    while widget is not None and widget is not dialog:
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and dialog.isAncestorOf(widget):
            found.append(widget)
        widget = widget.nextInFocusChain()
    return found


def _scroll(dialog: QDialog, column: QVBoxLayout) -> None:
    wanted = dialog.size() if dialog.testAttribute(Qt.WidgetAttribute.WA_Resized) else dialog.sizeHint()
    focused, order = dialog.focusWidget(), _tab_order(dialog)
    rows = QWidget()
    rows.setObjectName("column")
    rows.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    inner = QVBoxLayout(rows)
    inner.setContentsMargins(0, 0, 0, 0)
    inner.setSpacing(column.spacing())
    while column.count() > 1:
        stretch, item = column.stretch(0), column.takeAt(0)
        assert item is not None
        if (widget := item.widget()) is not None:
            inner.addWidget(widget, stretch)
        elif (layout := item.layout()) is not None:
            inner.addLayout(layout, stretch)
        else:
            inner.addItem(item)
    scroll = _Rows()
    scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    scroll.setWidget(rows)
    scroll.setWidgetResizable(True)
    scroll.setFrameShape(QFrame.Shape.NoFrame)
    column.insertWidget(0, scroll, 1)
    # What is moved into the scroll area would come behind the buttons.
    for before, after in pairwise(order):
        QWidget.setTabOrder(before, after)
    if (first := focused or next(iter(order), None)) is not None:
        first.setFocus()
    column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)
    room = room_of(dialog)
    dialog.setMinimumHeight(0)
    dialog.setMinimumWidth(min(dialog.minimumWidth(), room.width()))
    dialog.resize(wanted.expandedTo(dialog.sizeHint()).boundedTo(room))
