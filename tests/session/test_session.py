"""The session on real files with the shipped model."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from csamoe_desktop import paths
from csamoe_desktop.assess import assess
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import DEFAULT, find_bundle
from csamoe_desktop.lesion.files.formats import MaskSizeMismatch
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.session.chosen_model import LOADING
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.session.reports import REPORTING
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import load_settings
from csamoe_desktop.study.phantom import DemoStudy

Open = Callable[..., None]
Do = Callable[[Session], None]


@pytest.fixture
def failures(session: Session) -> list[BaseException]:
    told: list[BaseException] = []
    session.failed.connect(told.append)
    return told


@pytest.fixture
def notes(session: Session) -> list[str]:
    told: list[str] = []
    session.noted.connect(told.append)
    return told


def test_an_opened_file_is_in_view_and_among_the_recent_ones(
    session: Session, open_files: Open, demo: DemoStudy
) -> None:
    told: list[str] = []
    session.studyChanged.connect(lambda: told.append("study"))
    session.frameChanged.connect(lambda: told.append("frame"))
    assert session.shown_result.state is ResultState.NO_STUDY
    open_files(session, demo.smooth)
    assert session.study is not None
    assert session.study.path == demo.smooth
    assert session.frame is not None
    assert session.frame.spacing is not None
    assert told == ["study", "frame"]
    assert session.shown_result.state is ResultState.NO_MASK
    assert load_settings().recent_files == (str(demo.smooth),)


def test_several_files_open_in_order_and_a_bad_one_does_not_stop_the_rest(
    session: Session, open_files: Open, demo: DemoStudy, small_png: Path, tmp_path: Path, failures: list[BaseException]
) -> None:
    (tmp_path / "bad.dcm").write_bytes(b"not an image at all")
    open_files(session, demo.smooth, tmp_path / "bad.dcm", tmp_path / "missing.png", small_png)
    assert [study.path for study in session.studies] == [demo.smooth, small_png]
    assert session.study is session.studies[1]
    assert [type(problem) for problem in failures] == [UserError, UserError]


def test_what_a_file_notes_is_told(session: Session, open_files: Open, small_png: Path, notes: list[str]) -> None:
    open_files(session, small_png)
    assert session.study is not None
    assert notes == list(session.study.notes)


def test_a_file_opened_again_stays_one_study_with_its_mask(
    session: Session, open_files: Open, demo: DemoStudy, small_png: Path, mark: Do
) -> None:
    open_files(session, demo.smooth, small_png)
    mark(session)
    open_files(session, demo.smooth)
    open_files(session, small_png)
    assert len(session.studies) == 2
    assert session.mask is not None
    assert not session.mask.empty


def test_masks_stay_with_their_study_and_frame(session: Session, open_files: Open, demo: DemoStudy, mark: Do) -> None:
    open_files(session, demo.smooth, demo.cine)
    cine = session.study
    assert cine is not None
    session.navigation.to_frame(3)
    mark(session)
    session.navigation.to_frame(4)
    assert session.shown_result.state is ResultState.NO_MASK
    session.navigation.to_study(session.studies[0])
    assert session.shown_result.state is ResultState.NO_MASK
    session.navigation.to_study(cine)
    session.navigation.to_frame(3)
    assert session.shown_result.state is ResultState.READY
    assert [session.lesions.marked(cine, index) for index in (2, 3, 4)] == [False, True, False]


def test_frames_are_clipped_to_the_study(session: Session, open_files: Open, demo: DemoStudy) -> None:
    session.navigation.to_frame(3)
    assert session.frame is None
    open_files(session, demo.cine)
    assert session.study is not None
    session.navigation.to_frame(10_000)
    assert session.frame is not None
    assert session.frame.index == session.study.frame_count - 1
    session.navigation.to_frame(-5)
    assert session.frame.index == 0


def test_closing_a_study_brings_the_next_into_view(
    session: Session, open_files: Open, demo: DemoStudy, small_png: Path, mark: Do
) -> None:
    open_files(session, demo.smooth, small_png)
    mark(session)
    session.open_studies.close_current()
    assert session.study is not None
    assert session.study.path == demo.smooth
    session.open_studies.close_current()
    assert (session.study, session.frame, session.studies) == (None, None, [])
    assert session.shown_result.state is ResultState.NO_STUDY
    open_files(session, small_png)
    assert session.shown_result.state is ResultState.READY, "its outline was stored"


def test_a_mask_of_the_right_size_is_imported_as_one_step(session: Session, open_files: Open, demo: DemoStudy) -> None:
    open_files(session, demo.smooth)
    session.mask_commands.import_from(demo.smooth_mask)
    assert session.mask is not None
    assert session.mask.author is Author.IMPORTED
    assert session.mask.source == demo.smooth_mask.name
    area = session.mask.pixels.sum()
    session.mask_commands.clear()
    assert session.mask.empty
    session.mask_commands.undo()
    assert session.mask.pixels.sum() == area
    session.mask_commands.undo()
    assert session.mask.empty
    session.mask_commands.redo()
    assert session.mask.pixels.sum() == area


def test_a_mask_of_another_size_is_refused_unless_it_may_be_resized(
    session: Session, open_files: Open, demo: DemoStudy, small_png: Path, notes: list[str]
) -> None:
    open_files(session, small_png)
    with pytest.raises(MaskSizeMismatch):
        session.mask_commands.import_from(demo.smooth_mask)
    assert session.mask is not None
    assert session.mask.empty
    notes.clear()
    session.mask_commands.import_from(demo.smooth_mask, resize=True)
    assert not session.mask.empty
    assert any("resized" in note for note in notes)
    assert session.mask.notes == tuple(notes), "the report says it too"


def test_a_mask_without_an_image_is_refused(session: Session, demo: DemoStudy) -> None:
    with pytest.raises(UserError, match="no image"):
        session.mask_commands.import_from(demo.smooth_mask)


def test_a_reading_is_that_of_the_command_line_and_goes_stale_with_the_outline(
    session: Session, open_files: Open, demo: DemoStudy, read: Do
) -> None:
    from csamoe_desktop.inference.torch_engine import load_predictor

    open_files(session, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    told: list[float] = []
    session.progressed.connect(lambda share, words: told.append(share))
    read(session)
    assert session.shown_result.state is ResultState.DONE
    assert told == sorted(told)
    assert told
    assert session.frame is not None
    assert session.mask is not None
    expected = assess(session.frame, session.mask.pixels, load_predictor(find_bundle(), "auto"))
    assert session.shown_result.result is not None
    assert session.shown_result.result.prediction.probability == pytest.approx(
        expected.prediction.probability, abs=1e-5
    )
    assert session.model.predictor is not None

    session.mask_commands.clear()
    assert session.shown_result.state is ResultState.OUTDATED
    assert session.shown_result.result is not None
    session.mask_commands.undo()
    assert session.shown_result.state is ResultState.DONE, "the outline is the assessed one again"

    session.user_settings.change(dataclasses.replace(session.settings, device="cpu"))
    assert session.shown_result.state is ResultState.DONE, "another device gives the same AI result"
    session.user_settings.change(dataclasses.replace(session.settings, model="other"))
    assert session.shown_result.state is ResultState.OUTDATED
    assert session.work is not None
    assert (
        session.work.outdated_because(session.model.name)
        == f"This AI result is from {DEFAULT}; the model chosen now is other."
    )


def test_a_second_reading_supersedes_the_first(
    session: Session, open_files: Open, demo: DemoStudy, read: Do, qtbot: QtBot
) -> None:
    open_files(session, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    arrived: list[object] = []
    session.resultChanged.connect(
        lambda: (
            arrived.append(session.shown_result.result) if session.shown_result.result not in (None, *arrived) else None
        )
    )
    session.assessing.begin()
    assert session.mask is not None
    session.mask_commands.import_from(demo.smooth_mask)
    version = session.mask.version
    read(session)
    assert len(arrived) == 1
    assert session.work is not None
    assert session.work.result_version == version
    assert session.work.result_mask is not None
    assert np.array_equal(session.work.result_mask.pixels, session.mask.pixels)


def test_a_reading_lands_on_the_frame_it_was_asked_for(
    session: Session, open_files: Open, demo: DemoStudy, mark: Do, qtbot: QtBot
) -> None:
    open_files(session, demo.cine)
    mark(session)
    session.assessing.begin()
    assert session.shown_result.state is ResultState.RUNNING
    session.navigation.to_frame(2)
    assert session.shown_result.state is ResultState.NO_MASK
    qtbot.waitUntil(lambda: not session.jobs.busy("assessing"), timeout=60_000)
    assert session.shown_result.result is None
    session.navigation.to_frame(0)
    assert session.shown_result.state is ResultState.DONE


def test_a_cancelled_reading_leaves_what_was_there(
    session: Session, open_files: Open, demo: DemoStudy, mark: Do
) -> None:
    open_files(session, demo.smooth)
    mark(session)
    session.assessing.begin()
    session.assessing.cancel()
    assert session.shown_result.state is ResultState.READY
    session.close()
    assert session.shown_result.result is None


def test_a_reading_that_fails_says_why_until_the_outline_changes(
    session: Session, open_files: Open, demo: DemoStudy, mark: Do, read: Do, failures: list[BaseException],
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(tmp_path))
    open_files(session, demo.smooth)
    mark(session)
    read(session)
    assert session.shown_result.state is ResultState.FAILED
    assert session.work is not None
    assert session.work.failure.startswith("There is no model")
    assert len(failures) == 1
    assert isinstance(failures[0], UserError)
    session.mask_commands.clear()
    assert session.shown_result.state is ResultState.NO_MASK


def test_what_the_guard_forbids_is_withheld_until_the_outline_changes(
    session: Session, open_files: Open, mark: Do, read: Do, failures: list[BaseException], tmp_path: Path
) -> None:
    photograph = tmp_path / "photograph.png"
    photograph.write_bytes(cv2.imencode(".png", np.full((240, 320, 3), (40, 90, 200), np.uint8))[1].tobytes())
    open_files(session, photograph)
    mark(session)
    read(session)
    assert session.shown_result.state is ResultState.WITHHELD
    assert session.shown_result.result is None
    assert session.reports.in_view() is None
    assert session.work is not None
    assert session.work.failure.startswith("The image is in colour")
    assert failures == [], "the panel says it; nothing failed"
    session.mask_commands.clear()
    assert session.shown_result.state is ResultState.NO_MASK


def test_a_damaged_model_is_refused_at_once_when_preloaded(
    session: Session, failures: list[BaseException], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, qtbot: QtBot
) -> None:
    shutil.copytree(paths.model_weights() / DEFAULT, tmp_path / "models" / DEFAULT)
    with (tmp_path / "models" / DEFAULT / "weights.safetensors").open("r+b") as weights:
        weights.write(b"damage")
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(tmp_path / "models"))
    session.model.preload()
    qtbot.waitUntil(lambda: not session.jobs.busy(LOADING), timeout=60_000)
    assert session.model.predictor is None
    assert "SHA-256" in str(failures[0])


def test_another_model_is_loaded_as_soon_as_it_is_chosen(
    session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, qtbot: QtBot
) -> None:
    for name in (DEFAULT, "copy"):
        folder = tmp_path / "models" / name
        shutil.copytree(paths.model_weights() / DEFAULT, folder)
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        (folder / "card.json").write_text(json.dumps({**card, "name": name}), encoding="utf-8")
    monkeypatch.setenv("CSAMOE_MODEL_WEIGHTS", str(tmp_path / "models"))
    session.model.preload()
    qtbot.waitUntil(lambda: session.model.predictor is not None, timeout=60_000)
    session.user_settings.change(dataclasses.replace(session.settings, model="copy"))
    assert session.model.predictor is None
    qtbot.waitUntil(lambda: session.model.predictor is not None, timeout=60_000)
    assert session.model.predictor.card.name == "copy"


def test_a_report_is_written_only_of_a_reading_that_holds(
    session: Session, open_files: Open, demo: DemoStudy, read: Do, failures: list[BaseException], tmp_path: Path,
    qtbot: QtBot,
) -> None:  # fmt: skip
    written: list[Path] = []
    session.reports.export(tmp_path / "none.pdf", written.append)
    open_files(session, demo.spiculated)
    session.mask_commands.import_from(demo.spiculated_mask)
    session.reports.export(tmp_path / "unread.pdf", written.append)
    assert len(failures) == 2
    read(session)
    session.reports.export(tmp_path / "report.pdf", written.append)
    qtbot.waitUntil(lambda: bool(written), timeout=60_000)
    assert written == [tmp_path / "report.pdf"]
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    session.mask_commands.clear()
    session.reports.export(tmp_path / "stale.pdf", written.append)
    assert "Assess again" in str(failures[2])
    session.mask_commands.undo()
    session.reports.export(tmp_path / "report.pdf" / "below a file.pdf", written.append)
    qtbot.waitUntil(lambda: len(failures) == 4, timeout=60_000)
    assert "could not be written" in str(failures[3])
    assert not session.jobs.busy(REPORTING)
    assert sorted(path.name for path in tmp_path.glob("*.pdf")) == ["report.pdf"]


def test_what_a_file_notes_is_in_its_report(
    session: Session, open_files: Open, mark: Do, read: Do, tmp_path: Path
) -> None:
    file = tmp_path / "sixteen.png"
    file.write_bytes(cv2.imencode(".png", np.tile(np.arange(64, dtype=np.uint16) * 900, (48, 1)))[1].tobytes())
    open_files(session, file)
    mark(session)
    read(session)
    given = session.reports.in_view()
    assert given is not None
    assert any("16-bit" in note for note in given.notes)


def test_comments_stay_with_their_frame(session: Session, open_files: Open, demo: DemoStudy) -> None:
    open_files(session, demo.cine)
    assert session.work is not None
    session.lesions.comment(session.work, "first")
    session.navigation.to_frame(1)
    assert session.work.comment == ""
    session.navigation.to_frame(0)
    assert session.work.comment == "first"


def test_a_file_that_came_back_in_another_size_has_a_fresh_mask(
    session: Session, open_files: Open, small_png: Path, mark: Do
) -> None:
    open_files(session, small_png)
    mark(session)
    small_png.write_bytes(cv2.imencode(".png", np.zeros((30, 40), np.uint8))[1].tobytes())
    open_files(session, small_png)
    assert session.mask is not None
    assert session.mask.pixels.shape == (30, 40)
    assert session.mask.empty
    assert session.shown_result.state is ResultState.NO_MASK


def test_closing_during_a_reading_ends_every_thread(
    session: Session, open_files: Open, demo: DemoStudy, mark: Do
) -> None:
    open_files(session, demo.smooth)
    mark(session)
    arrived: list[object] = []
    session.assessing.begin()
    session.model.preload()
    session.resultChanged.connect(lambda: arrived.append(session.shown_result.result))
    session.close()
    assert not any(session.jobs.busy(lane) for lane in ("assessing", LOADING))
    assert arrived == []
