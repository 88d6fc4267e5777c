"""What the reader says of the examinations that are open: one a report, kept in the local store.

An examination is known by a hash of its study instance UID; an image file, which has none, by the hash of its first image.
"""

import hashlib

from PySide6.QtCore import QObject, Signal

from csamoe_desktop.errors import UserError
from csamoe_desktop.reader.examination import Examination, usual_technique
from csamoe_desktop.session.autosaver import Autosaver
from csamoe_desktop.session.lesions import Lesions
from csamoe_desktop.session.saved_frame import image_hash
from csamoe_desktop.session.scene import Scene
from csamoe_desktop.study.model import Study
from csamoe_desktop.wording import PLAIN, load_wording


class Examinations(QObject):
    """Indication, comparison and technique of the session's studies."""

    changed = Signal()
    """What is said of the examination in view may be different."""

    def __init__(self, scene: Scene, autosaver: Autosaver, lesions: Lesions) -> None:
        super().__init__(scene)
        self._scene = scene
        self._autosaver = autosaver
        self._lesions = lesions
        self._first_images: dict[Study, str] = {}
        scene.studyChanged.connect(self.look_again)
        # It comes with every frame too; and what is one lesion on two images is in one report.
        scene.lesionChanged.connect(self.changed)

    @property
    def key(self) -> str | None:
        """Which examination the report of what is in view is of; None where nothing is.

        Where the images of one report come from several, one of which something is said goes before the others, and the
        one in view before all.
        """
        study = self._scene.study
        if study is None or self._scene.frame is None:
            return None
        here = self._key_of(study)
        if self._autosaver.examination(here).given:
            return here
        others = (self._key_of(other) for other in self._lesions.studies_of_examination() if other is not study)
        return next((key for key in others if self._autosaver.examination(key).given), here)

    @property
    def now(self) -> Examination:
        """What is said of the examination in view."""
        key = self.key
        return Examination() if key is None else self._autosaver.examination(key)

    @property
    def usual_technique(self) -> str:
        """What is proposed as technique: the reader's own usual one, or the program's in the language of reports."""
        settings = self._scene.settings
        if settings.technique:
            return settings.technique
        try:
            say = load_wording(settings.report_language)
        except UserError:
            # Whoever exports is told; here is no report yet.
            say = PLAIN
        return usual_technique(say)

    def take(self, key: str, said: Examination) -> None:
        """Take what the reader says of the examination `key`, which need not be in view any more."""
        if said != self._autosaver.examination(key):
            self._autosaver.say_of_examination(key, said)
            self.changed.emit()

    def look_again(self) -> None:
        """Ask the store anew: another window may have written."""
        there = self._scene.studies
        self._first_images = {study: image for study, image in self._first_images.items() if study in there}
        if (key := self.key) is not None:
            self._autosaver.examination(key, anew=True)
        self.changed.emit()

    def _key_of(self, study: Study) -> str:
        if uid := study.facts.study_uid:
            return hashlib.sha256(f"study {uid}".encode()).hexdigest()
        if study not in self._first_images:
            self._first_images[study] = self._first_image(study)
        return self._first_images[study]

    def _first_image(self, study: Study) -> str:
        """Return the hash of a file's first image; it is decoded for this only where it was never in view."""
        there = self._autosaver.get(study, 0)
        if there is not None:
            return there.image
        try:
            return image_hash(study, study.frame(0))
        except UserError:
            # It cannot be decoded any more: by one that could be, it is known at least while it is open.
            return next((one.image for _, frames in self._autosaver.by_study([study]) for one in frames), "")
