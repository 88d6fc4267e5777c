"""The lexicon's files: in order, of one edition, and the categories' likelihoods as the atlas has them."""

import json
from pathlib import Path

import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.reader import lexicon as package
from csamoe_desktop.reader.lexicon import DEFAULT, Descriptor, Lexicon, lexicons, load_lexicon, parse

FOLDER = Path(package.__file__).parent


@pytest.fixture
def us() -> Lexicon:
    return load_lexicon()


def descriptor(lexicon: Lexicon, name: str) -> Descriptor:
    return next(one for one in lexicon.descriptors if one.id == name)


def told() -> dict[str, object]:
    return dict(json.loads((FOLDER / f"{DEFAULT}.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", lexicons())
def test_every_file_loads_and_names_its_edition(name: str) -> None:
    loaded = load_lexicon(name)
    assert loaded.id == name
    assert loaded.version
    assert loaded.source


def test_likelihoods_are_the_atlas_s(us: Lexicon) -> None:
    said = {one.id: one.likelihood.words() if one.likelihood else None for one in us.categories}
    assert said == {
        "0": None,
        "1": "essentially 0 %",
        "2": "essentially 0 %",
        "3": "up to 2 %",
        "4A": "over 2 to 10 %",
        "4B": "over 10 to 50 %",
        "4C": "over 50 to under 95 %",
        "5": "at least 95 %",
        "6": None,
    }
    assert us.category("4A").words() == "4A, low suspicion (over 2 to 10 %)"  # type: ignore[union-attr]


def test_from_3_to_5_every_likelihood_is_in_one_category(us: Lexicon) -> None:
    for tenths in range(1, 1001):
        percent = tenths / 10
        holding = []
        for one in us.categories:
            if one.likelihood is not None and one.likelihood.high > 0:
                low, high = one.likelihood.low, one.likelihood.high
                above = percent > low or (one.likelihood.low_included and percent == low)
                below = percent < high or (one.likelihood.high_included and percent == high)
                if above and below:
                    holding.append(one.id)
        assert len(holding) == 1, (percent, holding)


def test_what_is_described_is_the_fifth_edition_s(us: Lexicon) -> None:
    assert [one.name for one in us.descriptors] == [
        "Shape", "Orientation", "Margin", "Echo pattern", "Posterior features", "Calcifications", "Associated features"
    ]  # fmt: skip
    assert [term.name for term in descriptor(us, "shape").terms] == ["oval", "round", "irregular"]
    assert [term.name for term in descriptor(us, "orientation").terms] == ["parallel", "not parallel"]


def test_management_is_apart_from_assessment(us: Lexicon) -> None:
    assert us.management
    for words in [one.name for one in us.management]:
        assert not any(words in category.words() for category in us.categories)


@pytest.mark.parametrize(
    ("category", "positive"),
    [("0", None), ("1", False), ("2", False), ("3", False), ("4A", True), ("4C", True), ("5", True), ("6", None)],
)
def test_what_counts_as_positive(us: Lexicon, category: str, positive: bool | None) -> None:
    assert us.positive(category) is positive
    assert us.positive("4D") is None
    assert us.positive("") is None


def test_of_one_term_only_the_last_picked_holds(us: Lexicon) -> None:
    shape = descriptor(us, "shape")
    assert shape.with_toggled(("oval",), "round") == ("round",)
    assert shape.with_toggled(("round",), "round") == ()
    assert not shape.allows(("oval", "round"))


def test_several_may_hold_but_not_beside_what_stands_alone(us: Lexicon) -> None:
    margin = descriptor(us, "margin")
    assert margin.with_toggled(("spiculated",), "indistinct") == ("indistinct", "spiculated"), "in the lexicon's order"
    assert margin.with_toggled(("indistinct", "spiculated"), "circumscribed") == ("circumscribed",)
    assert margin.with_toggled(("circumscribed",), "angular") == ("angular",)
    assert margin.allows(("indistinct", "spiculated"))
    assert not margin.allows(("circumscribed", "spiculated"))
    assert not margin.allows(("angular", "angular"))
    assert not margin.allows(("fuzzy",))


def test_what_contradicts_itself_is_not_said(us: Lexicon) -> None:
    associated = descriptor(us, "associated")
    assert associated.with_toggled(("edema", "soft"), "hard") == ("edema", "hard")
    assert associated.with_toggled(("hard",), "soft") == ("soft",)
    assert associated.with_toggled(("vascularity_absent",), "vascularity_rim") == ("vascularity_rim",)
    assert associated.with_toggled(("vascularity_rim",), "vascularity_internal") == (
        "vascularity_internal",
        "vascularity_rim",
    )
    assert not associated.allows(("vascularity_absent", "vascularity_internal"))


@pytest.mark.parametrize(
    "spoilt",
    [
        {"format": 2},
        {"id": "another"},
        {"version": ""},
        {"biopsy_from": "4D"},
        {"categories": []},
        {"descriptors": [{"id": "shape", "name": "Shape", "several": False, "terms": [{"id": "a", "name": "a"}] * 2}]},
        {"management": [{"id": "x", "name": ""}]},
        {
            "descriptors": [
                {
                    "id": "a",
                    "name": "A",
                    "several": True,
                    "terms": [{"id": "b", "name": "b", "excludes": ["nothing"]}],
                }
            ]
        },
        {
            "categories": [
                {
                    "id": "4A",
                    "name": "x",
                    "likelihood": {"low": 10, "high": 2, "low_included": True, "high_included": True},
                }
            ]
        },
    ],
)
def test_a_file_that_is_not_in_order_is_not_taken(spoilt: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        parse({**told(), **spoilt}, DEFAULT)
    assert parse(told(), DEFAULT) == load_lexicon()


def test_another_edition_stands_beside_this_one() -> None:
    later = {**told(), "id": "birads2025-us", "version": "2025", "name": "BI-RADS v2025, ultrasound"}
    loaded = parse(later, "birads2025-us")
    assert (loaded.id, loaded.version) == ("birads2025-us", "2025")


@pytest.mark.parametrize("name", ["nothing", "../lexicon/birads5-us", ""])
def test_a_name_opens_this_folder_s_files_only(name: str) -> None:
    with pytest.raises(UserError, match="cannot be used") as refused:
        load_lexicon(name)
    assert DEFAULT in refused.value.hint
