"""The session as a whole: the scene and the objects that work on it, put together."""

from pathlib import Path

from PySide6.QtCore import QObject

from csamoe_desktop import paths
from csamoe_desktop.session.assessing import Assessing
from csamoe_desktop.session.autosaver import Autosaver
from csamoe_desktop.session.calibration import HandCalibration
from csamoe_desktop.session.calipers import Calipers
from csamoe_desktop.session.chosen_model import ChosenModel
from csamoe_desktop.session.cine import Cine
from csamoe_desktop.session.closer_look import CloserLook
from csamoe_desktop.session.examinations import Examinations
from csamoe_desktop.session.frame_cache import FrameCache
from csamoe_desktop.session.lesion_frames import LesionFrames
from csamoe_desktop.session.lesion_views import ShownViews
from csamoe_desktop.session.lesions import Lesions
from csamoe_desktop.session.mask_commands import MaskCommands
from csamoe_desktop.session.mask_editor import MaskEditor
from csamoe_desktop.session.measurements import Measurements
from csamoe_desktop.session.navigation import Navigation
from csamoe_desktop.session.open_studies import OpenStudies
from csamoe_desktop.session.proposals import Proposals
from csamoe_desktop.session.reader_assessments import ReaderAssessments
from csamoe_desktop.session.reports import REPORTING, Reports
from csamoe_desktop.session.scene import Scene
from csamoe_desktop.session.shown_result import ShownResult
from csamoe_desktop.session.study_loader import StudyLoader
from csamoe_desktop.session.user_settings import UserSettings
from csamoe_desktop.settings import Settings
from csamoe_desktop.store.autosave import Autosave


class Session(Scene):
    """The scene with its collaborators, each under its name; itself it only opens, counts and closes.

    None of them depends on the order in which they are made: those that bring state up to date before it is shown
    listen to `lesionArriving` and `resultSettling`.
    """

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(settings, parent)
        self.autosaver = Autosaver(Autosave(paths.store_file()), self.jobs, self)
        self.model = ChosenModel(self)
        self.user_settings = UserSettings(self, self.model)
        self.calibration = HandCalibration(self)
        self.calipers = Calipers(self)
        self.frames = FrameCache(self)
        self.navigation = Navigation(self, self.frames, self.autosaver, self.calibration)
        self.cine = Cine(self, self.navigation, self.frames)
        self.open_studies = OpenStudies(self, self.navigation, self.autosaver, self.frames, self.user_settings)
        self.lesions = Lesions(self, self.autosaver)
        self.loader = StudyLoader(self, self.open_studies, self.frames, self.lesions)
        self.mask_editor = MaskEditor(self, self.lesions)
        self.mask_commands = MaskCommands(self, self.mask_editor, self.lesions, self.calipers, self.navigation)
        self.examinations = Examinations(self, self.autosaver, self.lesions)
        self.measurements = Measurements(self, self.calibration)
        self.proposals = Proposals(self, self.mask_editor, self.lesions)
        self.assessing = Assessing(self, self.model, self.lesions, self.calibration)
        self.shown_result = ShownResult(self, self.model, self.assessing)
        self.closer_look = CloserLook(self, self.model, self.shown_result)
        self.assessments = ReaderAssessments(
            self, self.lesions, self.calibration, self.measurements, self.assessing, self.shown_result
        )
        self.lesion_frames = LesionFrames(self.frames, self.calibration)
        self.views = ShownViews(self, self.lesions, self.lesion_frames, self.calibration, self.model, self.shown_result)
        self.reports = Reports(
            self, self.model, self.lesions, self.lesion_frames, self.examinations, self.assessments, self.shown_result
        )
        self.autosaver.failed.connect(self.failed)
        self.autosaver.noted.connect(self.noted)
        self.autosaver.renumbered.connect(self.assessments.save_again)
        self.autosaver.merged.connect(self.lesions.look_again)
        self.autosaver.merged.connect(self.calipers.look_again)
        for changed in (
            self.strokeEnded,
            self.lesionChanged,
            self.commentChanged,
            self.calipers.changed,
            self.assessments.changed,
        ):
            changed.connect(self.autosaver.save_soon)

    def open(self, *paths: Path) -> None:
        """Open files and folders in a worker, one after the other; for each, `studyChanged` or `failed` follows."""
        self.loader.open(*paths)

    def unsaved(self) -> tuple[int, int]:
        """Try to save everything now, and return how many outlines and how many notes could not be saved."""
        outlines, notes = self.autosaver.save_and_count_unsaved()
        return outlines, notes + self.assessments.save_and_count_unsaved()

    def close(self) -> None:
        """Stop all work and wait for it; a report being written is finished. No signal is emitted afterwards."""
        self.user_settings.close()
        self.loader.stop()
        self.proposals.close()
        self.measurements.close()
        self.jobs.finish(REPORTING)
        self.assessments.close()
        self.autosaver.close()
        self.frames.close()
        self.loader.close()
