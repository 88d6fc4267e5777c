"""What is open: studies, the frame in view, its lesions, settings and jobs, and the signals that tell what changed.

Everything else of this room takes the scene and the peers that it names; none of them knows the whole `Session`.
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
    """The open work. AI results stay with their file and frame as long as it is open, masks and comments for good.

    `study`, `frame` and `frame_lesions` change together and before anything is emitted: a listener never sees one of them
    beside another one's.

    Attributes:
        settings: what the user chose; changed through `UserSettings` only.
        jobs: the one way off the GUI thread.
        studies: the open ones, in the order of the list.
        study, frame: those in view; None where nothing is.
        frame_lesions: the lesions of the frame in view.
        hand_busy, line_open: whether a stroke, and whether an open polygon or livewire, is in hand; the canvas sets them.
    """

    studyChanged = Signal()
    """Another study is in view (or none), or the list of open ones changed."""
    studiesListed = Signal()
    """More studies are open than before, behind those there; what is in view is the same."""
    leaving = Signal()
    """What is in view makes way for another frame (or none)."""
    frameChanged = Signal()
    """Another frame is in view (or none); its mask and result too."""
    stayed = Signal()
    """A frame that was to come into view does not: it cannot be decoded, or is not wanted any more. All is as it was."""
    lesionArriving = Signal()
    """Another lesion is the current one; for those who bring its data up to date before anyone shows it."""
    currentLesionChanged = Signal()
    """Another lesion is the current one; after `frameChanged` too."""
    lesionChanged = Signal()
    """Which lesions there are, or a lesion's description, visibility or lock changed."""
    maskChanged = Signal(object)
    """The mask changed inside a `tools.Box`, or None: anywhere."""
    strokeEnded = Signal()
    """A step on the mask is complete: a stroke, a shape, a correction, an undo."""
    commentChanged = Signal()
    """The reader's comment on a lesion changed."""
    resultSettling = Signal()
    """As `resultChanged`, and before it; for those who bring their own state up to date first."""
    resultChanged = Signal()
    """The state of the AI result in view, or the result itself, changed."""
    progressed = Signal(float, str)
    """An AI result is being computed: share from 0 to 1, and what is being done."""
    modelChanged = Signal()
    """The model in use changed, or is being loaded."""
    settingsChanged = Signal()
    failed = Signal(object)
    """Something the user started went wrong: the exception, for `messages`."""
    noted = Signal(str)
    """Something the user should know, one sentence."""

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = settings
        self.jobs = Jobs(self)
        self.hand_busy: Callable[[], bool] = lambda: False
        self.line_open: Callable[[], bool] = lambda: False
        self.studies: list[Study] = []
        self.study: Study | None = None
        self.frame: Frame | None = None
        self.frame_lesions: FrameLesions | None = None
        self._told_stroke: tuple[EditedMask, int] | None = None
        """The stroke in progress of which it was told that the result is outdated."""

    @property
    def aspect(self) -> float:
        """How high a pixel of the frame in view is for its width; 1 where there is none."""
        return 1.0 if self.frame is None else self.frame.scale.aspect

    @property
    def work(self) -> LesionWork | None:
        """The work on the current lesion."""
        return None if self.frame_lesions is None else self.frame_lesions.current

    @property
    def mask(self) -> EditedMask | None:
        """The mask of the current lesion."""
        return None if self.work is None else self.work.mask

    # -- telling everyone

    def lesion_turned(self) -> None:
        """Tell that another lesion is the current one."""
        self.lesionArriving.emit()
        self.currentLesionChanged.emit()
        self.tell_lesion()

    def tell_lesion(self) -> None:
        """Tell that a lesion's description, visibility or lock, or which lesions there are, changed."""
        self.lesionChanged.emit()
        self.tell_result()

    def tell_result(self) -> None:
        """Tell that the AI result in view, or where it stands, changed."""
        self.resultSettling.emit()
        self.resultChanged.emit()

    def mask_edited(self, box: object | None) -> None:
        """Tell that the mask changed inside `box` (a `tools.Box`; None: anywhere).

        In the middle of a stroke the result is told about once, at the stroke's first change: more of them change
        nothing more about it.
        """
        self.maskChanged.emit(box)
        mask = self.mask
        if mask is None or not mask.in_stroke:
            self.stroke_ended()
        elif self._told_stroke != (mask, mask.strokes):
            self._told_stroke = (mask, mask.strokes)
            self.tell_result()

    def stroke_ended(self) -> None:
        """Tell that a step on the mask is complete."""
        self.strokeEnded.emit()
        self.tell_result()
