"""Fits windows and dialogs to their screen, for any screen size and font size, and when screens are removed."""

from itertools import pairwise

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QDialog, QFrame, QScrollArea, QVBoxLayout, QWidget

_TITLE_BAR = QSize(0, 32)
"""Assumed size of the title bar of a window not shown yet; most are smaller."""
_SIDE = 8
"""Screen pixels of a window frame's side that may lie outside the screen."""


def screen_of(window: QWidget) -> QScreen:
    """Return the screen that a window is on; the primary one if it is on none."""
    screen = QGuiApplication.screenAt(window.frameGeometry().center())
    if screen is not None:
        return screen
    parent = window.parentWidget()
    return screen_of(parent.window()) if parent is not None else QGuiApplication.primaryScreen()


def room_of(window: QWidget) -> QSize:
    """Return the largest size of a window on its screen with the title bar visible; thin frame sides may lie outside."""
    above = window.frameGeometry().height() - window.height()
    return screen_of(window).availableGeometry().size() - QSize(0, max(above, _TITLE_BAR.height()))


def fit_on_screen(window: QWidget) -> None:
    """Make a window no larger than its screen, and move it so that no part lies outside."""
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
    """Keeps `window` on a screen when it is shown and when screens are removed or become smaller."""

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
            # A slot of this object, not a lambda: the connection ends with the window.
            application.screenAdded.connect(self._screen_added)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Fit the window soon after it is shown, when its frame is known."""
        if event.type() == QEvent.Type.Show:
            self._soon.start()
        return False

    def _screen_added(self, screen: QScreen) -> None:
        screen.availableGeometryChanged.connect(self._soon.start)

    def _fit(self) -> None:
        fit_on_screen(self._window)


def in_reach(dialog: QDialog) -> None:
    """Give a dialog its preferred size as far as the screen allows; if that is too small, everything above its last row,
    the buttons, scrolls."""
    column = dialog.layout()
    if isinstance(column, QVBoxLayout) and column.count() > 1 and not dialog.findChildren(QScrollArea):
        _scroll(dialog, column)
    room = room_of(dialog)
    dialog.setMinimumSize(dialog.minimumSize().boundedTo(room))
    dialog.resize(dialog.size().expandedTo(dialog.minimumSize()).boundedTo(room))
    Fitted(dialog)


class _Rows(QScrollArea):
    """A scroll area that asks for the size of its contents."""

    def sizeHint(self) -> QSize:
        """Return the size at which nothing scrolls."""
        contents = super().sizeHint() if (rows := self.widget()) is None else rows.sizeHint()
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(contents.width() + bar, contents.height() + 2)

    def minimumSizeHint(self) -> QSize:
        """Return the height of a few lines; the rest scrolls."""
        return QSize(0, self.fontMetrics().lineSpacing() * 4)


def _tab_order(dialog: QDialog) -> list[QWidget]:
    """Return the widgets of a dialog that Tab reaches, in order."""
    widgets: list[QWidget] = []
    widget = dialog.nextInFocusChain()
    while widget is not None and widget is not dialog:
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and dialog.isAncestorOf(widget):
            widgets.append(widget)
        widget = widget.nextInFocusChain()
    return widgets


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
    # Otherwise the moved widgets would come after the buttons.
    for before, after in pairwise(order):
        QWidget.setTabOrder(before, after)
    if (first := focused or next(iter(order), None)) is not None:
        first.setFocus()
    column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)
    room = room_of(dialog)
    dialog.setMinimumHeight(0)
    dialog.setMinimumWidth(min(dialog.minimumWidth(), room.width()))
    dialog.resize(wanted.expandedTo(dialog.sizeHint()).boundedTo(room))
