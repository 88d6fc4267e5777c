"""Candidates from a network's map: with a finder that knows dark from bright, and with the shipped network."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from csamoe_desktop.evidence.outline_quality import dice, hand_box
from csamoe_desktop.inference.bundle import find_outliner
from csamoe_desktop.inference.outliner import Outliner, load_outliner
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.lesion.propose import MOST, propose, propose_at, propose_in
from csamoe_desktop.lesion.regions import Part, whole_image
from csamoe_desktop.study.phantom import make_phantom

SHAPE = (200, 300)


class DarkFinder:
    """Takes what is darker than 100 for lesion, the surer the darker; remembers the parts it was asked for."""

    def __init__(self) -> None:
        self.asked: list[Part] = []

    def logits(self, pixels: NDArray[np.uint8], parts: Sequence[Part] | None = None) -> list[NDArray[np.float32]]:
        whole = Part(0, 0, *pixels.shape[:2])
        self.asked += parts or [whole]
        found = []
        for part in parts or [whole]:
            around = max(part.bottom - part.top, part.right - part.left)
            padded = cv2.copyMakeBorder(pixels, around, around, around, around, cv2.BORDER_CONSTANT, value=255)
            cut = padded[part.top + around : part.bottom + around, part.left + around : part.right + around]
            found.append((100 - cut.astype(np.float32)) / 20)
        return found


def picture(*disks: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Return a bright frame with disks (row, column, radius, grey)."""
    pixels = np.full(SHAPE, 200, np.uint8)
    for row, column, radius, grey in disks:
        cv2.circle(pixels, (column, row), radius, grey, -1)
    return pixels


def test_candidates_come_surest_first_and_where_they_are() -> None:
    pixels = picture((60, 60, 20, 60), (120, 220, 30, 20))
    found = propose(pixels, DarkFinder())
    assert [one.mask[120, 220] for one in found] == [True, False]
    for one, grey in zip(found, (20, 60), strict=True):
        assert (one.mask == (pixels == grey)).all()
        assert one.confidence == pytest.approx(1 / (1 + np.exp(-(100 - grey) / 20)), abs=1e-6)


def test_none_where_there_is_none_and_speckle_is_none() -> None:
    assert propose(picture(), DarkFinder()) == []
    assert propose(picture((100, 100, 4, 10)), DarkFinder()) == []
    assert propose_in(picture(), (10, 10, 60, 60), DarkFinder()) == []


def test_what_the_network_is_not_sure_of_is_shown_only_where_it_is_pointed_at() -> None:
    pixels = picture((60, 60, 20, 80), (120, 220, 30, 20))
    assert len(propose(pixels, DarkFinder())) == 1
    assert propose_at(pixels, 60, 60, DarkFinder())[0].confidence == pytest.approx(1 / (1 + np.exp(-1)), abs=1e-6)
    # As the first look has them, all are there: so a network that only sees whole frames is measured.
    assert len(propose(pixels, DarkFinder(), second_look=False)) == 2


def test_a_blank_frame_shows_nothing_whatever_the_network_sees_in_it() -> None:
    assert propose(np.full(SHAPE, 20, np.uint8), DarkFinder()) == []
    assert propose_in(np.full(SHAPE, 20, np.uint8), (10, 10, 60, 60), DarkFinder()) == []


def test_no_more_candidates_than_can_be_looked_through() -> None:
    disks = [(row, column, 14, 30) for row in (40, 140) for column in (40, 110, 180, 250)]
    assert len(propose(picture(*disks), DarkFinder())) == MOST


def test_holes_are_filled() -> None:
    pixels = picture((100, 150, 40, 20), (100, 150, 8, 250))
    assert propose(pixels, DarkFinder())[0].mask[100, 150]


def test_each_candidate_is_looked_at_again_in_a_square_around_it() -> None:
    finder = DarkFinder()
    propose(picture((100, 150, 20, 20)), finder)
    whole, square = finder.asked
    assert whole == Part(0, 0, *SHAPE)
    assert square.bottom - square.top == square.right - square.left == round(1.8 * 41)


def test_the_box_decides_which_lesion() -> None:
    pixels = picture((60, 60, 20, 80), (70, 130, 30, 20))
    found = propose_in(pixels, (40, 40, 82, 82), DarkFinder())
    assert len(found) == 1
    assert (found[0].mask == (pixels == 80)).all()


def test_a_box_at_the_edge_looks_beyond_the_frame() -> None:
    pixels = picture((0, 299, 30, 20))
    found = propose_in(pixels, (0, 265, 32, 300), DarkFinder())
    assert (found[0].mask == (pixels == 20)).all()


def test_a_point_takes_the_candidate_that_covers_it_or_looks_around_it() -> None:
    pixels = picture((60, 60, 20, 80), (120, 220, 30, 20), (170, 40, 4, 10))
    assert propose_at(pixels, 62, 58, DarkFinder())[0].mask[60, 60]
    small = propose_at(pixels, 170, 40, DarkFinder())
    assert (small[0].mask == (pixels == 10)).all(), "on the whole frame it is too small, looked at closely it is not"
    assert propose_at(pixels, 170, 60, DarkFinder()) == [], "what lies beside the point is not meant"


def test_a_proposal_drawn_on_stays_known_as_one() -> None:
    assert Author.PROPOSED.once_drawn_on is Author.CORRECTED.once_drawn_on is Author.CORRECTED
    assert Author.IMPORTED.once_drawn_on is Author.EDITED.once_drawn_on is Author.EDITED
    assert Author.NONE.once_drawn_on is Author.DRAWN.once_drawn_on is Author.DRAWN


# The shipped network.


@pytest.fixture(scope="module")
def outliner() -> Outliner:
    return load_outliner(find_outliner(), "cpu")


@pytest.mark.parametrize("kind", ["smooth", "spiculated"])
def test_the_shipped_network_finds_the_lesion_of_a_phantom(outliner: Outliner, kind: str) -> None:
    phantom = make_phantom(kind, seed=2)  # type: ignore[arg-type]
    # The phantom's spicules are finer than what readers outlined, and the network learned from them.
    alone = propose(phantom.pixels, outliner)
    assert dice(alone[0].mask, phantom.mask) > 0.65
    boxed = propose_in(phantom.pixels, hand_box(phantom.mask), outliner)
    assert dice(boxed[0].mask, phantom.mask) > 0.65


def test_logits_are_of_each_parts_own_size_and_colour_is_read_as_grey(outliner: Outliner) -> None:
    pixels = make_phantom("smooth", shape=(120, 140)).pixels
    parts = [Part(0, 0, 120, 140), Part(-20, 30, 90, 140)]
    found = outliner.logits(pixels, parts)
    assert [one.shape for one in found] == [(120, 140), (110, 110)]
    coloured = outliner.logits(np.repeat(pixels[..., None], 3, axis=2), parts)
    np.testing.assert_allclose(found[0], coloured[0], atol=0.05)
    assert whole_image(pixels, 64).image.shape == (64, 64)
