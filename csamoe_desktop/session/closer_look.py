"""The second result of a reading, after its number is on the screen: why, and how much of it hangs on the contour."""

import dataclasses
import logging

from PySide6.QtCore import QObject

from csamoe_desktop.assess import AIResult, look_closer
from csamoe_desktop.errors import UserError
from csamoe_desktop.session.chosen_model import ChosenModel
from csamoe_desktop.session.jobs import Job, Outcome
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.scene import Scene
from csamoe_desktop.session.shown_result import ShownResult

_log = logging.getLogger(__name__)

LOOKING_CLOSER = "looking closer"


class CloserLook(QObject):
    """Looks closer at the reading in view, in a lane of its own, as long as it holds; `resultChanged` follows.

    The reading is the same before and after: what could not be found out (a device out of memory) is said, and not
    tried again.
    """

    def __init__(self, scene: Scene, model: ChosenModel, shown: ShownResult) -> None:
        super().__init__(scene)
        self._scene = scene
        self._model = model
        self._shown = shown
        self._at: AIResult | None = None
        scene.resultChanged.connect(self._look)

    @property
    def under_way(self) -> bool:
        """Whether more is to come on the reading in view."""
        return self._at is not None and self._at is self._shown.result

    def _look(self) -> None:
        scene, work = self._scene, self._scene.work
        ai_result = self._shown.result
        holds = self._shown.state is ResultState.DONE
        if not holds or ai_result is None or ai_result.looked_closer:
            # Whoever goes on drawing, or turns to another frame, is not to wait for it.
            self._at = None
            scene.jobs.cancel(LOOKING_CLOSER)
            return
        frame = scene.frame
        if ai_result is self._at or work is None or work.result_mask is None or frame is None:
            return
        self._at = ai_result
        pixels = work.result_mask.pixels
        mask = pixels if pixels.any() else None

        model, device = self._model.name, scene.settings.device

        def look(job: Job) -> AIResult:
            predictor = self._model.load(job, model, device)
            return look_closer(frame, mask, predictor, ai_result, lambda share: job.progress(share, "Looking closer"))

        def done(closer: AIResult) -> None:
            if work.ai_result is ai_result:
                work.ai_result = closer
            scene.tell_result()

        def failed(problem: BaseException) -> None:
            if not isinstance(problem, UserError):
                _log.error("fault in looking closer", exc_info=problem)
            done(dataclasses.replace(ai_result, looked_closer=True))
            scene.failed.emit(problem)

        scene.jobs.submit(LOOKING_CLOSER, look, Outcome(done, failed))
