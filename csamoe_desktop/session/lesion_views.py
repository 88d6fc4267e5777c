"""What the window "Views of this lesion" is shown: the views of the session's lesion at hand, as they are now."""

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
        mask: the lesion on it, as it is marked now.
        description: what the reader calls it, and where it lies.
        number: of the lesion on its image, from 1.
        assessment: the last reading of it, or None.
        veiled: the reader's own read is still to be given: nothing of the AI's is shown, whatever there is.
        where: which image it is, such as "IM0003.dcm, frame 4".
        because: in a sentence, why `ai_result` no longer holds, or, without one, why there is none; or "".
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
        """The reading that may be seen, whether it holds or not."""
        return None if self.hidden else self.ai_result

    @property
    def holds(self) -> AIResult | None:
        """The reading that may be seen and is of what is marked now."""
        return None if self.because else self.shown


class ShownViews:
    """Finds them; a frame that is not in view is decoded once and kept as long as it is one of them."""

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
        """Return the views, that in view first; one whose image cannot be decoded any more is left out, and that is said."""
        seen: list[ShownView] = []
        frames: dict[tuple[str, Scale], Frame] = {}
        for placed in self._lesions.views():
            try:
                frame = self._frame(placed)
            except UserError as problem:
                self._scene.failed.emit(problem)
                continue
            frames[placed.work.image, frame.scale] = frame
            seen.append(self._seen(placed, frame))
        self._frames = frames
        return seen

    def _frame(self, placed: PlacedLesion) -> Frame:
        scene = self._scene
        if placed.work is scene.work and scene.frame is not None:
            return scene.frame
        shape = placed.work.mask.pixels.shape
        scale = self._calibration.scale_of(placed.study, placed.frame, placed.work.image, shape)
        known = self._frames.get((placed.work.image, scale))
        return self._frames_of.frame_of(placed) if known is None else known

    def _seen(self, placed: PlacedLesion, frame: Frame) -> ShownView:
        work = placed.work
        failure = work.failure if work.failed_version == work.mask.version else ""
        return ShownView(
            frame=frame,
            mask=work.mask.finished(),
            description=work.description,
            number=work.number,
            # What the guard forbids is seen nowhere.
            ai_result=None if failure and work.withheld else work.ai_result,
            hidden=self._shown.hidden or self._shown.hides(work),  # another view would tell of this one
            where=placed.where,
            because=failure or work.outdated_because(self._model.name),
        )
