"""`csamoe-desktop inspect`: one line or one JSON object a file, good or bad."""

import json
from pathlib import Path

import pytest

from csamoe_desktop.cli import main

KEYS = {"path", "status", "reason", "kind", "frames", "rows", "columns", "spacing_mm", "scale"}


def test_each_file_has_its_object(demo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nand no more")
    files = [demo_folder / "spiculated.dcm", demo_folder / "cine.dcm", broken, tmp_path / "missing.dcm"]
    assert main(["inspect", *map(str, files), "--json"]) == 2
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["path"] for one in told] == [str(file) for file in files]
    assert all(set(one) == KEYS for one in told)
    assert [one["status"] for one in told] == ["ok", "ok", "refused", "refused"]
    assert told[0]["frames"] == 1
    assert told[0]["spacing_mm"][0] > 0
    assert told[1]["frames"] > 1
    assert all(one["reason"] for one in told[2:])


def test_what_is_refused_in_a_folder_is_said_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, data in (("empty.dcm", b""), ("broken.png", b"\x89PNG"), ("note.txt", b"a note")):
        (tmp_path / name).write_bytes(data)
    assert main(["inspect", str(tmp_path), "--json"]) == 2
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(Path(one["path"]).name, one["status"]) for one in told] == [
        ("broken.png", "refused"),
        ("empty.dcm", "refused"),
        ("note.txt", "refused"),
    ]


def test_a_folder_is_looked_through(demo_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(demo_folder)]) == 0
    out = capsys.readouterr().out
    assert "smooth.dcm" in out
    assert "spiculated.png" in out
