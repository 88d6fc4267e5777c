"""Which overlays are on: each by itself, all together, and none for as long as a key is held."""

from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtGui import QKeyEvent

from csamoe_desktop.ui.canvas.canvas import Canvas
from csamoe_desktop.ui.canvas.frame_view import OVERLAYS

_LET_GO = (QEvent.Type.MouseButtonRelease, QEvent.Type.WindowDeactivate, QEvent.Type.ApplicationStateChange)
_REGIONS = tuple(name for name in OVERLAYS if name != "lesion")


class OverlaySwitch(QObject):
    """The switch of one canvas."""

    def __init__(self, canvas: Canvas, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        # Core and boundary lie over the lesion itself: it is to be seen after a reading as before.
        self._each = {name: name == "lesion" for name in OVERLAYS}
        for name, shown in self._each.items():
            canvas.set_overlay_visible(name, shown)
        self._any = True
        self._held = False

    def toggle(self, name: str) -> None:
        """Show or hide one overlay."""
        self._each[name] = not self._each[name]
        self._canvas.set_overlay_visible(name, self._each[name])

    def shown(self, name: str) -> bool:
        """Return whether this overlay is shown where there is one."""
        return self._each[name]

    def toggle_regions(self) -> None:
        """Show core and boundary, or neither."""
        shown = not self.regions_shown()
        for name in _REGIONS:
            self._each[name] = shown
            self._canvas.set_overlay_visible(name, shown)

    def regions_shown(self) -> bool:
        """Return whether core and boundary are shown where they are known."""
        return all(self._each[name] for name in _REGIONS)

    def toggle_all(self) -> None:
        """Show overlays, or none."""
        self._any = not self._any
        self._canvas.hide_overlays(not self._any)

    def any_shown(self) -> bool:
        """Return whether overlays are shown at all."""
        return self._any

    def hold(self) -> None:
        """Hide all overlays until a key or button is let go, or the window loses the focus."""
        application = QCoreApplication.instance()
        if self._held or application is None:
            return
        self._held = True
        self._canvas.hide_overlays(True)
        application.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Show the overlays as they were as soon as what hides them is let go."""
        let_go = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyRelease and not event.isAutoRepeat()
        application = QCoreApplication.instance()
        if application is not None and (let_go or event.type() in _LET_GO):
            application.removeEventFilter(self)
            self._held = False
            self._canvas.hide_overlays(not self._any)
        return False
