"""The command line itself: help, version, exit states, and what it does not load."""

import subprocess
import sys
from pathlib import Path

import pytest

from csamoe_desktop import __version__
from csamoe_desktop.cli import main


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    for argument, said in (("--version", __version__), ("--help", "assess")):
        with pytest.raises(SystemExit) as ended:
            main([argument])
        assert ended.value.code == 0
        assert said in capsys.readouterr().out


def test_a_wrong_option_is_an_expected_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["models", "--colour"])
    assert ended.value.code == 2
    assert "--colour" in capsys.readouterr().err


def test_a_fault_is_told_with_its_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from csamoe_desktop.commands import models

    def broken(chosen: object) -> int:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(models, "run", broken)
    assert main(["models"]) == 1
    err = capsys.readouterr().err
    assert "ZeroDivisionError: a fault" in err
    assert "fault of the program" in err


def test_output_cut_off_by_its_reader_is_no_fault(tmp_path: Path) -> None:
    for number in range(2000):
        (tmp_path / f"{number}.png").write_bytes(b"no image")
    command = f"{sys.executable} -m csamoe_desktop inspect {tmp_path} --json | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert '"status"' in done.stdout
    assert done.stderr == ""


def test_light_commands_do_not_load_torch() -> None:
    code = "import sys; from csamoe_desktop.cli import main; main(['models']); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
