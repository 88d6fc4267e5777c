"""Leave one hospital out: nobody's images on both sides, a run that goes on, and a table from what was read."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from csamoe_desktop.cli import main
from csamoe_desktop.datasets.folder import Sample, read_dataset, read_examples
from csamoe_desktop.errors import UserError
from csamoe_desktop.evidence.metrics import auc
from csamoe_desktop.training import hospitals
from csamoe_desktop.training.batches import _order
from csamoe_desktop.training.recipes import RECIPES
from tests.conftest import WriteHospital


@pytest.fixture
def three(tmp_path: Path, write_hospital: WriteHospital) -> dict[str, list[Sample]]:
    for seed, name in enumerate("abc"):
        write_hospital(tmp_path / name, 14, seed=seed)
    return {name: read_dataset(tmp_path / name) for name in "abc"}


def test_the_hospital_left_out_is_in_no_other_part(three: dict[str, list[Sample]]) -> None:
    split = hospitals.split_for(three, "b", RECIPES["plus"])
    assert {one.hospital for one in split.test} == {"b"}
    assert {one.hospital for one in [*split.train, *split.validation]} == {"a", "c"}
    assert {one.hospital for one in split.validation} == {"a", "c"}
    assert len(split.train) + len(split.validation) == 28


def test_hospitals_whose_groups_share_names_are_refused(three: dict[str, list[Sample]]) -> None:
    three["c"] = [dataclasses.replace(one, group=three["b"][0].group) for one in three["c"]]
    with pytest.raises(UserError, match="split over several parts"):
        hospitals.split_for(three, "b", RECIPES["plus"])


def test_a_small_hospital_is_shown_as_often_as_a_large_one(tmp_path: Path, write_hospital: WriteHospital) -> None:
    write_hospital(tmp_path / "small", 4)
    write_hospital(tmp_path / "large", 20, seed=1)
    small, large = read_dataset(tmp_path / "small"), read_dataset(tmp_path / "large")
    examples = read_examples([*small, *large], ("benign", "malignant"))
    order = _order(RECIPES["plus-balanced"], examples, np.random.default_rng(0))
    shown = [examples[place].sample.hospital for place in order]
    assert len(shown) == 24
    assert shown.count("small") == 12
    assert sorted(_order(RECIPES["plus"], examples, np.random.default_rng(0)).tolist()) == list(range(24))


def test_three_hospitals_are_left_out_in_turn_and_the_table_says_what_was_read(
    three: dict[str, list[Sample]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["hospitals", "--recipe", "plus-all", "--epochs", "1", "--size", "64", "--batch", "8", "--float32"]
    command += ["--experts", "image"]
    command += ["--start", "none", "--device", "cpu", "--out", str(tmp_path / "runs")]
    for name in three:
        command += ["--data", str(tmp_path / name)]
    assert main(command) == 0
    printed = capsys.readouterr().out
    for kind in ("reader", "ellipse"):
        each = hospitals.read_back(tmp_path / "runs", kind)
        assert [one.hospital for one in each] == ["a", "b", "c"]
        for one in each:
            assert len(one.groups) == 14
            figures = hospitals.figures_of(one, resamples=50)
            assert figures["auc"].value == auc(one.positive, one.probability)
            assert figures["sensitivity"].value == (one.probability[one.positive] >= one.benign_below).mean()
            row = f"| runs | {one.hospital} | {kind} | 14 | "
            assert row + figures["auc"].words().split(" ")[0] in printed
    # A second call trains nothing and prints the same; the table alone needs no data.
    written = {file: file.stat().st_mtime_ns for file in (tmp_path / "runs").rglob("*") if file.is_file()}
    assert main(command) == 0
    assert capsys.readouterr().out == printed
    assert main(["hospitals", "--out", str(tmp_path / "runs")]) == 0
    assert capsys.readouterr().out == printed
    assert written == {file: file.stat().st_mtime_ns for file in (tmp_path / "runs").rglob("*") if file.is_file()}


def test_what_cannot_be_left_out_is_refused(
    three: dict[str, list[Sample]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "runs")]
    one = ["--data", str(tmp_path / "a")]
    assert main(["hospitals", *one, *out]) == 2
    assert "two hospitals or more" in capsys.readouterr().err
    both = [*one, "--data", str(tmp_path / "b")]
    assert main(["hospitals", *both, *out, "--only", "d"]) == 2
    assert "no hospital 'd'" in capsys.readouterr().err
    assert main(["hospitals", *both, *out, "--where", "d:x=1"]) == 2
    assert "does not start with the name of a --data folder" in capsys.readouterr().err
    assert main(["hospitals", *both, *out, "--recipe", "nothing"]) == 2
    capsys.readouterr()
