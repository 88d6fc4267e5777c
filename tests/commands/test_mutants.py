"""Damaged copies of good files open, open with a note, or are refused: none ends the program, hangs it or fills the memory."""

from pathlib import Path

import pytest

from csamoe_desktop.commands.mutants import damage, good_files, mutants


@pytest.mark.parametrize("count", [150, pytest.param(20_000, marks=pytest.mark.slow)])
def test_damaged_copies_never_end_the_program(tmp_path: Path, count: int) -> None:
    files = good_files(tmp_path)
    assert len(files) > 60
    kept = tmp_path / "kept"
    counts = damage(files, count, 0, tmp_path, kept)
    assert sum(counts.values()) == count
    assert counts["opened"] and counts["refused"]
    # How long a file takes is no test's business: it hangs on what else the machine does.
    assert not (counts["fault"] or counts["too large"]), [file.name for file in kept.iterdir()]


def test_the_damage_is_the_same_again(tmp_path: Path) -> None:
    files = good_files(tmp_path)[:5]
    assert list(mutants(files, 20, 3)) == list(mutants(files, 20, 3))
    assert list(mutants(files, 20, 3)) != list(mutants(files, 20, 4))
