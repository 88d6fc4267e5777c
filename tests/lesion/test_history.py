"""Strokes, steps of undo, authors and versions of a mask that is edited."""

import tracemalloc

import numpy as np
import pytest

from csamoe_desktop.lesion.history import STEPS, EditedMask
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.lesion.tools import Box, brush

SHAPE = (8, 10)


def full(box: Box) -> np.ndarray:
    return np.ones((box.bottom - box.top, box.right - box.left), bool)


def stroke(mask: EditedMask, *boxes: Box, value: bool = True) -> bool:
    mask.begin()
    for box in boxes:
        mask.paint(box, full(box), value)
    return mask.end()


def imported() -> EditedMask:
    mask = EditedMask(SHAPE)
    pixels = np.zeros(SHAPE, bool)
    pixels[2:4, 2:4] = True
    mask.replace(pixels, Author.IMPORTED, "lesion.png")
    return mask


def test_a_new_mask_is_empty_and_nobodys() -> None:
    mask = EditedMask(SHAPE)
    assert not mask.pixels.any()
    assert mask.empty
    assert (mask.author, mask.source) == (Author.NONE, "")
    assert not mask.can_undo
    assert not mask.can_redo


def test_paint_says_what_really_changed() -> None:
    mask = EditedMask(SHAPE)
    mask.begin()
    assert mask.paint(Box(1, 1, 3, 4), full(Box(1, 1, 3, 4)), True) == Box(1, 1, 3, 4)
    assert mask.paint(Box(1, 1, 3, 5), full(Box(1, 1, 3, 5)), True) == Box(1, 4, 3, 5)
    assert mask.paint(Box(1, 1, 3, 5), full(Box(1, 1, 3, 5)), True) is None
    assert mask.paint(Box(0, 0, 2, 2), full(Box(0, 0, 2, 2)), False) == Box(1, 1, 2, 2)
    assert mask.paint(Box(3, 3, 3, 3), np.zeros((0, 0), bool), True) is None
    assert mask.pixels.sum() == 2 * 4 - 1


def test_one_stroke_is_one_step() -> None:
    mask = EditedMask(SHAPE)
    assert stroke(mask, Box(0, 0, 2, 2), Box(5, 6, 7, 9))
    after = mask.pixels.copy()
    assert mask.undo() == Box(0, 0, 7, 9)
    assert not mask.pixels.any()
    assert mask.redo() == Box(0, 0, 7, 9)
    assert np.array_equal(mask.pixels, after)


def test_undo_and_redo_walk_through_every_state() -> None:
    mask = EditedMask(SHAPE)
    random = np.random.default_rng(1)
    states = [(mask.pixels.copy(), mask.version)]
    while len(states) < 20:
        top, left = random.integers(0, 6, 2)
        box = Box(int(top), int(left), int(top) + 2, int(left) + 3)
        if stroke(mask, box, value=bool(random.integers(2))):
            states.append((mask.pixels.copy(), mask.version))
    assert len({version for _, version in states}) == 20
    for pixels, version in states[-2::-1]:
        mask.undo()
        assert np.array_equal(mask.pixels, pixels)
        assert mask.version == version
    assert not mask.can_undo
    for pixels, version in states[1:]:
        mask.redo()
        assert np.array_equal(mask.pixels, pixels)
        assert mask.version == version
    assert not mask.can_redo


def test_the_version_of_a_state_left_by_undo_is_never_used_again() -> None:
    mask = EditedMask(SHAPE)
    stroke(mask, Box(0, 0, 1, 1))
    left = mask.version
    mask.undo()
    stroke(mask, Box(4, 4, 5, 5))
    assert mask.version != left


def test_a_new_stroke_forgets_what_was_taken_back() -> None:
    mask = EditedMask(SHAPE)
    stroke(mask, Box(0, 0, 1, 1))
    mask.undo()
    stroke(mask, Box(4, 4, 5, 5))
    assert not mask.can_redo


def test_a_stroke_that_changes_nothing_is_no_step() -> None:
    mask = EditedMask(SHAPE)
    stroke(mask, Box(0, 0, 2, 2))
    mask.undo()
    mask.redo()
    mask.undo()
    version = mask.version
    assert not stroke(mask, Box(0, 0, 2, 2), value=False)
    assert mask.version == version
    assert mask.can_redo


def test_a_stroke_that_undoes_itself_is_no_step() -> None:
    mask = EditedMask(SHAPE)
    version = mask.version
    mask.begin()
    box = Box(1, 1, 3, 3)
    mask.paint(box, full(box), True)
    assert mask.can_undo
    mask.paint(box, full(box), False)
    assert not mask.can_undo
    assert not mask.end()
    assert (mask.version, mask.author) == (version, Author.NONE)
    assert not mask.can_undo


def test_cancel_takes_the_stroke_in_hand_back_and_leaves_no_step() -> None:
    mask = imported()
    before, version = mask.pixels.copy(), mask.version
    mask.begin()
    mask.paint(Box(0, 0, 3, 3), full(Box(0, 0, 3, 3)), True)
    assert mask.version != version
    assert mask.cancel() == Box(0, 0, 3, 3)
    assert np.array_equal(mask.pixels, before)
    assert (mask.version, mask.author) == (version, Author.IMPORTED)
    assert not mask.in_stroke
    assert mask.cancel() is None
    mask.undo()
    assert mask.empty
    assert not mask.can_undo


def test_undo_in_the_middle_of_a_stroke_takes_that_stroke_back() -> None:
    mask = EditedMask(SHAPE)
    stroke(mask, Box(0, 0, 2, 2))
    mask.begin()
    mask.paint(Box(4, 4, 6, 6), full(Box(4, 4, 6, 6)), True)
    assert mask.undo() == Box(4, 4, 6, 6)
    assert not mask.in_stroke
    assert mask.pixels.sum() == 4
    mask.redo()
    assert mask.pixels.sum() == 8


def test_a_stroke_whose_end_was_missed_is_ended_by_the_next() -> None:
    mask = EditedMask(SHAPE)
    mask.begin()
    mask.paint(Box(0, 0, 1, 1), full(Box(0, 0, 1, 1)), True)
    stroke(mask, Box(3, 3, 4, 4))
    mask.undo()
    assert mask.pixels.sum() == 1
    assert mask.can_undo


def test_painting_outside_a_stroke_is_a_fault() -> None:
    with pytest.raises(RuntimeError, match="outside a stroke"):
        EditedMask(SHAPE).paint(Box(0, 0, 1, 1), full(Box(0, 0, 1, 1)), True)


def test_there_is_nothing_to_undo_or_redo_at_first() -> None:
    with pytest.raises(IndexError):
        EditedMask(SHAPE).undo()
    with pytest.raises(IndexError):
        EditedMask(SHAPE).redo()


def test_others_can_only_read_the_pixels() -> None:
    with pytest.raises(ValueError, match="read-only"):
        EditedMask(SHAPE).pixels[0, 0] = True


def test_what_is_painted_on_nothing_is_drawn() -> None:
    mask = EditedMask(SHAPE)
    stroke(mask, Box(0, 0, 3, 3))
    assert mask.author is Author.DRAWN
    stroke(mask, Box(0, 0, 1, 1), value=False)
    assert mask.author is Author.DRAWN


def test_what_is_painted_on_an_imported_mask_is_edited_and_keeps_its_source() -> None:
    mask = imported()
    assert (mask.author, mask.source) == (Author.IMPORTED, "lesion.png")
    stroke(mask, Box(0, 0, 1, 1))
    assert (mask.author, mask.source) == (Author.EDITED, "lesion.png")
    stroke(mask, Box(0, 0, 1, 1), value=False)
    assert mask.author is Author.EDITED
    mask.undo()
    mask.undo()
    assert (mask.author, mask.source) == (Author.IMPORTED, "lesion.png")
    mask.undo()
    assert (mask.author, mask.source) == (Author.NONE, "")
    mask.redo()
    assert (mask.author, mask.source) == (Author.IMPORTED, "lesion.png")


def test_a_mask_erased_whole_is_nobodys_and_what_is_painted_then_is_drawn() -> None:
    mask = imported()
    stroke(mask, Box(0, 0, 8, 10), value=False)
    assert (mask.author, mask.source) == (Author.NONE, "")
    assert mask.empty
    stroke(mask, Box(0, 0, 1, 1))
    assert (mask.author, mask.source) == (Author.DRAWN, "")


def test_replacing_with_an_empty_mask_is_clearing() -> None:
    mask = imported()
    mask.replace(np.zeros(SHAPE, bool), Author.IMPORTED, "empty.png")
    assert (mask.author, mask.source) == (Author.NONE, "")
    assert mask.undo() == Box(2, 2, 4, 4)
    assert mask.source == "lesion.png"


def test_what_was_said_of_the_import_stays_with_the_mask_as_its_source_does() -> None:
    mask = imported()
    assert (mask.notes, mask.finished().notes) == ((), ())
    mask.replace(mask.pixels.copy(), Author.IMPORTED, "lesion.png", ("It was inverted.",))
    assert mask.finished().notes == ("It was inverted.",)
    stroke(mask, Box(0, 0, 1, 1))
    assert (mask.author, mask.notes) == (Author.EDITED, ("It was inverted.",))
    mask.undo()
    mask.undo()
    assert mask.notes == ()
    mask.redo()
    assert mask.notes == ("It was inverted.",)
    mask.begin()
    mask.paint(Box(0, 0, 1, 1), full(Box(0, 0, 1, 1)), True)
    mask.cancel()
    assert mask.finished().notes == ("It was inverted.",)
    mask.replace(np.zeros(SHAPE, bool), Author.IMPORTED, "empty.png", ("It is empty.",))
    assert mask.notes == ()
    stroke(mask, Box(0, 0, 1, 1))
    assert (mask.author, mask.notes) == (Author.DRAWN, ())


def test_importing_the_same_pixels_again_changes_only_the_source() -> None:
    mask = imported()
    version = mask.version
    mask.replace(mask.pixels.copy(), Author.IMPORTED, "lesion.png")
    assert mask.version == version
    mask.replace(mask.pixels.copy(), Author.IMPORTED, "other.png")
    assert mask.source == "other.png"
    assert mask.undo().empty
    assert (mask.source, mask.version) == ("lesion.png", version)


def test_a_mask_of_another_shape_is_a_fault() -> None:
    with pytest.raises(ValueError, match=r"\(3, 3\)"):
        EditedMask(SHAPE).replace(np.ones((3, 3), bool), Author.IMPORTED)


def test_replacing_in_the_middle_of_a_stroke_ends_it_first() -> None:
    mask = EditedMask(SHAPE)
    mask.begin()
    mask.paint(Box(0, 0, 1, 1), full(Box(0, 0, 1, 1)), True)
    mask.replace(np.ones(SHAPE, bool), Author.IMPORTED, "all.png")
    mask.undo()
    assert mask.pixels.sum() == 1
    assert mask.author is Author.DRAWN


def test_a_finished_mask_does_not_change_any_more() -> None:
    mask = imported()
    finished = mask.finished()
    stroke(mask, Box(0, 0, 8, 10))
    assert finished.pixels.sum() == 4
    assert (finished.author, finished.source) == (Author.IMPORTED, "lesion.png")


def test_the_oldest_step_goes_after_200() -> None:
    mask = EditedMask((1, STEPS + 5))
    for column in range(STEPS + 5):
        stroke(mask, Box(0, column, 1, column + 1))
    while mask.can_undo:
        mask.undo()
    assert mask.pixels.sum() == 5


def test_200_strokes_across_four_megapixels_stay_under_50_megabytes() -> None:
    shape = (2048, 2048)
    mask = EditedMask(shape)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for place in range(STEPS):
            mask.begin()
            for step in range(8):
                start = (step * 256.0, place * 10 + step * 0.5)
                end = (step * 256.0 + 256, place * 10 + step * 0.5 + 0.5)
                mask.paint(*brush(shape, start, end, 20), place % 3 != 2)
            # The last stroke's box is the whole frame.
            mask.paint(Box(0, 0, 1, 2048), full(Box(0, 0, 1, 2048)), place % 2 == 0)
            assert mask.end()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 50_000_000
    for _ in range(STEPS):
        mask.undo()
    assert mask.empty


def test_pixels_drawn_anew_are_an_edit_in_one_step() -> None:
    mask = EditedMask((6, 8))
    first = np.zeros((6, 8), bool)
    first[1:3, 1:3] = True
    mask.replace(first, Author.IMPORTED, "made.png")
    assert mask.redraw(np.roll(first, 3, axis=1)) == Box(1, 1, 3, 6)
    assert (mask.author, mask.source) == (Author.EDITED, "made.png")
    assert np.array_equal(mask.pixels, np.roll(first, 3, axis=1))
    version = mask.version
    assert mask.redraw(np.roll(first, 3, axis=1)) is None
    assert mask.version == version
    mask.undo()
    assert np.array_equal(mask.pixels, first)
    assert mask.author is Author.IMPORTED
    with pytest.raises(ValueError, match="in the place of"):
        mask.redraw(np.zeros((3, 3), bool))
