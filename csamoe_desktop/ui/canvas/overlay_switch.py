"""Switches overlays on and off: one by one, all together, or all off while a key is held."""

from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtGui import QKeyEvent

from csamoe_desktop.ui.canvas.canvas import Canvas
from csamoe_desktop.ui.canvas.frame_view import OVERLAYS

_RELEASES = (QEvent.Type.MouseButtonRelease, QEvent.Type.WindowDeactivate, QEvent.Type.ApplicationStateChange)
_REGIONS = tuple(name for name in OVERLAYS if name != "lesion")


class OverlaySwitch(QObject):
    """The overlay switches of one canvas."""

    def __init__(self, canvas: Canvas, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        # Core and boundary cover the lesion, so they are off at first: an AI result must not hide the tissue.
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
        """Return whether this overlay is switched on."""
        return self._each[name]

    def toggle_regions(self) -> None:
        """Show or hide core and boundary together."""
        shown = not self.regions_shown()
        for name in _REGIONS:
            self._each[name] = shown
            self._canvas.set_overlay_visible(name, shown)

    def regions_shown(self) -> bool:
        """Return whether core and boundary are both switched on."""
        return all(self._each[name] for name in _REGIONS)

    def toggle_all(self) -> None:
        """Show the overlays that are switched on, or none at all."""
        self._any = not self._any
        self._canvas.hide_overlays(not self._any)

    def any_shown(self) -> bool:
        """Return whether overlays are shown at all."""
        return self._any

    def hold(self) -> None:
        """Hide all overlays until a key or button is released or the window loses the focus."""
        application = QCoreApplication.instance()
        if self._held or application is None:
            return
        self._held = True
        self._canvas.hide_overlays(True)
        application.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Show the overlays again when the key or button is released."""
        key_released = (
            isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyRelease and not event.isAutoRepeat()
        )
        application = QCoreApplication.instance()
        if application is not None and (key_released or event.type() in _RELEASES):
            application.removeEventFilter(self)
            self._held = False
            self._canvas.hide_overlays(not self._any)
        return False
