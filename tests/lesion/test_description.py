"""What a lesion is called and where it lies: in words, and kept without loss."""

from typing import Any

import pytest

from csamoe_desktop.lesion.description import Description, Side, View


def test_it_says_where_the_lesion_lies_and_only_what_is_known() -> None:
    full = Description("index", Side.LEFT, 2, 30, View.ANTIRADIAL)
    assert full.place() == "left breast, 2 o'clock, 30 mm from the nipple"
    assert Description(clock=12).place() == "12 o'clock"
    assert Description(distance_mm=0).place() == "0 mm from the nipple"
    assert Description(view=View.RADIAL).place() == ""


def test_without_a_name_it_is_called_by_its_number() -> None:
    assert Description().title(3) == "Lesion 3"
    assert Description("index").title(3) == "index"


def test_said_is_what_the_reader_said_not_which_lesion_it_is() -> None:
    assert not Description().said
    assert Description().identity != Description().identity
    assert all(one.said for one in (Description("a"), Description(distance_mm=0), Description(view=View.RADIAL)))


def test_a_dictionary_gives_the_same_description_back() -> None:
    for one in (Description(), Description("index", Side.RIGHT, 10, 42.5, View.TRANSVERSE)):
        assert Description.from_dict(one.to_dict()) == one


@pytest.mark.parametrize(
    "wrong", [{"clock": 13}, {"clock": 0}, {"distance_mm": -1}, {"distance_mm": 400}, {"name": "x" * 61}]
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Description(**wrong)
