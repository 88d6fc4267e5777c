"""Shape and orientation proposed from an outline: gentle lobulation is oval, round needs equal axes, doubt says nothing."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from csamoe_desktop import cli
from csamoe_desktop.lesion.descriptors import ORIENTATION, SHAPE, describe
from csamoe_desktop.study.model import Spacing

Bool = NDArray[np.bool_]


def lobed(lobes: int, depth: float, across: float = 80, down: float = 50, size: int = 240) -> Bool:
    """An ellipse whose radius swings `lobes` times around it by `depth` of itself."""
    row, column = np.mgrid[:size, : size + 60] - np.array([size / 2, size / 2 + 30])[:, None, None]
    angle = np.arctan2(row / down, column / across)
    return np.asarray(np.hypot(row / down, column / across) <= 1 + depth * np.cos(lobes * angle))


@pytest.mark.parametrize("lobes", [2, 3])
def test_gentle_lobulations_are_oval(lobes: int) -> None:
    assert describe(lobed(lobes, 0.05))[SHAPE] == "oval"


@pytest.mark.parametrize(("lobes", "depth"), [(5, 0.25), (9, 0.2), (14, 0.15), (3, 0.4)])
def test_deep_or_many_lobes_and_spikes_are_irregular(lobes: int, depth: float) -> None:
    assert describe(lobed(lobes, depth))[SHAPE] == "irregular"


def test_a_nearly_round_cyst_is_round_and_never_irregular() -> None:
    cyst = lobed(6, 0.02, 60, 60)
    assert describe(cyst)[SHAPE] == "round"
    assert ORIENTATION not in describe(cyst), "as tall as wide is neither"
    dotted = cyst.copy()
    dotted[2:6, 2:6] = True
    dotted[120:123, 150:153] = False
    assert describe(dotted) == describe(cyst), "a stray dot and a hole change nothing"


def test_between_the_terms_nothing_is_proposed() -> None:
    assert SHAPE not in describe(lobed(2, 0, 58, 50)), "between round and oval"
    assert SHAPE not in describe(lobed(5, 0.12)), "between oval and irregular"
    assert describe(lobed(2, 0, 40, 80))[ORIENTATION] == "not_parallel"
    assert describe(lobed(2, 0, 80, 40))[ORIENTATION] == "parallel"


def test_millimetres_decide() -> None:
    tall = describe(lobed(2, 0, 60, 60), Spacing(0.2, 0.1, "region 1"))
    assert tall == {SHAPE: "oval", ORIENTATION: "not_parallel"}


def test_the_smallest_outlines_do_no_harm() -> None:
    for shape in ((1, 1), (1, 2), (2, 1), (3, 3)):
        mask = np.zeros((9, 9), bool)
        mask[: shape[0], : shape[1]] = True
        assert set(describe(mask)) <= {SHAPE, ORIENTATION}


def test_the_command_counts_by_category(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ["image,mask,label,group,birads"]
    for number, (mask, label, birads) in enumerate(
        [(lobed(2, 0.05), "benign", "2"), (lobed(3, 0.04), "benign", "2"), (lobed(9, 0.2), "malignant", "5")]
    ):
        cv2.imwrite(str(tmp_path / f"m{number}.png"), mask.astype(np.uint8) * 255)
        cv2.imwrite(str(tmp_path / f"i{number}.png"), np.full(mask.shape, 90, np.uint8))
        rows.append(f"i{number}.png,m{number}.png,{label},g{number},{birads}")
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert cli.main(["descriptors", "--data", str(tmp_path)]) == 0
    told = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert told[1] == ["outlines", "oval", "round", "irregular", "none", "parallel", "not_parallel", "none"]
    assert told[2][:7] == ["BI-RADS", "2,", "benign", "2", "100.0%", "0.0%", "0.0%"]
    assert told[3][:7] == ["BI-RADS", "5,", "malignant", "1", "0.0%", "0.0%", "100.0%"]
    assert cli.main(["descriptors", "--data", str(tmp_path), "--where", "birads=4"]) == 2
