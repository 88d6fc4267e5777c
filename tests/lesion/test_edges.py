"""Livewire, GrabCut and the smart brush on a dark, speckled ellipse whose outline is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.corrections import box_of
from csamoe_desktop.lesion.grabcut import NothingFound, outline_in_box
from csamoe_desktop.lesion.livewire import Livewire
from csamoe_desktop.lesion.smart_brush import smart_brush, tone_at
from csamoe_desktop.lesion.tools import Box, brush, ellipse
from csamoe_desktop.study.phantom import make_phantom


def made(scale: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return picture and lesion, an ellipse around (100, 150) with half axes 50 and 80, all times `scale`."""
    shape = 200 * scale, 300 * scale
    lesion = np.zeros(shape, bool)
    box, inside = ellipse(shape, (50.0 * scale, 70.0 * scale), (150.0 * scale, 230.0 * scale))
    lesion[box.slices] = inside
    speckle = np.random.default_rng(2).rayleigh(0.8, (200, 300)).repeat(scale, 0).repeat(scale, 1)
    return np.clip(np.where(lesion, 40, 130) * speckle, 0, 255).astype(np.uint8), lesion


@pytest.mark.parametrize("scale", [1, 5])
def test_the_wire_keeps_to_the_edge_between_two_places(scale: int) -> None:
    """At five times the size the frame is searched reduced."""
    picture, _ = made(scale)
    wire = Livewire(picture)
    start, end = (50.0 * scale, 150.0 * scale), (67.9 * scale, 211.3 * scale)
    wire.start(start)
    way = wire.path(end)
    assert (way[0], way[-1]) == (start, end)
    places = np.array(way) / scale
    radius = np.hypot((places[:, 0] - 100) / 50, (places[:, 1] - 150) / 80)
    assert np.abs(radius - 1).mean() < 0.04
    assert np.hypot(*np.diff(places, axis=0).T).max() < 5, "it has no jumps"
    straight = np.linspace(way[0], way[-1], 50) / scale
    assert np.abs(np.hypot((straight[:, 0] - 100) / 50, (straight[:, 1] - 150) / 80) - 1).mean() > 0.05


def test_the_wire_goes_straight_where_the_search_does_not_reach_and_off_the_frame() -> None:
    picture, _ = made(1)
    wire = Livewire(picture)
    wire.start((-5.0, -5.0))
    assert wire.path((190.0, 290.0))[-1] == (190.0, 290.0)
    assert wire.path((-5.0, -5.0))[0] == (-5.0, -5.0)
    tiny = Livewire(np.zeros((1, 1), np.uint8))
    tiny.start((0.5, 0.5))
    assert tiny.path((0.6, 0.6))[-1] == (0.6, 0.6)


@pytest.mark.parametrize("scale", [1, 5])
def test_the_outline_in_a_box_is_the_lesions(scale: int) -> None:
    picture, lesion = made(scale)
    box = Box(40 * scale, 55 * scale, 160 * scale, 245 * scale)
    found = outline_in_box(picture, box)
    assert (found & lesion).sum() / (found | lesion).sum() > 0.88
    assert np.array_equal(outline_in_box(picture, box), found), "the same box gives the same outline"


@pytest.mark.parametrize("kind", ["smooth", "spiculated"])
@pytest.mark.parametrize("around", [0.0, 0.08, 0.2])
def test_a_box_around_a_lesion_as_a_hand_draws_it_is_not_refused(kind: str, around: float) -> None:
    """Of real lesions three of four were, where only the ellipse was guessed and no place in the box counted."""
    for seed in range(4):
        made_up = make_phantom(kind, seed=seed, shape=(300, 380))
        box = box_of(made_up.mask)
        assert box is not None
        down, across = round(around * (box.bottom - box.top)), round(around * (box.right - box.left))
        found = outline_in_box(
            made_up.pixels,
            Box(max(box.top - down, 0), max(box.left - across, 0), box.bottom + down, box.right + across),
        )
        assert 2 * (found & made_up.mask).sum() / (found.sum() + made_up.mask.sum()) > 0.75


def test_a_box_around_nothing_or_next_to_nothing_is_refused() -> None:
    picture, _ = made(1)
    with pytest.raises(UserError, match="too small"):
        outline_in_box(picture, Box(10, 10, 12, 90))
    with pytest.raises(NothingFound, match="stands out"):
        outline_in_box(np.full((200, 300), 90, np.uint8), Box(50, 50, 150, 150))


def test_the_smart_brush_stops_at_the_edge() -> None:
    picture, lesion = made(1)
    at = (100.0, 200.0)
    box, taken = smart_brush(picture, tone_at(picture, at, 45), at, at, 45)
    _, covered = brush(picture.shape, at, at, 45)
    inside = lesion[box.slices]
    assert (covered & ~inside).sum() > 500
    assert (taken & ~inside).sum() < 0.15 * (covered & ~inside).sum()
    assert (taken & inside).sum() > 0.85 * (covered & inside).sum()
    assert not (taken & ~covered).any()


def test_the_smart_brush_takes_only_what_its_middle_is_connected_to() -> None:
    two = np.full((60, 60), 200, np.uint8)
    two[10:50, 5:20] = two[10:50, 40:55] = 30
    at = (30.0, 12.0)
    box, taken = smart_brush(two, tone_at(two, at, 40), at, at, 40)
    frame = np.zeros(two.shape, bool)
    frame[box.slices] = taken
    assert frame[30, 10]
    assert not frame[:, 35:].any()


def test_the_smart_brush_off_the_frame_takes_nothing() -> None:
    picture, _ = made(1)
    at = (-90.0, -90.0)
    assert not smart_brush(picture, tone_at(picture, at, 10), at, at, 10)[1].any()
