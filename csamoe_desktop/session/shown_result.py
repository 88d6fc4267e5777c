"""The AI result in view as the reader may see it: its state, and the result itself once nothing hides it any more."""

from csamoe_desktop.assess import AIResult
from csamoe_desktop.session.assessing import Assessing
from csamoe_desktop.session.chosen_model import ChosenModel
from csamoe_desktop.session.lesion_work import LesionWork, ResultState
from csamoe_desktop.session.scene import Scene


class ShownResult:
    """The result of the current lesion. Where the settings ask for the reader's assessment first, it is hidden until then."""

    def __init__(self, scene: Scene, model: ChosenModel, assessing: Assessing) -> None:
        self._scene = scene
        self._model = model
        self._assessing = assessing

    @property
    def state(self) -> ResultState:
        """Where the result in view stands; of what is hidden it tells nothing."""
        work = self._scene.work
        if work is None:
            return ResultState.NO_STUDY
        if work is self._assessing.lesion:
            return ResultState.RUNNING
        found = work.state(self._model.name, self._model.needs_outline)
        if not self.hides(work):
            return found
        if found is ResultState.DONE:
            return ResultState.HIDDEN
        if found is ResultState.OUTDATED:
            # That there is a result for the outline as it was would tell something.
            empty = work.mask.empty and self._model.needs_outline
            return ResultState.NO_MASK if empty else ResultState.READY
        return found

    @property
    def result(self) -> AIResult | None:
        """The result in view, also when it is outdated; None before there is one, and as long as it is hidden."""
        work = self._scene.work
        return None if work is None or self.hides(work) else work.ai_result

    @property
    def hidden(self) -> bool:
        """Whether the reader's assessment of the current lesion still stands between the reader and any AI result."""
        work = self._scene.work
        return work is not None and self.hides(work)

    def hides(self, work: LesionWork) -> bool:
        """Return whether the AI result of a lesion, in view or not, is not to be seen before the reader's assessment."""
        return self._scene.settings.assessment_first and not (work.sitting.ready or work.sitting.shown)
