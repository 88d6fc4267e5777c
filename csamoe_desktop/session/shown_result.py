"""The AI result of the current lesion as the reader may see it: its state, and the result itself once it is not
hidden."""

from csamoe_desktop.assess import AIResult
from csamoe_desktop.session.assessing import Assessing
from csamoe_desktop.session.chosen_model import ChosenModel
from csamoe_desktop.session.lesion_work import LesionWork, ResultState
from csamoe_desktop.session.scene import Scene


class ShownResult:
    """The AI result of the current lesion. If the settings ask for the reader's assessment first, it is hidden until
    then."""

    def __init__(self, scene: Scene, model: ChosenModel, assessing: Assessing) -> None:
        self._scene = scene
        self._model = model
        self._assessing = assessing

    @property
    def state(self) -> ResultState:
        """The state of the result in view; it reveals nothing about a hidden result."""
        work = self._scene.work
        if work is None:
            return ResultState.NO_STUDY
        if work is self._assessing.lesion:
            return ResultState.RUNNING
        state = work.state(self._model.name, self._model.needs_outline)
        if not self.hides(work):
            return state
        if state is ResultState.DONE:
            return ResultState.HIDDEN
        if state is ResultState.OUTDATED:
            # The state must not reveal that there is a result for the earlier outline.
            empty = work.mask.empty and self._model.needs_outline
            return ResultState.NO_MASK if empty else ResultState.READY
        return state

    @property
    def result(self) -> AIResult | None:
        """The result in view, even if it is outdated; None if there is none, and while it is hidden."""
        work = self._scene.work
        return None if work is None or self.hides(work) else work.ai_result

    @property
    def hidden(self) -> bool:
        """Whether AI results of the current lesion are hidden until the reader's assessment."""
        work = self._scene.work
        return work is not None and self.hides(work)

    def hides(self, work: LesionWork) -> bool:
        """Return whether the AI result of a lesion, current or not, is hidden until the reader's assessment."""
        return self._scene.settings.assessment_first and not (work.sitting.ready or work.sitting.shown)
