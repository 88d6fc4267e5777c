"""The data for the window "Views of this lesion": the views of the current lesion as they are now."""

from dataclasses import dataclass

from csamoe_desktop.assess import AIResult
from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.description import Description
from csamoe_desktop.lesion.mask import LesionMask
from csamoe_desktop.session.calibration import HandCalibration
from csamoe_desktop.session.chosen_model import ChosenModel
from csamoe_desktop.session.lesion_frames import LesionFrames
from csamoe_desktop.session.lesions import Lesions, PlacedLesion
from csamoe_desktop.session.scene import Scene
from csamoe_desktop.session.shown_result import ShownResult
from csamoe_desktop.study.model import Frame, Scale


@dataclass(frozen=True, slots=True, eq=False)
class ShownView:
    """One view of a lesion, as it is now.

    Attributes:
        frame: the image.
        mask: the lesion's present outline on it.
        description: the lesion's name and location.
        number: the lesion's number on its image, from 1.
        ai_result: its last AI result, or None.
        hidden: the reader's assessment is still to be given: no AI result is shown.
        where: the image, such as "IM0003.dcm, frame 4".
        because: a sentence: why `ai_result` is outdated, or why there is none; or "".
    """

    frame: Frame
    mask: LesionMask
    description: Description
    number: int
    ai_result: AIResult | None
    hidden: bool
    where: str = ""
    because: str = ""

    @property
    def shown(self) -> AIResult | None:
        """The AI result that may be shown, even if it is outdated."""
        return None if self.hidden else self.ai_result

    @property
    def holds(self) -> AIResult | None:
        """The AI result that may be shown and matches the present outline."""
        return None if self.because else self.shown


class ShownViews:
    """Collects the views; a frame other than the current one is decoded once and held while it is among them."""

    def __init__(
        self,
        scene: Scene,
        lesions: Lesions,
        frames: LesionFrames,
        calibration: HandCalibration,
        model: ChosenModel,
        shown: ShownResult,
    ) -> None:
        self._scene = scene
        self._lesions = lesions
        self._frames_of = frames
        self._calibration = calibration
        self._model = model
        self._shown = shown
        self._frames: dict[tuple[str, Scale], Frame] = {}

    def __call__(self) -> list[ShownView]:
        """Return the views, the current one first. A view whose image cannot be decoded is left out, and `failed` is
        emitted for it."""
        views: list[ShownView] = []
        frames: dict[tuple[str, Scale], Frame] = {}
        for placed in self._lesions.views():
            try:
                frame = self._frame(placed)
            except UserError as problem:
                self._scene.failed.emit(problem)
                continue
            frames[placed.work.image, frame.scale] = frame
            views.append(self._view(placed, frame))
        self._frames = frames
        return views

    def _frame(self, placed: PlacedLesion) -> Frame:
        scene = self._scene
        if placed.work is scene.work and scene.frame is not None:
            return scene.frame
        shape = placed.work.mask.pixels.shape
        scale = self._calibration.scale_of(placed.study, placed.frame, placed.work.image, shape)
        known = self._frames.get((placed.work.image, scale))
        return self._frames_of.frame_of(placed) if known is None else known

    def _view(self, placed: PlacedLesion, frame: Frame) -> ShownView:
        work = placed.work
        failure = work.failure if work.failed_version == work.mask.version else ""
        return ShownView(
            frame=frame,
            mask=work.mask.finished(),
            description=work.description,
            number=work.number,
            # A withheld result is shown nowhere.
            ai_result=None if failure and work.withheld else work.ai_result,
            hidden=self._shown.hidden
            or self._shown.hides(work),  # the result of one view would give away that of another
            where=placed.where,
            because=failure or work.outdated_because(self._model.name),
        )
