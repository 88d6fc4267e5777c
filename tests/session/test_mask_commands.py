"""The corrections of the Lesion menu on a real session: one step of undo each, and their messages."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.session.session import Session
from csamoe_desktop.study.model import Spacing, Study

SHAPE = (60, 80)


@pytest.fixture
def told(session: Session) -> list[str]:
    """Open a study of three frames, and return the list of its notes."""
    said: list[str] = []
    session.noted.connect(said.append)
    frames = [np.full(SHAPE, level, np.uint8) for level in (90, 100, 110)]
    study = Study(
        Path("made.png"), "made", 3, *SHAPE, decode=lambda index: frames[index], scale=Spacing(0.1, 0.1, "region 1")
    )
    session.open_studies.show(study, study.frame(0), study.path)
    return said


def draw(session: Session, pixels: NDArray[np.bool_]) -> None:
    assert session.mask is not None
    session.mask.replace(pixels, Author.IMPORTED, "made.png")
    session.emit_mask_changed(None)


def square() -> NDArray[np.bool_]:
    pixels = np.zeros(SHAPE, bool)
    pixels[10:40, 10:40] = True
    return pixels


def test_holes_are_filled_and_the_new_area_is_said(session: Session, told: list[str]) -> None:
    holed = square()
    holed[20:30, 20:30] = False
    draw(session, holed)
    session.mask_commands.fill_holes()
    assert session.mask is not None
    assert np.array_equal(session.mask.pixels, square())
    assert session.mask.author is Author.EDITED
    assert told == ["Holes filled: area 8.0 mm² before, 9.0 mm² now (+12.5 %)."]
    session.mask_commands.undo()
    assert np.array_equal(session.mask.pixels, holed)
    assert session.mask.author is Author.IMPORTED


def test_smoothing_says_by_how_much_the_area_changed(session: Session, told: list[str]) -> None:
    draw(session, square())
    session.mask_commands.smooth()
    assert session.mask is not None and not session.mask.pixels[10, 10]
    assert len(told) == 1
    assert told[0].startswith("Outline smoothed: area 9.0 mm² before, 8.9 mm² now (-")
    session.mask_commands.undo()
    assert np.array_equal(session.mask.pixels, square())


def test_a_lesion_is_not_smoothed_away(session: Session, told: list[str]) -> None:
    dot = np.zeros(SHAPE, bool)
    dot[30, 30] = True
    draw(session, dot)
    session.mask_commands.smooth()
    assert session.mask is not None and np.array_equal(session.mask.pixels, dot)
    assert told == ["The outline is too small to smooth."]


def test_the_largest_piece_is_kept(session: Session, told: list[str]) -> None:
    pieces = square()
    pieces[50, 50] = pieces[55, 70] = True
    draw(session, pieces)
    session.mask_commands.keep_largest()
    assert session.mask is not None and np.array_equal(session.mask.pixels, square())
    assert told[0].startswith("2 smaller pieces removed: area ")


def test_where_there_is_nothing_to_do_that_is_said_and_is_no_step(session: Session, told: list[str]) -> None:
    draw(session, square())
    assert session.mask is not None
    version = session.mask.version
    corrections = session.mask_commands
    corrections.fill_holes()
    corrections.keep_largest()
    assert told == ["The outline has no holes.", "The outline is a single piece."]
    assert session.mask.version == version


def test_the_outline_is_copied_to_the_next_frame(session: Session, told: list[str]) -> None:
    corrections = session.mask_commands
    assert not corrections.can_copy_on
    draw(session, square())
    assert corrections.can_copy_on
    corrections.copy_to_next()
    assert session.frame is not None and session.frame.index == 1
    assert session.mask is not None and np.array_equal(session.mask.pixels, square())
    assert (session.mask.author, session.mask.source) == (Author.IMPORTED, "made.png")
    assert told == []
    session.mask_commands.undo()
    assert session.mask.empty
    session.navigation.to_frame(0)
    assert session.mask is not None and np.array_equal(session.mask.pixels, square())


def test_an_outline_in_the_way_is_replaced_in_one_step_and_that_is_said(session: Session, told: list[str]) -> None:
    own = np.zeros(SHAPE, bool)
    own[35:55, 35:55] = True
    session.navigation.to_frame(1)
    draw(session, own)
    session.navigation.to_frame(0)
    draw(session, square())
    session.mask_commands.copy_to_next()
    assert session.mask is not None and np.array_equal(session.mask.pixels, square())
    assert len(told) == 1 and "Undo restores the earlier outline" in told[0]
    session.mask_commands.undo()
    assert np.array_equal(session.mask.pixels, own)
    assert len(session.lesions.on_frame) == 1
    session.navigation.to_frame(2)
    draw(session, square())
    assert not session.mask_commands.can_copy_on


def test_an_outline_elsewhere_on_the_frame_is_another_lesion_and_stays(session: Session, told: list[str]) -> None:
    own = np.zeros(SHAPE, bool)
    own[50:55, 50:55] = True
    session.navigation.to_frame(1)
    draw(session, own)
    session.navigation.to_frame(0)
    draw(session, square())
    session.mask_commands.copy_to_next()
    first, copy = session.lesions.on_frame
    assert np.array_equal(first.mask.pixels, own)
    assert np.array_equal(copy.mask.pixels, square())
    assert session.work is copy
    assert told == []
