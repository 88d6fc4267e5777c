"""The list of open studies: opened studies are added, closed ones removed."""

from pathlib import Path

from csamoe_desktop.session.autosaver import Autosaver
from csamoe_desktop.session.frame_cache import FrameCache
from csamoe_desktop.session.navigation import Navigation
from csamoe_desktop.session.scene import Scene
from csamoe_desktop.session.user_settings import UserSettings
from csamoe_desktop.study.model import Frame, Study


class OpenStudies:
    """Changes the scene's list of studies, and the current study when one is opened or closed."""

    def __init__(
        self, scene: Scene, navigation: Navigation, autosaver: Autosaver, frames: FrameCache, settings: UserSettings
    ) -> None:
        self._scene = scene
        self._navigation = navigation
        self._autosaver = autosaver
        self._frames = frames
        self._settings = settings

    def show(self, study: Study, frame: Frame, path: Path) -> None:
        """Show a study that was just opened, replacing one from the same file; `path` is what the user opened: that
        file, or a folder."""
        scene = self._scene
        index = self._index_of(study)
        if index is None:
            scene.studies.append(study)
        else:
            scene.studies[index] = study
            self._autosaver.set_aside(study)
        self._settings.change(scene.settings.with_recent(path))
        self._navigation.show(study, frame, listed=True)

    def list_opened(self, study: Study, path: Path) -> None:
        """Add a study that was just opened, or replace the one from the same file, unless that one is current."""
        scene = self._scene
        self._settings.change(scene.settings.with_recent(path))
        index = self._index_of(study)
        if index is None:
            self.add([study])
        elif scene.studies[index] is not scene.study:
            scene.studies[index] = study
            self._autosaver.set_aside(study)
            scene.studiesListed.emit()

    def add(self, studies: list[Study]) -> None:
        """Add studies that were just opened at the end of the list; the current one stays."""
        scene = self._scene
        scene.studies += studies
        scene.studiesListed.emit()
        if scene.study is None and self._frames.awaited is None and studies:
            self._navigation.to_study(studies[0])

    def close_current(self) -> None:
        """Close the current study with its results; the nearest one that can be shown becomes the current one."""
        scene = self._scene
        if scene.study is None:
            return
        index = scene.studies.index(scene.study)
        self._autosaver.forget(scene.studies.pop(index))
        self._navigation.to_first((*scene.studies[index:], *reversed(scene.studies[:index])))

    def _index_of(self, study: Study) -> int | None:
        """Return the index in the list of the study from the same file, or None."""
        return next((index for index, other in enumerate(self._scene.studies) if other.path == study.path), None)
