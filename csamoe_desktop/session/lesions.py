"""The lesions on the frame in view: which is at hand, and what the reader does with them as a whole."""

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
    """A lesion and where it is: the study and the index of the frame."""

    study: Study
    frame: int
    work: LesionWork

    @property
    def words(self) -> str:
        """Say which it is among those of all open images."""
        place = self.work.description.place()
        return f"{self.work.title} in {self.where}{f' ({place})' if place else ''}"

    @property
    def where(self) -> str:
        """Say which image it is on."""
        return self.study.name + (f", frame {self.frame + 1}" if self.study.frame_count > 1 else "")


class Lesions(QObject):
    """The lesions of the scene; `lesionChanged` and `currentLesionChanged` follow what is done here."""

    def __init__(self, scene: Scene, autosaver: Autosaver) -> None:
        super().__init__(scene)
        self._scene = scene
        self._autosaver = autosaver
        self._known: tuple[LesionWork, str, bool] | None = None
        self._has_views = False
        scene.lesionArriving.connect(self._agree)
        for signal in (scene.lesionArriving, scene.lesionChanged):
            signal.connect(self._forget_views)
        scene.maskChanged.connect(self._show_edited)

    @property
    def there(self) -> tuple[LesionWork, ...]:
        """The lesions on the frame in view, by number; one that is blank where nothing is marked."""
        frame_lesions = self._scene.frame_lesions
        return () if frame_lesions is None else tuple(frame_lesions.lesions)

    @property
    def can_add(self) -> bool:
        """Whether there is a frame, and no lesion on it still to be marked."""
        return bool(self.there) and not any(work.blank for work in self.there)

    @property
    def can_restore(self) -> bool:
        """Whether a lesion was deleted on this frame."""
        return self._scene.frame_lesions is not None and bool(self._scene.frame_lesions.removed)

    def choose(self, work: LesionWork) -> None:
        """Take a lesion of the frame in view in hand."""
        frame_lesions = self._scene.frame_lesions
        if frame_lesions is None or work is frame_lesions.current or work not in frame_lesions.lesions:
            return
        frame_lesions.current.mask.end()
        frame_lesions.current = work
        self._scene.lesion_turned()

    def choose_next(self) -> None:
        """Take the next lesion in hand, after the last the first."""
        if self.there and self._scene.work is not None:
            place = self.there.index(self._scene.work)
            self.choose(self.there[(place + 1) % len(self.there)])

    def add(self) -> None:
        """Begin another lesion on this frame; one that is still blank is taken in hand instead."""
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
        # The breast and the way the probe was held are the image's.
        added.description = dataclasses.replace(added.description, side=before.side, view=before.view)
        self._scene.lesion_turned()

    def remove(self) -> None:
        """Delete the lesion at hand; `restore` brings it back as long as the program runs."""
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
        self._scene.lesion_turned()
        if work in frame_lesions.removed:
            self._scene.noted.emit(f"{title} was deleted. Undo brings it back.")

    @property
    def deleted_last(self) -> bool:
        """Whether a lesion of this frame was deleted, and nothing was drawn or measured since."""
        frame_lesions = self._scene.frame_lesions
        return (
            frame_lesions is not None
            and bool(frame_lesions.removed)
            and frame_lesions.steps == frame_lesions.as_deleted
        )

    @property
    def unfinished(self) -> list[PlacedLesion]:
        """The lesions with a polygon or livewire that is not closed."""
        here = self._scene.work if self._scene.line_open() else None
        return [one for one in self.placed() if one.work is here or one.work.unfinished is not None]

    def restore(self) -> None:
        """Bring back the lesion of this frame that was deleted last."""
        frame_lesions = self._scene.frame_lesions
        if frame_lesions is not None and frame_lesions.restore() is not None:
            self._scene.lesion_turned()

    def bring_back(self, kept: StoredLesion) -> None:
        """Add an outline that had to make way for another as a further lesion of the frame in view, and take it in hand."""
        frame_lesions = self._scene.frame_lesions
        if frame_lesions is None or (kept.rows, kept.columns) != frame_lesions.shape:
            return
        self.add()
        work, mask = frame_lesions.current, kept.mask()
        work.mask.replace(mask.pixels, mask.author, mask.source, mask.notes)
        work.comment = kept.comment
        if kept.description is not None:
            # A lesion of its own: the one it once was may still be marked beside it.
            work.description = dataclasses.replace(kept.description, identity=Description().identity)
        if kept.stored_sitting is not None:
            # What the reader said of it, in a sitting of its own; what was measured is proposed again.
            with suppress(UserError, ValueError):
                work.sitting.assessment = sitting_from(kept.stored_sitting).assessment.without_measured()
        self._scene.lesion_turned()
        self._scene.mask_edited(None)

    def describe(self, work: LesionWork, description: Description) -> None:
        """Take what the reader says a lesion is called and where it lies; it may have gone meanwhile. What is so of the
        lesion is said of its other views too, and the side of all on the image."""
        before = work.description
        if before != description:
            if before.identity != description.identity:
                before = Description()
            work.description = description
            for other in self.other_views(work):
                work.description = work.description.agreeing(Description(), other.description)
            for other in self.other_views(work):
                other.description = other.description.agreeing(before, work.description)
            for other in self.there if work in self.there else ():
                other.description = other.description.agreeing(before, work.description, OF_THE_IMAGE)
            self._scene.tell_lesion()

    def comment(self, work: LesionWork, text: str) -> None:
        """Take the reader's comment on a lesion."""
        if text != work.comment:
            work.comment = text
            self._scene.commentChanged.emit()

    def toggle_shown(self, work: LesionWork | None = None) -> None:
        """Show a lesion's outline (None: of the one at hand) or hide it."""
        work = work or self._scene.work
        if work is not None:
            work.shown = not work.shown
            self._scene.tell_lesion()

    def toggle_locked(self, work: LesionWork | None = None) -> None:
        """Lock a lesion (None: the one at hand), so that its outline cannot be changed, or unlock it."""
        work = work or self._scene.work
        if work is not None:
            work.mask.end()
            work.locked = not work.locked
            self._scene.tell_lesion()

    def refuses(self) -> bool:
        """Return whether the lesion at hand is locked, and if so say it."""
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
        """Return the outlines of the image in view that had to make way for others, the newest first.

        Raises:
            UserError: the store cannot be read.
        """
        frame_lesions = self._scene.frame_lesions
        return [] if frame_lesions is None else self._autosaver.earlier(frame_lesions)

    # -- the same lesion on several images

    @property
    def has_views(self) -> bool:
        """Whether the lesion at hand is marked in more than one view; quick, as it is asked with every move of a brush."""
        here = self._scene.work
        if here is None:
            return False
        known = (here, here.description.identity, here.mask.empty)
        if self._known != known:
            self._known, self._has_views = known, len(self.views()) > 1
        return self._has_views

    def views(self) -> list[PlacedLesion]:
        """Return the marked views of the lesion at hand, the one at hand first; one that another patient's image shows is
        none."""
        here, study = self._scene.work, self._scene.study
        if here is None or study is None:
            return []
        same = [
            one
            for one in self._marked()
            if one.work.description.identity == here.description.identity and _one_patient(one.study, study)
        ]
        return sorted(same, key=lambda one: one.work is not here)

    def other_views(self, work: LesionWork) -> list[LesionWork]:
        """Return what is of the same lesion on the other images that were in view; another patient's is not."""
        placed = self.placed()
        own = next((one.study for one in placed if one.work is work), None)
        return [
            one.work
            for one in placed
            if one.work is not work
            and one.work.description.identity == work.description.identity
            and (own is None or _one_patient(one.study, own))
        ]

    def _agree(self) -> None:
        """An image comes into view: what was said of its lesions in other views meanwhile holds here too."""
        for work in self.there:
            for other in self.other_views(work):
                work.description = work.description.agreeing(Description(), other.description)

    def elsewhere(self) -> list[PlacedLesion]:
        """Return the marked lesions on other images that may be the one at hand in another view: those of another patient,
        or of which another lesion on this image is a view, are not."""
        here, study = self._scene.work, self._scene.study
        if here is None or study is None:
            return []
        marked = self._marked()
        beside = {one.description.identity for one in self.there if one is not here}
        foreign = {one.work.description.identity for one in marked if not _one_patient(one.study, study)}
        return [
            one
            for one in marked
            if one.work not in self.there and one.work.description.identity not in beside | foreign
        ]

    def identity_with(self, other: LesionWork | None) -> str:
        """Return the identity of a view of the lesion that `other` marks, or (None) of a lesion of its own."""
        return (Description() if other is None else other.description).identity

    def placed(self) -> list[PlacedLesion]:
        """Return every lesion on the frames that were in view, each once: an image may be open under two names."""
        found = {
            work: PlacedLesion(study, frame_lesions.frame, work)
            for study, frames in self._autosaver.by_study(self._scene.studies)
            for frame_lesions in frames
            for work in frame_lesions.lesions
        }
        return list(found.values())

    def of_examination(self) -> list[PlacedLesion]:
        """Return every lesion of the examination in view, on the frames that were in view."""
        study = self._scene.study
        if study is None:
            return []
        placed = self.placed()
        here = {one.work.description.identity for one in placed if one.study is study}
        return [
            one
            for one in placed
            if one.study is study
            or _one_examination(one.study.facts, study.facts)
            or one.work.description.identity in here
        ]

    def studies_of_examination(self) -> list[Study]:
        """Return the studies with lesions of the examination in view, each once."""
        return list(dict.fromkeys(one.study for one in self.of_examination()))

    def _marked(self) -> list[PlacedLesion]:
        return [one for one in self.placed() if not one.work.mask.empty]

    def make_room(self, work: LesionWork, pixels: Bool) -> None:
        """Take in hand, on the frame now in view, what `work` of another frame is to be copied to: the same lesion where it
        is marked here, or one that lies there and is no other frame's; else a blank one. None is another lesion's."""
        identity = work.description.identity
        same = [one for one in self.there if one.description.identity == identity]
        alone = [one for one in self.there if overlaps(pixels, (one,)) and self._alone(one)]
        if chosen := next(iter(same + alone), None):
            self.choose(chosen)
        else:
            self.add()

    def link(self, work: LesionWork) -> None:
        """From now on the lesion at hand is the one that `work` of another frame is; what is said of it stays."""
        here = self._scene.work
        if here is not None and here.description.identity != work.description.identity:
            own, known = here.description, work.description
            view = own.view or known.view
            self.describe(here, dataclasses.replace(own, identity=known.identity, view=view))

    def _alone(self, work: LesionWork) -> bool:
        """Return whether no other outline is of the same lesion."""
        identity = work.description.identity
        return not any(one.work is not work and one.work.description.identity == identity for one in self._marked())

    # -- telling

    def look_again(self) -> None:
        """Which there are may be different: another window works with the same store."""
        self._scene.tell_lesion()
        self._scene.maskChanged.emit(None)

    def _forget_views(self) -> None:
        self._known = None

    def _show_edited(self, box: object | None) -> None:
        """What is drawn on is shown."""
        if self._scene.work is not None and not self._scene.work.shown:
            self.toggle_shown()


def _one_patient(one: Study, other: Study) -> bool:
    """Return whether two files may be of one patient: none says otherwise."""
    return not two_patients((one.facts, other.facts))


def overlaps(pixels: Bool, others: tuple[LesionWork, ...]) -> bool:
    """Return whether a mask shares a pixel with an outline of `others`."""
    return any(bool((pixels & one.mask.pixels).any()) for one in others if not one.mask.empty)


def _one_examination(one: StudyFacts, other: StudyFacts) -> bool:
    """Return whether two files say that they are of one patient's one study; where a file does not name its study, by
    patient, date and accession."""
    if two_patients((one, other)):
        return False
    if one.study_uid and other.study_uid:
        return one.study_uid == other.study_uid and one.patient_id == other.patient_id
    known = (one.patient_id, one.study_date)
    return all(known) and known == (other.patient_id, other.study_date) and one.accession == other.accession
