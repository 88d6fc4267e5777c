"""Computes the AI result of the current lesion in a worker, one at a time, and stores it with the lesion.

A calibration by hand changes the lesion's size in millimetres, and so what the input guard finds: the guard then runs
again.
"""

import dataclasses

import numpy as np

from csamoe_desktop.assess import AIResult, Withheld, assess
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.examined import check_origin
from csamoe_desktop.inference.guard import withheld_because
from csamoe_desktop.session.calibration import HandCalibration
from csamoe_desktop.session.chosen_model import ChosenModel
from csamoe_desktop.session.jobs import Job, Outcome
from csamoe_desktop.session.lesion_work import LesionWork
from csamoe_desktop.session.lesions import Lesions
from csamoe_desktop.session.scene import Scene
from csamoe_desktop.study.model import Frame

ASSESSING = "assessing"


class Assessing:
    """The run of the model in a scene."""

    def __init__(self, scene: Scene, model: ChosenModel, lesions: Lesions, calibration: HandCalibration) -> None:
        self._scene = scene
        self._model = model
        self._lesions = lesions
        self._calibration = calibration
        self._lesion: LesionWork | None = None
        calibration.changed.connect(self.run_guard_again)

    @property
    def lesion(self) -> LesionWork | None:
        """The lesion that the model is running on, or None."""
        return self._lesion if self._scene.jobs.busy(ASSESSING) else None

    def begin(self) -> None:
        """Run the model on the current lesion; a second call replaces the first."""
        scene = self._scene
        work, frame = scene.work, scene.frame
        if work is None or frame is None:
            scene.failed.emit(UserError("There is no image to assess.", "Open a study first."))
            return
        mask, version = work.mask.finished(), work.mask.version
        model, device = self._model.name, scene.settings.device

        def run(job: Job) -> AIResult:
            predictor = self._model.load(job, model, device, 0.8)
            job.progress(0.8, "Running the model")
            return assess(frame, mask.pixels, predictor)

        def done(ai_result: AIResult) -> None:
            work.ai_result, work.result_mask, work.result_version = ai_result, mask, version
            work.result_scale = frame.scale
            # The image may have been calibrated in the meantime.
            self.run_guard_again()
            scene.modelChanged.emit()
            scene.emit_result_changed()

        def failed(problem: BaseException) -> None:
            message = problem.message if isinstance(problem, UserError) else "Something went wrong inside the program."
            work.failure, work.failed_version, work.withheld = message, version, isinstance(problem, Withheld)
            if work.ai_result is None:
                work.result_scale = frame.scale
            scene.emit_result_changed()
            # The panel shows why the result is withheld; this is not an error.
            if not work.withheld:
                scene.failed.emit(problem)

        work.failure = ""
        if self.lesion is not None and self.lesion is not work:
            scene.noted.emit(f"The model run for {self.lesion.title} was stopped; {work.title} is assessed instead.")
        self._lesion = work
        scene.jobs.submit(ASSESSING, run, Outcome(done, failed, scene.progressed.emit))
        scene.emit_result_changed()

    def cancel(self) -> None:
        """Stop the run in progress; an earlier result stays."""
        if self._scene.jobs.cancel(ASSESSING):
            self._scene.emit_result_changed()

    def run_guard_again(self) -> None:
        """Run the guard again for every AI result whose image has a different scale now: withhold the result if the
        outline's size forbids it, and update its warnings."""
        scene, changed = self._scene, False
        for placed in self._lesions.placed():
            work, shape = placed.work, placed.work.mask.pixels.shape
            scale = self._calibration.scale_of(placed.study, placed.frame, work.image, shape)
            if work.withheld and work.failure and work.result_scale != scale:
                work.failure, work.withheld, changed = "", False, True
            if work.ai_result is None or work.result_mask is None or work.result_scale == scale:
                continue
            mask = work.result_mask.pixels if work.result_mask.pixels.any() else None
            # Only the checks of file and outline: the pixels have not changed.
            no_pixels = np.broadcast_to(np.uint8(0), shape)
            before, now = (
                check_origin(Frame(no_pixels, placed.frame, used_scale, placed.study.origin), mask)
                for used_scale in (work.result_scale, scale)
            )
            work.result_scale, changed = scale, True
            if why := withheld_because(now):
                work.failure, work.failed_version, work.withheld = why, work.result_version, True
            if before != now:
                old = {finding.sentence for finding in before}
                others = tuple(warning for warning in work.ai_result.warnings if warning not in old)
                warnings = (*others, *(finding.sentence for finding in now))
                work.ai_result = dataclasses.replace(work.ai_result, warnings=warnings)
        if changed:
            scene.emit_result_changed()
