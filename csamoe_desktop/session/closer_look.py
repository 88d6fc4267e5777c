"""Completes an AI result after its probability is shown: the explanation, and how much the result depends on the
outline."""

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
    """Computes range and explanation of the AI result in view, in its own lane, as long as the result is up to date;
    `resultChanged` follows.

    Probability and category do not change. If the computation fails (a device out of memory), the user is told and it
    is not repeated.
    """

    def __init__(self, scene: Scene, model: ChosenModel, shown: ShownResult) -> None:
        super().__init__(scene)
        self._scene = scene
        self._model = model
        self._shown = shown
        self._examined: AIResult | None = None
        scene.resultChanged.connect(self._look)

    @property
    def under_way(self) -> bool:
        """Whether range and explanation of the result in view are still being computed."""
        return self._examined is not None and self._examined is self._shown.result

    def _look(self) -> None:
        scene, work = self._scene, self._scene.work
        ai_result = self._shown.result
        up_to_date = self._shown.state is ResultState.DONE
        if not up_to_date or ai_result is None or ai_result.looked_closer:
            # Drawing on, or going to another frame, must not wait for this computation.
            self._examined = None
            scene.jobs.cancel(LOOKING_CLOSER)
            return
        frame = scene.frame
        if ai_result is self._examined or work is None or work.result_mask is None or frame is None:
            return
        self._examined = ai_result
        pixels = work.result_mask.pixels
        mask = pixels if pixels.any() else None

        model, device = self._model.name, scene.settings.device

        def look(job: Job) -> AIResult:
            predictor = self._model.load(job, model, device)
            return look_closer(
                frame,
                mask,
                predictor,
                ai_result,
                lambda share: job.progress(share, "Calculating the range over other outlines"),
            )

        def done(completed: AIResult) -> None:
            if work.ai_result is ai_result:
                work.ai_result = completed
            scene.emit_result_changed()

        def failed(problem: BaseException) -> None:
            if not isinstance(problem, UserError):
                _log.error("fault in looking closer", exc_info=problem)
            done(dataclasses.replace(ai_result, looked_closer=True))
            scene.failed.emit(problem)

        scene.jobs.submit(LOOKING_CLOSER, look, Outcome(done, failed))
