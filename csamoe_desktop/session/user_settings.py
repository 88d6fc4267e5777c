"""Applies and saves the user's settings."""

from contextlib import suppress

from csamoe_desktop.errors import UserError
from csamoe_desktop.session.chosen_model import LOADING, ChosenModel
from csamoe_desktop.session.scene import Scene
from csamoe_desktop.settings import Settings, save_settings


class UserSettings:
    """Changes the scene's settings; `settingsChanged` follows."""

    def __init__(self, scene: Scene, model: ChosenModel) -> None:
        self._scene = scene
        self._model = model
        self._unsaved = False

    def change(self, settings: Settings) -> None:
        """Apply and save new settings; a different model or device is loaded at once if one was loaded."""
        scene = self._scene
        if settings == scene.settings:
            return
        was_loaded = self._model.predictor is not None or scene.jobs.busy(LOADING)
        before = self._model.name, scene.settings.device
        scene.settings = settings
        self._unsaved = True
        try:
            save_settings(settings)
            self._unsaved = False
        except UserError as problem:
            scene.failed.emit(problem)
        scene.settingsChanged.emit()
        if (self._model.name, settings.device) != before:
            scene.emit_result_changed()
            if was_loaded:
                self._model.preload()

    def close(self) -> None:
        """Try once more to save settings that could not be saved."""
        if self._unsaved:
            with suppress(UserError):
                save_settings(self._scene.settings)
