"""What is open: studies, the current frame, its lesions, settings and jobs, and the signals that report changes.

Every other object of this package takes the scene and the peers that it names; none of them knows the whole `Session`.
"""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from csamoe_desktop.lesion.history import EditedMask
from csamoe_desktop.session.frame_lesions import FrameLesions
from csamoe_desktop.session.jobs import Jobs
from csamoe_desktop.session.lesion_work import LesionWork
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.model import Frame, Study


class Scene(QObject):
    """The open work. AI results last as long as their file is open; outlines and comments are stored.

    `study`, `frame` and `frame_lesions` change together, before any signal is emitted: a listener never sees them
    mixed.

    Attributes:
        settings: what the user chose; changed through `UserSettings` only.
        jobs: the one way off the GUI thread.
        studies: the open ones, in the order of the list.
        study, frame: the current ones; None if nothing is open.
        frame_lesions: the lesions of the current frame.
        tool_busy, line_open: return whether a stroke is in progress, and whether a polygon or livewire is open; set by
            the canvas.
    """

    studyChanged = Signal()
    """Another study (or none) is current, or the list of open studies changed."""
    studiesListed = Signal()
    """Studies were added at the end of the list; the current one stays."""
    leaving = Signal()
    """The current frame is about to be replaced by another frame (or none)."""
    frameChanged = Signal()
    """Another frame (or none) is current; its mask and result too."""
    navigationCancelled = Signal()
    """A requested frame will not be shown: it cannot be decoded, or the request was cancelled. Nothing changed."""
    lesionArriving = Signal()
    """Another lesion is current; for listeners that bring its data up to date before it is shown."""
    currentLesionChanged = Signal()
    """Another lesion is current; emitted after `frameChanged` too."""
    lesionChanged = Signal()
    """The set of lesions, or a lesion's description, visibility or lock changed."""
    drawn = Signal()
    """The user drew on the mask, or changed it otherwise; before `maskChanged`."""
    maskChanged = Signal(object)
    """The mask changed inside a `tools.Box`; None: anywhere."""
    strokeEnded = Signal()
    """A step on the mask is complete: a stroke, a shape, a correction, an undo."""
    commentChanged = Signal()
    """The reader's comment on a lesion changed."""
    resultSettling = Signal()
    """Emitted before every `resultChanged`, for listeners that bring their own state up to date first."""
    resultChanged = Signal()
    """The AI result in view, or its state, changed."""
    progressed = Signal(float, str)
    """An AI result is being computed: share from 0 to 1, and the present step in words."""
    modelChanged = Signal()
    """The model in use changed, or is being loaded."""
    settingsChanged = Signal()
    failed = Signal(object)
    """Something the user started failed: the exception, for `messages`."""
    noted = Signal(str)
    """A message for the user, one sentence."""

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = settings
        self.jobs = Jobs(self)
        self.tool_busy: Callable[[], bool] = lambda: False
        self.line_open: Callable[[], bool] = lambda: False
        self.studies: list[Study] = []
        self.study: Study | None = None
        self.frame: Frame | None = None
        self.frame_lesions: FrameLesions | None = None
        self._reported_stroke: tuple[EditedMask, int] | None = None
        """The stroke in progress for which the outdated result was already reported."""

    @property
    def aspect(self) -> float:
        """The ratio of a pixel's height to its width on the current frame; 1 if there is none."""
        return 1.0 if self.frame is None else self.frame.scale.aspect

    @property
    def work(self) -> LesionWork | None:
        """The work on the current lesion."""
        return None if self.frame_lesions is None else self.frame_lesions.current

    @property
    def mask(self) -> EditedMask | None:
        """The mask of the current lesion."""
        return None if self.work is None else self.work.mask

    # -- emitting

    def emit_current_lesion_changed(self) -> None:
        """Emit that another lesion is current."""
        self.lesionArriving.emit()
        self.currentLesionChanged.emit()
        self.emit_lesion_changed()

    def emit_lesion_changed(self) -> None:
        """Emit that the set of lesions, or a lesion's description, visibility or lock changed."""
        self.lesionChanged.emit()
        self.emit_result_changed()

    def emit_result_changed(self) -> None:
        """Emit that the AI result in view, or its state, changed."""
        self.resultSettling.emit()
        self.resultChanged.emit()

    def emit_mask_changed(self, box: object | None) -> None:
        """Emit that the mask changed inside `box` (a `tools.Box`; None: anywhere).

        During a stroke the result is reported as changed once, at the stroke's first change: further changes do not
        affect it.
        """
        self.drawn.emit()
        self.maskChanged.emit(box)
        mask = self.mask
        if mask is None or not mask.in_stroke:
            self.emit_stroke_ended()
        elif self._reported_stroke != (mask, mask.strokes):
            self._reported_stroke = (mask, mask.strokes)
            self.emit_result_changed()

    def emit_stroke_ended(self) -> None:
        """Emit that a step on the mask is complete."""
        self.strokeEnded.emit()
        self.emit_result_changed()
