"""The model chosen in the settings: loaded once, in a worker, and held until another one is needed."""

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
        """The name of the model's bundle."""
        return self._scene.settings.model or DEFAULT

    @property
    def missing(self) -> str:
        """Why the model cannot be used, or ""."""
        return self._loaded.missing(self.name)

    @property
    def predictor(self) -> "Predictor | None":
        """The loaded model with the device that it runs on; None while it is not loaded."""
        return self._loaded.peek(self.name, self._scene.settings.device)

    @property
    def needs_outline(self) -> bool:
        """Whether the model needs an outline to give a result."""
        return self._loaded.needs_outline(self.name)

    def load(self, job: Job, model: str, device: str, share: float = 1.0) -> "Predictor":
        """Return a model, loading it if necessary. For workers: they pass the model's name, as the settings may change
        while they run.

        Args:
            job: the worker's job; loading makes up `share` of its progress.
            model, device: the bundle's name, and the device as the settings name it.
            share: from 0 to 1.

        Raises:
            UserError: there is no such model or device, or the weights are damaged.
            Cancelled: the job was cancelled.
        """
        return self._loaded.get(model, device, lambda done, words: job.progress(share * done, words))

    def preload(self) -> None:
        """Load the model in a worker, so that the first result comes quickly; `modelChanged` follows, or `failed`."""
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
