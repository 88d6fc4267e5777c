"""Shows the current frame with its overlays and notes; handles zoom, pan, window and level.

pyqtgraph's GraphicsView, ViewBox and ImageItem show and place the image. Mouse and keyboard are handled in `canvas`.
"""

import dataclasses

import pyqtgraph as pg
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QResizeEvent
from PySide6.QtWidgets import QWidget

from csamoe_desktop.lesion.regions import on_frame
from csamoe_desktop.lesion.tools import Box, Place
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.scale import Area
from csamoe_desktop.ui.canvas.attention_layer import AttentionLayer
from csamoe_desktop.ui.canvas.caliper_layer import CaliperItem
from csamoe_desktop.ui.canvas.canvas_notes import Legend, Note, ScaleBar
from csamoe_desktop.ui.canvas.lesion_layer import OtherLesions, look_of
from csamoe_desktop.ui.canvas.outline_item import OutlineItem
from csamoe_desktop.ui.canvas.overlays import BOUNDARY, CORE, FrameItem, RegionItem
from csamoe_desktop.ui.canvas.proposal_layer import Keys, ProposalLayer
from csamoe_desktop.ui.canvas.window_level import WindowLevel

BACKGROUND = QColor("#111111")
OVERLAYS = ("lesion", "core", "boundary")
OUTDATED = "AI result outdated: outline changed. Assess again."

_MAX_ZOOM = 64.0
"""Screen pixels per frame pixel."""
_MIN_ZOOM = 0.25
"""As a share of the zoom at which the frame fits."""
_MARGIN = 12
_UPDATE_TIME = 0.004
"""Seconds spent on updating the outline before other events are handled."""


class FrameView(pg.GraphicsView):  # type: ignore[misc]
    """Shows the session's frame, mask and regions, and follows them as they change."""

    windowChanged = Signal(object)
    """The new `WindowLevel`."""
    zoomChanged = Signal(float)
    """The new zoom: screen pixels per frame pixel, horizontally."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=BACKGROUND)
        self._session = session
        self._area = pg.ViewBox(lockAspect=True, enableMouse=False, enableMenu=False, invertY=True, defaultPadding=0)
        self.setCentralItem(self._area)
        self._image = FrameItem()
        self._outline = OutlineItem()
        self._others = OtherLesions()
        self._regions = {"core": RegionItem(CORE), "boundary": RegionItem(BOUNDARY)}
        self._attention = AttentionLayer(session, self.viewport())
        for item in (self._image, self._attention.item, *self._regions.values(), self._others, self._outline):
            self._area.addItem(item, ignoreBounds=True)
        self._empty = Note(self.viewport(), enlarged=1.4, panel=False)
        self._next_step = "Drop a study here"
        self._outdated_note = Note(self.viewport())
        self._proposal_layer = ProposalLayer(session.proposals, self.viewport())
        self._area.addItem(self._proposal_layer.item, ignoreBounds=True)
        self._calipers = CaliperItem()
        self._area.addItem(self._calipers, ignoreBounds=True)
        self._legend = Legend(self.viewport())
        self._scale = ScaleBar(self.viewport())

        self._window = WindowLevel()
        self._visible = dict.fromkeys(OVERLAYS, True)
        self._all_hidden = False
        self._opacity = session.settings.overlay_opacity
        self._fitted = True
        self._shown: tuple[object, tuple[int, int] | None] = (None, None)
        self._result: object = None
        self._covered = 0
        """Height in screen pixels at the top that is covered by messages."""

        self.setAccessibleName("Image")
        # After a stroke the rest of the outline is updated in short steps between other events.
        self._outline_timer = QTimer(self)
        self._outline_timer.timeout.connect(self._update_some_of_outline)
        self._area.sigRangeChanged.connect(self._view_changed)
        self._area.sigResized.connect(self._view_resized)
        session.frameChanged.connect(self._frame_changed)
        session.currentLesionChanged.connect(self._current_lesion_changed)
        session.maskChanged.connect(self._mask_changed)
        session.resultChanged.connect(self._result_changed)
        session.settingsChanged.connect(self._settings_changed)
        session.proposals.changed.connect(self._proposals_changed)
        session.calipers.shown.connect(self._show_calipers)
        session.calibration.changed.connect(self._calibrated)
        self._frame_changed()

    # -- the view

    def fit(self) -> None:
        """Show the whole frame as large as possible."""
        self._fitted = True
        if (frame := self._session.frame) is not None:
            rows, columns = frame.shape
            self._area.setRange(QRectF(0, 0, columns, rows), padding=0.01)

    def reset(self) -> None:
        """Show the frame as it was opened: fitted, with its own grey values, not inverted."""
        self.set_window(WindowLevel())
        self.fit()

    def zoom_by(self, factor: float, around: QPointF | None = None) -> None:
        """Enlarge the image by `factor` around a position in the viewport (None: its centre)."""
        if self._session.frame is None:
            return
        rows, columns = self._session.frame.shape
        zoom = self._zooms()[1]
        height = rows * self._session.aspect
        min_zoom = _MIN_ZOOM * min(self._area.width() / columns, self._area.height() / height)
        factor = min(max(zoom * factor, min_zoom), _MAX_ZOOM) / zoom
        self._fitted = False
        self._area.scaleBy(
            (1 / factor, 1 / factor), None if around is None else self._area.mapSceneToView(self._scene_point(around))
        )

    def pan_by(self, step: QPointF) -> None:
        """Move the image by `step`, in screen pixels."""
        if self._session.frame is None:
            return
        self._fitted = False
        down, across = self._zooms()
        self._area.translateBy(x=-step.x() / across, y=-step.y() / down)

    @property
    def window_level(self) -> WindowLevel:
        """The window, level and inversion shown."""
        return self._window

    def set_window(self, window: WindowLevel) -> None:
        """Show another window, level and inversion."""
        if window != self._window:
            self._window = window
            self._show_pixels()
            self.windowChanged.emit(window)

    def set_inverted(self, inverted: bool) -> None:
        """Invert the grey values, or show them as they are."""
        self.set_window(dataclasses.replace(self._window, inverted=inverted))

    def widget_position(self, row: float, column: float) -> QPoint:
        """Return the position of the centre of pixel (row, column) in the viewport."""
        scene = self._area.mapViewToScene(QPointF(column + 0.5, row + 0.5))
        return QPoint(self.viewportTransform().map(scene).toPoint())

    def frame_place(self, position: QPointF) -> Place:
        """Return the place on the frame, continuous (row, column), under a position in the viewport."""
        point = self._area.mapSceneToView(self._scene_point(position))
        return point.y(), point.x()

    def picture(self) -> QImage:
        """Return a picture of the canvas as shown."""
        return QImage(self.grab().toImage())

    def say_when_empty(self, text: str) -> None:
        """Show this text in the centre while no frame is open."""
        self._next_step = text
        self._empty.set_text(text if self._session.frame is None else "")
        self._place_notes()

    def name_keys(self, keys: Keys) -> None:
        """Use these key names in the note on proposals."""
        self._proposal_layer.name_keys(keys)
        self._place_notes()

    # -- overlays

    def set_overlay_visible(self, name: str, visible: bool) -> None:
        """Show or hide "lesion", "core" or "boundary"."""
        if name not in OVERLAYS:
            raise ValueError(f"no overlay {name!r}")
        self._visible[name] = visible
        self._show_overlays()

    def set_overlay_opacity(self, percent: int) -> None:
        """Set the opacity of the tint of core and boundary, in percent (0..100)."""
        self._opacity = percent
        self._show_overlays()

    def hide_overlays(self, hidden: bool) -> None:
        """Hide all overlays, or show them again as they were."""
        self._all_hidden = hidden
        self._show_overlays()

    @property
    def attention(self) -> AttentionLayer:
        """The attention maps of the experts."""
        return self._attention

    def next_attention(self) -> None:
        """Show the attention map of the next expert; after the last one, none."""
        self._attention.step()
        self._show_overlays()

    # -- changes in the session

    def _frame_changed(self) -> None:
        study, frame = self._session.study, self._session.frame
        previous, self._shown = self._shown, (study, None if frame is None else frame.shape)
        if previous[0] is not study:
            self.set_window(WindowLevel())
        self._empty.set_text(self._next_step if frame is None else "")
        self._show_pixels()
        if frame is not None:
            self._area.setAspectLocked(True, 1 / frame.scale.aspect)
            if self._fitted or previous != self._shown:
                self.fit()
        self._current_lesion_changed()

    def _current_lesion_changed(self) -> None:
        work = self._session.work
        self._outline.show_mask(None if work is None else work.mask.pixels)
        self._outline.set_colour(look_of(1 if work is None else work.number).colour)
        self._result_changed()

    def _mask_changed(self, box: object) -> None:
        self._outline.mask_changed(box if isinstance(box, Box) else None, self._in_stroke())

    def _update_outline(self) -> None:
        """Start to update the parts of the outline that a stroke left pending."""
        self._outline_timer.start(0)

    def _update_some_of_outline(self) -> None:
        if not self._outline.update_pending(_UPDATE_TIME):
            self._outline_timer.stop()

    def _result_changed(self) -> None:
        ai_result, frame = self._session.shown_result.result, self._session.frame
        if ai_result is not self._result:
            self._result = ai_result
            for name, item in self._regions.items():
                region = None
                if ai_result is not None and frame is not None:
                    region = on_frame(getattr(ai_result.regions, name), frame.shape, ai_result.regions.part)
                item.show_region(region)
        self._show_overlays()

    def _settings_changed(self) -> None:
        if self._session.settings.overlay_opacity != self._opacity:
            self.set_overlay_opacity(self._session.settings.overlay_opacity)

    def _proposals_changed(self) -> None:
        self._proposal_layer.follow()
        self._place_notes()

    def _calibrated(self) -> None:
        self._show_calipers()
        self._place_notes()

    # -- showing

    def _in_stroke(self) -> bool:
        """Return whether a tool is changing the mask, so that only the changed part of the outline is updated."""
        return False

    def _show_pixels(self) -> None:
        frame = self._session.frame
        self._image.setVisible(frame is not None)
        if frame is not None:
            self._image.setImage(self._window.applied(frame.pixels), autoLevels=False)

    def _show_calipers(self) -> None:
        calipers, frame = self._session.calipers, self._session.frame
        self._calipers.show_calipers(calipers.drawn, calipers.selected, None if frame is None else frame.scale)

    def _show_overlays(self) -> None:
        work, ai_result = self._session.work, self._session.shown_result.result
        available = set()
        outdated = False
        if work is not None:
            if not work.mask.empty:
                available.add("lesion")
            if ai_result is not None and ai_result.regions.lesion.any():
                available |= {"core", "boundary"}
            outdated = ai_result is not None and work.result_version != work.mask.version
        shown = [] if self._all_hidden else [name for name in OVERLAYS if self._visible[name] and name in available]
        if work is not None and not work.shown:
            shown = []
        self._outline.setVisible("lesion" in shown)
        self._others.show_lesions(
            [
                lesion
                for lesion in self._session.lesions.on_frame
                if lesion is not work and lesion.shown and not lesion.mask.empty
            ]
        )
        self._others.setVisible(self._visible["lesion"] and not self._all_hidden)
        self._calipers.setVisible(not self._all_hidden)
        self._attention.follow(hidden=self._all_hidden or outdated)
        # A tint would change the colours of an attention map: with a map, only the edges of the regions are shown.
        tint = 0.0 if self._attention.note.text else self._opacity / 100
        self._proposal_layer.hide(self._all_hidden or not self._visible["lesion"])
        for name, item in self._regions.items():
            item.setVisible(name in shown)
            item.set_look(tint, outdated)
        self._legend.explain(shown, outdated, look_of(1 if work is None else work.number).colour)
        # A result of another model is outdated too, but its regions still match the outline.
        show_note = outdated and self._session.shown_result.state is ResultState.OUTDATED
        self._outdated_note.set_text(OUTDATED if show_note else "")
        self._place_notes()

    def _place_notes(self) -> None:
        width, height, top = self.viewport().width(), self.viewport().height(), self._covered + _MARGIN
        self._empty.move((width - self._empty.width()) // 2, (height - self._empty.height()) // 2)
        self._outdated_note.move((width - self._outdated_note.width()) // 2, top)
        offset = self._outdated_note.height() + _MARGIN // 2 if self._outdated_note.text else 0
        note = self._proposal_layer.note
        note.move((width - note.width()) // 2, top + offset)
        if self._hides_proposal(note.geometry()):
            note.move(note.x(), height - note.height() - _MARGIN)
        self._legend.move(_MARGIN, height - self._legend.height() - _MARGIN)
        self._attention.note.move(_MARGIN, top)
        self._place_scale()

    def _place_scale(self) -> None:
        """Show the scale bar at the lower right of the visible part of the region that its scale applies to."""
        frame, mask = self._session.frame, self._session.mask
        spacing = None
        if frame is not None:
            spacing = frame.scale.common
            if not spacing.in_mm and mask is not None and not mask.empty:
                spacing = frame.scale.of(mask.pixels)
        if frame is None or spacing is None or not spacing.in_mm:
            self._scale.measure(None)
            return
        visible = self.viewport().rect()
        if frame.spacing is None and (areas := frame.scale.areas_of(spacing)):
            parts = [visible.intersected(self._on_viewport(area)) for area in areas]
            visible = max(parts, key=lambda part: part.width() * part.height() if part.isValid() else 0)
        self._scale.measure(self._zooms()[1] / spacing.column if visible.isValid() else None)
        left = visible.right() + 1 - self._scale.width() - _MARGIN
        top = visible.bottom() + 1 - self._scale.height() - _MARGIN
        self._scale.move(max(left, 0), max(top, 0))

    def _on_viewport(self, area: Area) -> QRect:
        """Return a rectangle of the frame in viewport coordinates."""
        corners = ((area.top, area.left), (area.bottom, area.right))
        top_left, bottom_right = (
            self.viewportTransform().map(self._area.mapViewToScene(QPointF(column, row))) for row, column in corners
        )
        return QRectF(top_left, bottom_right).normalized().toRect()

    def keep_clear(self, covered: int) -> None:
        """Place no note in this height at the top, in screen pixels: something else covers it."""
        if covered != self._covered:
            self._covered = covered
            self._place_notes()

    def _hides_proposal(self, note: QRect) -> bool:
        """Return whether a note covers a proposed outline or the label above it."""
        label_height = 2 * self.fontMetrics().height()
        for box in self._proposal_layer.item.places() if self._proposal_layer.note.text else []:
            corners = (
                self.widget_position(box.top(), box.left()),
                self.widget_position(box.bottom(), box.right()),
            )
            if QRect(*corners).adjusted(0, -label_height, 0, 0).intersects(note):
                return True
        return False

    def _zooms(self) -> tuple[float, float]:
        """Return the zoom, in screen pixels per frame pixel: vertical, horizontal."""
        (left, right), (top, bottom) = self._area.viewRange()
        return self._area.height() / (bottom - top), self._area.width() / (right - left)

    def _view_changed(self) -> None:
        self._place_notes()
        self.zoomChanged.emit(self._zooms()[1])

    def _view_resized(self) -> None:
        if self._fitted:
            self.fit()

    def close(self) -> bool:
        """Close as a plain widget: pyqtgraph's `close` removes the viewport, which crashes Qt."""
        return QWidget.close(self)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Place the notes for the new size."""
        super().resizeEvent(event)
        if hasattr(self, "_result"):  # pyqtgraph's constructor calls this before the notes exist
            self._place_notes()

    def _scene_point(self, position: QPointF) -> QPointF:
        inverted, _ = self.viewportTransform().inverted()
        return QPointF(inverted.map(position))
