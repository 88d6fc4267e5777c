"""The list of open studies: what is opened joins it, and what is closed leaves it."""

from pathlib import Path

from csamoe_desktop.session.autosaver import Autosaver
from csamoe_desktop.session.frame_cache import FrameCache
from csamoe_desktop.session.navigation import Navigation
from csamoe_desktop.session.scene import Scene
from csamoe_desktop.session.user_settings import UserSettings
from csamoe_desktop.study.model import Frame, Study


class OpenStudies:
    """Changes the scene's list of studies, and which of them is in view where one is opened or closed."""

    def __init__(
        self, scene: Scene, navigation: Navigation, autosaver: Autosaver, frames: FrameCache, settings: UserSettings
    ) -> None:
        self._scene = scene
        self._navigation = navigation
        self._autosaver = autosaver
        self._frames = frames
        self._settings = settings

    def show(self, study: Study, frame: Frame, path: Path) -> None:
        """Bring a study that was opened just now into view, in the place of one from the same file; `path` is what the user
        opened, that file or a folder."""
        scene = self._scene
        place = self._place_of(study)
        if place is None:
            scene.studies.append(study)
        else:
            scene.studies[place] = study
            self._autosaver.put_aside(study)
        self._settings.change(scene.settings.with_recent(path))
        self._navigation.show(study, frame, listed=True)

    def list_opened(self, study: Study, path: Path) -> None:
        """Add a study opened just now, or put it in the place of the one from the same file, unless that is in view."""
        scene = self._scene
        self._settings.change(scene.settings.with_recent(path))
        place = self._place_of(study)
        if place is None:
            self.add([study])
        elif scene.studies[place] is not scene.study:
            scene.studies[place] = study
            self._autosaver.put_aside(study)
            scene.studiesListed.emit()

    def add(self, studies: list[Study]) -> None:
        """Add studies that were opened just now behind the others; what is in view stays."""
        scene = self._scene
        scene.studies += studies
        scene.studiesListed.emit()
        if scene.study is None and self._frames.awaited is None and studies:
            self._navigation.to_study(studies[0])

    def close_current(self) -> None:
        """Close the study in view, with its results; the nearest that can be shown comes into view."""
        scene = self._scene
        if scene.study is None:
            return
        place = scene.studies.index(scene.study)
        self._autosaver.forget(scene.studies.pop(place))
        self._navigation.to_first((*scene.studies[place:], *reversed(scene.studies[:place])))

    def _place_of(self, study: Study) -> int | None:
        """Return the place in the list of the study from the same file, or None."""
        return next((place for place, other in enumerate(self._scene.studies) if other.path == study.path), None)
