"""The lesions on the current frame: which is the current one, and what the reader does with whole lesions."""

import dataclasses
from contextlib import suppress
from dataclasses import dataclass

from PySide6.QtCore import QObject

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.description import OF_THE_IMAGE, Description
from csamoe_desktop.lesion.history import Bool
from csamoe_desktop.session.autosaver import Autosaver
from csamoe_desktop.session.lesion_work import LesionWork
from csamoe_desktop.session.reader_sitting import sitting_from
from csamoe_desktop.session.scene import Scene
from csamoe_desktop.store.earlier import EarlierOutline
from csamoe_desktop.store.lesions import StoredLesion
from csamoe_desktop.study.model import Study, StudyFacts
from csamoe_desktop.study.patients import two_patients


@dataclass(frozen=True, slots=True, eq=False)
class PlacedLesion:
    """A lesion and its place: the study and the index of the frame."""

    study: Study
    frame: int
    work: LesionWork

    @property
    def label(self) -> str:
        """The lesion's name with its image and its location, which identify it among all open images."""
        place = self.work.description.place()
        return f"{self.work.title} in {self.where}{f' ({place})' if place else ''}"

    @property
    def where(self) -> str:
        """The image that the lesion is on."""
        return self.study.name + (f", frame {self.frame + 1}" if self.study.frame_count > 1 else "")


class Lesions(QObject):
    """The lesions of the scene; `lesionChanged` and `currentLesionChanged` follow every change made here."""

    def __init__(self, scene: Scene, autosaver: Autosaver) -> None:
        super().__init__(scene)
        self._scene = scene
        self._autosaver = autosaver
        self._views_key: tuple[LesionWork, str, bool] | None = None
        self._has_views = False
        scene.lesionArriving.connect(self._update_descriptions)
        for signal in (scene.lesionArriving, scene.lesionChanged):
            signal.connect(self._forget_views)
        scene.drawn.connect(self._show_edited)

    @property
    def on_frame(self) -> tuple[LesionWork, ...]:
        """The lesions on the current frame, by number; a blank lesion if nothing is marked."""
        frame_lesions = self._scene.frame_lesions
        return () if frame_lesions is None else tuple(frame_lesions.lesions)

    @property
    def can_add(self) -> bool:
        """Whether a frame is open and all its lesions are marked."""
        return bool(self.on_frame) and not any(work.blank for work in self.on_frame)

    @property
    def can_restore(self) -> bool:
        """Whether a deleted lesion of this frame can be restored."""
        return self._scene.frame_lesions is not None and bool(self._scene.frame_lesions.removed)

    def choose(self, work: LesionWork) -> None:
        """Make a lesion of the current frame the current one."""
        frame_lesions = self._scene.frame_lesions
        if frame_lesions is None or work is frame_lesions.current or work not in frame_lesions.lesions:
            return
        frame_lesions.current.mask.end()
        frame_lesions.current = work
        self._scene.emit_current_lesion_changed()

    def choose_next(self) -> None:
        """Make the next lesion the current one; the first follows the last."""
        if self.on_frame and self._scene.work is not None:
            index = self.on_frame.index(self._scene.work)
            self.choose(self.on_frame[(index + 1) % len(self.on_frame)])

    def add(self) -> None:
        """Add a lesion to this frame; if there is a blank lesion, make it the current one instead."""
        frame_lesions = self._scene.frame_lesions
        if frame_lesions is None:
            return
        blank = next((work for work in frame_lesions.lesions if work.blank), None)
        if blank is not None:
            self.choose(blank)
            return
        frame_lesions.current.mask.end()
        before = frame_lesions.current.description
        added = frame_lesions.new()
        # Side and view apply to the whole image.
        added.description = dataclasses.replace(added.description, side=before.side, view=before.view)
        self._scene.emit_current_lesion_changed()

    def remove(self) -> None:
        """Delete the current lesion; `restore` brings it back until the program ends."""
        frame_lesions = self._scene.frame_lesions
        if frame_lesions is None or self.refuses():
            return
        work = frame_lesions.current
        if work.blank and len(frame_lesions.lesions) == 1:
            return
        work.mask.end()
        title = work.title
        frame_lesions.remove(work)
        frame_lesions.as_deleted = frame_lesions.steps
        self._scene.emit_current_lesion_changed()
        if work in frame_lesions.removed:
            self._scene.noted.emit(f"{title} was deleted. Undo restores it.")

    @property
    def deleted_last(self) -> bool:
        """Whether a lesion of this frame was deleted, and nothing has been drawn or measured since."""
        frame_lesions = self._scene.frame_lesions
        return (
            frame_lesions is not None
            and bool(frame_lesions.removed)
            and frame_lesions.steps == frame_lesions.as_deleted
        )

    @property
    def unfinished(self) -> list[PlacedLesion]:
        """The lesions with an open polygon or livewire."""
        here = self._scene.work if self._scene.line_open() else None
        return [placed for placed in self.placed() if placed.work is here or placed.work.unfinished is not None]

    def restore(self) -> None:
        """Restore the lesion of this frame that was deleted last."""
        frame_lesions = self._scene.frame_lesions
        if frame_lesions is not None and frame_lesions.restore() is not None:
            self._scene.emit_current_lesion_changed()

    def add_earlier(self, stored: StoredLesion) -> None:
        """Add a replaced outline from the store as a further lesion of the current frame, and make it the current
        one."""
        frame_lesions = self._scene.frame_lesions
        if frame_lesions is None or (stored.rows, stored.columns) != frame_lesions.shape:
            return
        self.add()
        work, mask = frame_lesions.current, stored.mask()
        work.mask.replace(mask.pixels, mask.author, mask.source, mask.notes)
        work.comment = stored.comment
        if stored.description is not None:
            # A new identity: the original lesion may still be marked on this image.
            work.description = dataclasses.replace(stored.description, identity=Description().identity)
        if stored.stored_sitting is not None:
            # The reader's assessment, in a new sitting; measurements are proposed again.
            with suppress(UserError, ValueError):
                work.sitting.assessment = sitting_from(stored.stored_sitting).assessment.without_measured()
        self._scene.emit_current_lesion_changed()
        self._scene.emit_mask_changed(None)

    def describe(self, work: LesionWork, description: Description) -> None:
        """Take over the reader's description of a lesion, which may have been deleted meanwhile. What applies to the
        lesion is copied to its other views, and the side to all lesions on the image."""
        before = work.description
        if before != description:
            if before.identity != description.identity:
                before = Description()
            work.description = description
            for other in self.other_views(work):
                work.description = work.description.agreeing(Description(), other.description)
            for other in self.other_views(work):
                other.description = other.description.agreeing(before, work.description)
            for other in self.on_frame if work in self.on_frame else ():
                other.description = other.description.agreeing(before, work.description, OF_THE_IMAGE)
            self._scene.emit_lesion_changed()

    def comment(self, work: LesionWork, text: str) -> None:
        """Take over the reader's comment on a lesion."""
        if text != work.comment:
            work.comment = text
            self._scene.commentChanged.emit()

    def toggle_shown(self, work: LesionWork | None = None) -> None:
        """Show or hide a lesion's outline (None: of the current lesion)."""
        work = work or self._scene.work
        if work is not None:
            work.shown = not work.shown
            self._scene.emit_lesion_changed()

    def toggle_locked(self, work: LesionWork | None = None) -> None:
        """Lock a lesion (None: the current one), so that its outline cannot be changed, or unlock it."""
        work = work or self._scene.work
        if work is not None:
            work.mask.end()
            work.locked = not work.locked
            self._scene.emit_lesion_changed()

    def refuses(self) -> bool:
        """Return whether the current lesion is locked, and tell the user if it is."""
        work = self._scene.work
        if work is None or not work.locked:
            return False
        self._scene.failed.emit(
            UserError(f"{work.title} is locked.", "Unlock it first, in the list of lesions or with Lesion > Locked.")
        )
        return True

    def marked(self, study: Study, index: int) -> bool:
        """Return whether frame `index` (from 0) of `study` has an outline."""
        frame_lesions = self._autosaver.get(study, index)
        return frame_lesions is not None and frame_lesions.marked

    def earlier_outlines(self) -> list[EarlierOutline]:
        """Return the outlines of the current image that were replaced by others, newest first.

        Raises:
            UserError: the store cannot be read.
        """
        frame_lesions = self._scene.frame_lesions
        return [] if frame_lesions is None else self._autosaver.earlier(frame_lesions)

    # -- the same lesion on several images

    @property
    def has_views(self) -> bool:
        """Whether the current lesion is marked in more than one view; cached, as it is read on every move of a
        brush."""
        here = self._scene.work
        if here is None:
            return False
        known = (here, here.description.identity, here.mask.empty)
        if self._views_key != known:
            self._views_key, self._has_views = known, len(self.views()) > 1
        return self._has_views

    def views(self) -> list[PlacedLesion]:
        """Return the marked views of the current lesion, the current one first; views on another patient's images
        are left out."""
        here, study = self._scene.work, self._scene.study
        if here is None or study is None:
            return []
        views = [
            placed
            for placed in self._marked()
            if placed.work.description.identity == here.description.identity and _same_patient(placed.study, study)
        ]
        return sorted(views, key=lambda view: view.work is not here)

    def other_views(self, work: LesionWork) -> list[LesionWork]:
        """Return the other views of a lesion, on images that have been shown; another patient's are left out."""
        all_placed = self.placed()
        own_study = next((placed.study for placed in all_placed if placed.work is work), None)
        return [
            placed.work
            for placed in all_placed
            if placed.work is not work
            and placed.work.description.identity == work.description.identity
            and (own_study is None or _same_patient(placed.study, own_study))
        ]

    def _update_descriptions(self) -> None:
        """Update the lesions of an image about to be shown with what was described in their other views meanwhile."""
        for work in self.on_frame:
            for other in self.other_views(work):
                work.description = work.description.agreeing(Description(), other.description)

    def elsewhere(self) -> list[PlacedLesion]:
        """Return the marked lesions on other images that could be views of the current lesion. Left out are lesions
        of another patient, and lesions that another lesion on this image is a view of."""
        here, study = self._scene.work, self._scene.study
        if here is None or study is None:
            return []
        marked = self._marked()
        same_image = {work.description.identity for work in self.on_frame if work is not here}
        other_patient = {
            placed.work.description.identity for placed in marked if not _same_patient(placed.study, study)
        }
        return [
            placed
            for placed in marked
            if placed.work not in self.on_frame and placed.work.description.identity not in same_image | other_patient
        ]

    def identity_with(self, other: LesionWork | None) -> str:
        """Return the identity for a further view of lesion `other`, or a new identity (None)."""
        return (Description() if other is None else other.description).identity

    def placed(self) -> list[PlacedLesion]:
        """Return every lesion on the frames that have been shown, each once, as an image may be open under two
        names."""
        by_work = {
            work: PlacedLesion(study, frame_lesions.frame, work)
            for study, frames in self._autosaver.by_study(self._scene.studies)
            for frame_lesions in frames
            for work in frame_lesions.lesions
        }
        return list(by_work.values())

    def of_examination(self) -> list[PlacedLesion]:
        """Return every lesion of the current examination, on the frames that have been shown."""
        study = self._scene.study
        if study is None:
            return []
        all_placed = self.placed()
        own = {placed.work.description.identity for placed in all_placed if placed.study is study}
        return [
            placed
            for placed in all_placed
            if placed.study is study
            or _same_examination(placed.study.facts, study.facts)
            or placed.work.description.identity in own
        ]

    def studies_of_examination(self) -> list[Study]:
        """Return the studies with lesions of the current examination, each once."""
        return list(dict.fromkeys(placed.study for placed in self.of_examination()))

    def _marked(self) -> list[PlacedLesion]:
        return [placed for placed in self.placed() if not placed.work.mask.empty]

    def choose_for_copy(self, work: LesionWork, pixels: Bool) -> None:
        """Choose the lesion on the current frame that `work` of another frame is to be copied to: the same lesion if
        it is marked here, or an overlapping one that has no other views; otherwise a blank one. No other lesion is
        overwritten."""
        identity = work.description.identity
        same = [lesion for lesion in self.on_frame if lesion.description.identity == identity]
        alone = [lesion for lesion in self.on_frame if overlaps(pixels, (lesion,)) and self._alone(lesion)]
        if chosen := next(iter(same + alone), None):
            self.choose(chosen)
        else:
            self.add()

    def link(self, work: LesionWork) -> None:
        """Make the current lesion a view of the lesion `work` of another frame; its description stays."""
        here = self._scene.work
        if here is not None and here.description.identity != work.description.identity:
            own, known = here.description, work.description
            view = own.view or known.view
            self.describe(here, dataclasses.replace(own, identity=known.identity, view=view))

    def _alone(self, work: LesionWork) -> bool:
        """Return whether no other outline belongs to the same lesion."""
        identity = work.description.identity
        return not any(
            other.work is not work and other.work.description.identity == identity for other in self._marked()
        )

    # -- updates

    def look_again(self) -> None:
        """Update the display: another window has changed the lesions in the store."""
        self._scene.emit_lesion_changed()
        self._scene.maskChanged.emit(None)

    def _forget_views(self) -> None:
        self._views_key = None

    def _show_edited(self) -> None:
        """Show a hidden outline when it is drawn on."""
        if self._scene.work is not None and not self._scene.work.shown:
            self.toggle_shown()


def _same_patient(first: Study, second: Study) -> bool:
    """Return whether two files may belong to one patient: nothing in them contradicts it."""
    return not two_patients((first.facts, second.facts))


def overlaps(pixels: Bool, others: tuple[LesionWork, ...]) -> bool:
    """Return whether a mask shares a pixel with an outline of `others`."""
    return any(bool((pixels & other.mask.pixels).any()) for other in others if not other.mask.empty)


def _same_examination(first: StudyFacts, second: StudyFacts) -> bool:
    """Return whether two files belong to one study of one patient by their headers; if a file does not name its
    study, by patient, date and accession number."""
    if two_patients((first, second)):
        return False
    if first.study_uid and second.study_uid:
        return first.study_uid == second.study_uid and first.patient_id == second.patient_id
    known = (first.patient_id, first.study_date)
    return all(known) and known == (second.patient_id, second.study_date) and first.accession == second.accession
