"""The report on the current examination: its AI results and assessments, as preview, file or text."""

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
    """What the user chose for a report, and typed in.

    Attributes:
        works: the lesions; None: all.
        own_only: the reader's assessment without the AI result.
        patient_name, patient_id: for files that name no patient.
    """

    works: tuple[LesionWork, ...] | None = None
    own_only: bool = False
    patient_name: str = ""
    patient_id: str = ""

    def includes(self, placed: PlacedLesion) -> bool:
        """Return whether a lesion goes into the report."""
        return self.works is None or placed.work in self.works

    def facts(self, facts: StudyFacts) -> StudyFacts:
        """Return the facts of a file with the patient data that the user typed, marked as entered; a patient named
        in the file is never replaced."""
        typed = {"patient_name": self.patient_name.strip(), "patient_id": self.patient_id.strip()}
        entered = {name: value for name, value in typed.items() if value}
        if facts.patient_name or facts.patient_id or not entered:
            return facts
        return dataclasses.replace(facts, **entered, entered=tuple(entered))  # type: ignore[arg-type]


ALL = Choice()


class Reports:
    """Makes the session's reports; hidden or outdated AI results are never in one."""

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
        self._lesion_frames = frames
        self._examinations = examinations
        self._assessments = assessments
        self._shown = shown

    def in_view(self) -> ReportInput | None:
        """Return the report's input for the current lesion, even if its AI result is outdated; None if there is no
        result to show."""
        study, frame, work = self._scene.study, self._scene.frame, self._scene.work
        if study is None or frame is None or work is None or self._shown.result is None:
            return None
        make = self._input_maker(study, work)
        return None if make is None else make(frame)

    def ready(self) -> list[PlacedLesion]:
        """Return the lesions whose AI results go into the report: the current one first, then all others with an
        up-to-date result on this image, on other images of the examination, and in other views of these lesions."""
        scene = self._scene
        here = scene.work
        lesions = [placed for placed in self._lesions.of_examination() if self._up_to_date(placed.work)]
        return sorted(
            lesions, key=lambda placed: (placed.work is not here, scene.studies.index(placed.study), placed.frame)
        )

    def left_out(self) -> list[PlacedLesion]:
        """Return the lesions that belong in the report, but have no up-to-date AI result."""
        return [
            placed
            for placed in self._lesions.of_examination()
            if not placed.work.mask.empty and not self._up_to_date(placed.work)
        ]

    def unassessed_views(self) -> list[str]:
        """Return the images of the current lesion's other views that are marked, but have no up-to-date AI result."""
        views = self._lesions.views()[1:]
        return [view.where for view in views if not self._up_to_date(view.work)]

    def text(self) -> str:
        """Return the report on all lesions that are ready, as plain text.

        Raises:
            UserError: a frame cannot be decoded any more, or nothing is ready.
        """
        scene = self._scene
        inputs = []
        for placed in self._shown_lesions():
            frame = scene.frame if placed.work is scene.work else self._lesion_frames.frame_of(placed)
            if frame is not None and (make := self._input_maker(placed.study, placed.work)) is not None:
                inputs.append(make(frame))
        return report_text(self._document()(inputs))

    def preview(self, choice: Choice, done: Callable[[Report], None], failed: Callable[[BaseException], None]) -> None:
        """Make the report of the chosen lesions in a worker, without computing missing ranges, and call `done` with
        it."""
        scene = self._scene
        chosen = [placed for placed in self.ready() if choice.includes(placed)]
        makers = [
            (placed, make)
            for placed in chosen
            if (make := self._input_maker(placed.study, placed.work, choice)) is not None
        ]
        here, frame, document = scene.work, scene.frame, self._document(choice)

        def make_all(job: Job) -> Report:
            return document(
                [
                    make(frame if placed.work is here and frame is not None else self._lesion_frames.frame_of(placed))
                    for placed, make in makers
                ]
            )

        scene.jobs.submit(PREVIEWING, make_all, Outcome(done, failed))

    def export(self, path: Path, done: Callable[[Path], None], choice: Choice = ALL) -> None:
        """Write the report of the chosen lesions in a worker; `done` is called with `path`, or `failed` follows."""
        scene, work = self._scene, self._scene.work
        if work is None or self._shown.result is None or work.result_mask is None:
            scene.failed.emit(UserError("There is no AI result to report.", "Mark the lesion and assess it first."))
            return
        if self._shown.state is not ResultState.DONE:
            scene.failed.emit(UserError("The AI result is outdated.", "Assess again, then export the report."))
            return
        ready = [placed for placed in self._shown_lesions() if choice.includes(placed)]
        model, device = self._model.name, scene.settings.device
        versions = [(placed.work, placed.work.mask.version, placed.work.comment) for placed in ready]
        makers = [
            (placed, make)
            for placed in ready
            if (make := self._input_maker(placed.study, placed.work, choice)) is not None
        ]
        frames = {work: scene.frame}
        document = self._document(choice)

        def write(job: Job) -> str:
            inputs = []
            for placed, make in makers:
                frame = frames.get(placed.work) or self._lesion_frames.frame_of(placed)
                report_input = make(frame)
                if not report_input.ai_result.looked_closer:
                    # A report is written only with the complete AI result.
                    complete = look_closer(
                        frame, report_input.mask.pixels, self._model.load(job, model, device), report_input.ai_result
                    )
                    report_input = dataclasses.replace(report_input, ai_result=complete)
                inputs.append(report_input)
            return write_report(path, document(inputs))

        def written(unsigned: str) -> None:
            for reported, version, comment in versions:
                reported.reported_version, reported.reported_comment = version, comment
            self._assessments.save()
            done(path)
            if unsigned:
                scene.noted.emit(unsigned)

        scene.jobs.submit(REPORTING, write, Outcome(written, scene.failed.emit))

    def _document(self, choice: Choice = ALL) -> Callable[[list[ReportInput]], Report]:
        """Return a function that makes a report from its inputs, with the present language, letterhead and texts."""
        settings, examination = self._scene.settings, self._examinations.now
        language, letterhead = settings.report_language, Letterhead(settings.institution, settings.logo)
        left_out = (
            *(_left_out(placed) for placed in self.left_out()),
            *(_left_out(placed, chosen=True) for placed in self.ready() if not choice.includes(placed)),
        )
        return lambda inputs: Report(tuple(inputs), language, letterhead, examination, left_out, choice.own_only)

    def _shown_lesions(self) -> list[PlacedLesion]:
        """Return the lesions that are ready, and note that their AI results are shown from now on: assessments given
        so far are first assessments."""
        ready = self.ready()
        for placed in ready:
            self._assessments.note_seen(placed.work)
        return ready

    def combined(self) -> CombinedResult | None:
        """Return the combined AI result of the current lesion's views, the current view first; None if there is no
        second view with an up-to-date result."""
        views = [placed.work for placed in self._lesions.views()]
        results = [work.ai_result for work in views if self._up_to_date(work) and work.ai_result is not None]
        return read_views(results) if len(results) > 1 and self._up_to_date(views[0]) else None

    def _up_to_date(self, work: LesionWork) -> bool:
        up_to_date = work.state(self._model.name, self._model.needs_outline) is ResultState.DONE
        return up_to_date and work.result_mask is not None and not self._shown.hides(work)

    def _input_maker(
        self, study: Study, work: LesionWork, choice: Choice = ALL
    ) -> Callable[[Frame], ReportInput] | None:
        """Return a function that makes the report's input for a lesion once its frame is decoded."""
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


def _left_out(placed: PlacedLesion, chosen: bool = False) -> LeftOut:
    work, study = placed.work, placed.study
    return LeftOut(work.description, work.number, study.path.name, placed.frame, study.frame_count, chosen)
