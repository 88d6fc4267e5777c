"""The examinations that are open: indication, comparison and technique, once for each report, stored in the local
store.

An examination is identified by a hash of its study instance UID; an image file has none and is identified by the hash
of its first image.
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
    """The texts of the current examination may have changed."""

    def __init__(self, scene: Scene, autosaver: Autosaver, lesions: Lesions) -> None:
        super().__init__(scene)
        self._scene = scene
        self._autosaver = autosaver
        self._lesions = lesions
        self._first_images: dict[Study, str] = {}
        scene.studyChanged.connect(self.look_again)
        # Emitted with every frame too; and two images with views of one lesion share a report.
        scene.lesionChanged.connect(self.changed)

    @property
    def key(self) -> str | None:
        """The examination that the report of the current image belongs to; None without an image.

        If the images of one report come from several examinations, the current one takes precedence if it has texts,
        then the first of the others that has texts.
        """
        study = self._scene.study
        if study is None or self._scene.frame is None:
            return None
        own = self._key_of(study)
        if self._autosaver.examination(own).given:
            return own
        others = (self._key_of(other) for other in self._lesions.studies_of_examination() if other is not study)
        return next((key for key in others if self._autosaver.examination(key).given), own)

    @property
    def now(self) -> Examination:
        """The texts of the current examination."""
        key = self.key
        return Examination() if key is None else self._autosaver.examination(key)

    @property
    def usual_technique(self) -> str:
        """The technique to propose: the reader's own usual text, otherwise the program's in the report language."""
        settings = self._scene.settings
        if settings.technique:
            return settings.technique
        try:
            wording = load_wording(settings.report_language)
        except UserError:
            # The export reports this error; here there is no report yet.
            wording = PLAIN
        return usual_technique(wording)

    def take(self, key: str, examination: Examination) -> None:
        """Take over the reader's texts of the examination `key`, which need not be current any more."""
        if examination != self._autosaver.examination(key):
            self._autosaver.set_examination(key, examination)
            self.changed.emit()

    def look_again(self) -> None:
        """Read the store again: another window may have written to it."""
        studies = self._scene.studies
        self._first_images = {study: image for study, image in self._first_images.items() if study in studies}
        if (key := self.key) is not None:
            self._autosaver.examination(key, reload=True)
        self.changed.emit()

    def _key_of(self, study: Study) -> str:
        if uid := study.facts.study_uid:
            return hashlib.sha256(f"study {uid}".encode()).hexdigest()
        if study not in self._first_images:
            self._first_images[study] = self._first_image(study)
        return self._first_images[study]

    def _first_image(self, study: Study) -> str:
        """Return the hash of a file's first image, which is decoded for this only if it was never in view."""
        frame_lesions = self._autosaver.get(study, 0)
        if frame_lesions is not None:
            return frame_lesions.image
        try:
            return image_hash(study, study.frame(0))
        except UserError:
            # It cannot be decoded any more: another image of the file identifies it while it is open.
            saved = (frame for _, frames in self._autosaver.by_study([study]) for frame in frames)
            return next((frame.image for frame in saved), "")
