"""The model that the settings name, as it is loaded: in a worker, once, and kept until another is wanted."""

from typing import TYPE_CHECKING

from csamoe_desktop.inference.bundle import DEFAULT
from csamoe_desktop.session.jobs import Job, Outcome
from csamoe_desktop.session.loaded_model import LoadedModel
from csamoe_desktop.session.scene import Scene

if TYPE_CHECKING:
    from csamoe_desktop.inference.predictor import Predictor

LOADING = "loading"


class ChosenModel:
    """The model in use; `modelChanged` of the scene follows every change."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._loaded = LoadedModel()

    @property
    def name(self) -> str:
        """The name of its bundle."""
        return self._scene.settings.model or DEFAULT

    @property
    def missing(self) -> str:
        """Why it cannot be used, or ""."""
        return self._loaded.missing(self.name)

    @property
    def predictor(self) -> "Predictor | None":
        """It as it is loaded, with the device really in use; None while it is not."""
        return self._loaded.peek(self.name, self._scene.settings.device)

    @property
    def needs_outline(self) -> bool:
        """Whether it gives no result until a lesion is marked."""
        return self._loaded.needs_outline(self.name)

    def load(self, job: Job, model: str, device: str, share: float = 1.0) -> "Predictor":
        """Return a model, loaded if need be: for workers, who name it, as the settings may change under them.

        Args:
            job: the worker's; loading is `share` of it.
            model, device: the bundle's name, and the device as the settings name it.
            share: from 0 to 1.

        Raises:
            UserError: there is no such model or device, or the weights are damaged.
            Cancelled: the job was cancelled.
        """
        return self._loaded.get(model, device, lambda done, words: job.progress(share * done, words))

    def preload(self) -> None:
        """Load it in the worker, so that the first result is quick; `modelChanged` follows, or `failed`."""
        scene, model, device = self._scene, self.name, self._scene.settings.device

        def failed(problem: BaseException) -> None:
            scene.modelChanged.emit()
            scene.failed.emit(problem)

        scene.jobs.submit(
            LOADING,
            lambda job: self._loaded.get(model, device, job.progress),
            Outcome(lambda predictor: scene.modelChanged.emit(), failed),
        )
        scene.modelChanged.emit()
