"""`csamoe-desktop counts`: Table IV beside ours, in words and as JSON."""

import json

import pytest

from csamoe_desktop.cli import main

MET = {"ResNet-18", "ResNet-MoE", "CSA-MoE-Net", "DenseNet-121", "VGG-16"}


def test_the_table_has_nine_rows_and_a_sentence_for_each_that_differs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["counts"]) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    rows = [line.split() for line in lines if line.endswith(tuple("0123456789")) and "," in line]
    assert len(rows) == 9
    resnet = next(row for row in rows if row[0] == "CSA-MoE-Net")
    assert resnet == ["CSA-MoE-Net", "34,820,357", "34.820", "34.820", "none", "5.472", "5.472", "none", "5.442"]
    densenet = next(row for row in rows if row[0] == "DenseNet-MoE")
    assert densenet[3:5] == ["22.720", "-1.069"]
    for row in rows:
        said = [line for line in lines if line.startswith(f"{row[0]}: ")]
        assert len(said) == (0 if row[0] in MET else 1)
        assert (row[4] == "none") == (row[0] in MET)


def test_json_has_counts_and_differences(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["counts", "--json"]) == 0
    told = {one["network"]: one for one in json.loads(capsys.readouterr().out)}
    assert len(told) == 9
    assert told["VGG-16"]["parameters"] == 134_268_738
    assert {
        name for name, one in told.items() if one["parameters_difference_m"] == one["operations_difference_g"] == 0
    } == MET
    assert told["VGG-MoE"]["parameters_difference_m"] == -370.928
    assert all(bool(one["open"]) == (name not in MET) for name, one in told.items())
