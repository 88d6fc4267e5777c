"""The report of what is open: of the reading in view, and of all readings that belong with it."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from csamoe_desktop.assess import look_closer
from csamoe_desktop.errors import UserError
from csamoe_desktop.read_views import CombinedResult, read_views
from csamoe_desktop.report.document import LeftOut, Report, ReportInput
from csamoe_desktop.report.letterhead import Letterhead
from csamoe_desktop.report.plain_text import report_text
from csamoe_desktop.report.writing import write_report
from csamoe_desktop.session.chosen_model import ChosenModel
from csamoe_desktop.session.examinations import Examinations
from csamoe_desktop.session.jobs import Job, Outcome
from csamoe_desktop.session.lesion_frames import LesionFrames
from csamoe_desktop.session.lesion_work import LesionWork, ResultState
from csamoe_desktop.session.lesions import Lesions, PlacedLesion
from csamoe_desktop.session.reader_assessments import ReaderAssessments
from csamoe_desktop.session.scene import Scene
from csamoe_desktop.session.shown_result import ShownResult
from csamoe_desktop.study.model import Frame, Study, StudyFacts

REPORTING, PREVIEWING = "reporting", "previewing a report"


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What of all that is ready goes into a report, and what the user typed in.

    Attributes:
        works: the lesions; None: all.
        own_only: the reader's assessment without the AI's.
        patient_name, patient_id: for readings of files that name no patient.
    """

    works: tuple[LesionWork, ...] | None = None
    own_only: bool = False
    patient_name: str = ""
    patient_id: str = ""

    def holds(self, one: PlacedLesion) -> bool:
        """Return whether a lesion goes into the report."""
        return self.works is None or one.work in self.works

    def facts(self, facts: StudyFacts) -> StudyFacts:
        """Return the facts of a file with what the user typed in, marked so; a file that names its patient is believed."""
        typed = {"patient_name": self.patient_name.strip(), "patient_id": self.patient_id.strip()}
        entered = {name: value for name, value in typed.items() if value}
        if facts.patient_name or facts.patient_id or not entered:
            return facts
        return dataclasses.replace(facts, **entered, entered=tuple(entered))  # type: ignore[arg-type]


ALL = Choice()


class Reports:
    """Makes reports of the session's readings; what is veiled, or does not hold any more, is never in one."""

    def __init__(
        self,
        scene: Scene,
        model: ChosenModel,
        lesions: Lesions,
        frames: LesionFrames,
        examinations: Examinations,
        assessments: ReaderAssessments,
        shown: ShownResult,
    ) -> None:
        self._scene = scene
        self._model = model
        self._lesions = lesions
        self._frames_of = frames
        self._examinations = examinations
        self._assessments = assessments
        self._shown = shown

    def in_view(self) -> ReportInput | None:
        """Return what a report of the reading in view is made from, also when it is stale; None before there is one to
        be seen."""
        study, frame, work = self._scene.study, self._scene.frame, self._scene.work
        if study is None or frame is None or work is None or self._shown.result is None:
            return None
        make = self._of(study, work)
        return None if make is None else make(frame)

    def ready(self) -> list[PlacedLesion]:
        """Return the lesions whose readings go into the report: that in view first, then all others that hold, on this
        image, on the other images of the same examination, and of the same lesions elsewhere."""
        scene = self._scene
        here = scene.work
        found = [one for one in self._lesions.of_examination() if self._holds(one.work)]
        return sorted(found, key=lambda one: (one.work is not here, scene.studies.index(one.study), one.frame))

    def left_out(self) -> list[PlacedLesion]:
        """Return the lesions that belong in the report too, but have no reading that holds."""
        return [one for one in self._lesions.of_examination() if not one.work.mask.empty and not self._holds(one.work)]

    def unread_views(self) -> list[str]:
        """Return where the other views of the lesion at hand are that are marked, and have no reading that holds."""
        views = self._lesions.views()[1:]
        return [one.where for one in views if not self._holds(one.work)]

    def text(self) -> str:
        """Return the report of all that is ready as plain text.

        Raises:
            UserError: a frame cannot be decoded any more, or nothing is ready.
        """
        scene = self._scene
        readings = []
        for one in self._seen():
            frame = scene.frame if one.work is scene.work else self._frames_of.frame_of(one)
            if frame is not None and (make := self._of(one.study, one.work)) is not None:
                readings.append(make(frame))
        return report_text(self._document()(readings))

    def preview(self, choice: Choice, done: Callable[[Report], None], failed: Callable[[BaseException], None]) -> None:
        """Make the report of what is chosen in the worker, without looking closer, and call `done` with it."""
        scene = self._scene
        chosen = [one for one in self.ready() if choice.holds(one)]
        makes = [(one, make) for one in chosen if (make := self._of(one.study, one.work, choice)) is not None]
        here, frame, document = scene.work, scene.frame, self._document(choice)

        def make_all(job: Job) -> Report:
            return document(
                [
                    make(frame if one.work is here and frame is not None else self._frames_of.frame_of(one))
                    for one, make in makes
                ]
            )

        scene.jobs.submit(PREVIEWING, make_all, Outcome(done, failed))

    def export(self, path: Path, done: Callable[[Path], None], choice: Choice = ALL) -> None:
        """Write the report of what is chosen in the worker; `done` is called with `path`, or `failed` follows."""
        scene, work = self._scene, self._scene.work
        if work is None or self._shown.result is None or work.result_mask is None:
            scene.failed.emit(UserError("There is no reading to report.", "Mark the lesion and assess it first."))
            return
        if self._shown.state is not ResultState.DONE:
            scene.failed.emit(UserError("The reading does not hold for what is on the screen.", "Assess again first."))
            return
        ready = [one for one in self._seen() if choice.holds(one)]
        model, device = self._model.name, scene.settings.device
        versions = [(one.work, one.work.mask.version, one.work.comment) for one in ready]
        makes = [(one, make) for one in ready if (make := self._of(one.study, one.work, choice)) is not None]
        frames = {work: scene.frame}
        document = self._document(choice)

        def write(job: Job) -> str:
            readings = []
            for one, make in makes:
                frame = frames.get(one.work) or self._frames_of.frame_of(one)
                given = make(frame)
                if not given.ai_result.looked_closer:
                    # Paper is not written before all is known of the reading.
                    closer = look_closer(
                        frame, given.mask.pixels, self._model.load(job, model, device), given.ai_result
                    )
                    given = dataclasses.replace(given, ai_result=closer)
                readings.append(given)
            return write_report(path, document(readings))

        def written(unsigned: str) -> None:
            for one, version, comment in versions:
                one.reported_version, one.reported_comment = version, comment
            self._assessments.keep()
            done(path)
            if unsigned:
                scene.noted.emit(unsigned)

        scene.jobs.submit(REPORTING, write, Outcome(written, scene.failed.emit))

    def _document(self, choice: Choice = ALL) -> Callable[[list[ReportInput]], Report]:
        """Return what makes a document of readings, with paper, language and head as they are now."""
        settings, said = self._scene.settings, self._examinations.now
        language, letterhead = settings.report_language, Letterhead(settings.institution, settings.logo)
        left = (
            *(_left_out(one) for one in self.left_out()),
            *(_left_out(one, chosen=True) for one in self.ready() if not choice.holds(one)),
        )
        return lambda readings: Report(tuple(readings), language, letterhead, said, left, choice.own_only)

    def _seen(self) -> list[PlacedLesion]:
        """Return what is ready; what it says is seen from now on, and what the reader has said is the first read."""
        ready = self.ready()
        for one in ready:
            self._assessments.seen(one.work)
        return ready

    def together(self) -> CombinedResult | None:
        """Return what the readings of the views of the lesion at hand come to, that in view first; None where it has no
        second one that holds."""
        views = [one.work for one in self._lesions.views()]
        held = [work.ai_result for work in views if self._holds(work) and work.ai_result is not None]
        return read_views(held) if len(held) > 1 and self._holds(views[0]) else None

    def _holds(self, work: LesionWork) -> bool:
        holds = work.state(self._model.name, self._model.needs_outline) is ResultState.DONE
        return holds and work.result_mask is not None and not self._shown.hides(work)

    def _of(self, study: Study, work: LesionWork, choice: Choice = ALL) -> Callable[[Frame], ReportInput] | None:
        """Return what makes the report's input of a lesion's reading once its frame is there."""
        settings, ai_result, mask = self._scene.settings, work.ai_result, work.result_mask
        if ai_result is None or mask is None:
            return None
        reads, comment, calipers = self._assessments.record(work), work.comment, work.calipers.now
        created, description = datetime.now().astimezone(), work.description

        def make(frame: Frame) -> ReportInput:
            return ReportInput(
                study_name=study.name,
                facts=choice.facts(study.facts),
                frame=frame,
                frame_count=study.frame_count,
                mask=mask,
                ai_result=ai_result,
                reader=settings.reader,
                comment=comment,
                created=created,
                notes=study.notes,
                reads=reads,
                calipers=calipers,
                prevalence=settings.malignancy_rate,
                description=description,
                number=work.number,
            )

        return make


def _left_out(one: PlacedLesion, chosen: bool = False) -> LeftOut:
    work, study = one.work, one.study
    return LeftOut(work.description, work.number, study.path.name, one.frame, study.frame_count, chosen)
