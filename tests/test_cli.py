"""The command line itself: help, version, exit states, and what it does not load."""

import os
import shlex
import signal
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


@pytest.mark.parametrize(
    ("word", "meant"), [("asses", "assess"), ("Verify", "verify"), ("proposes", "propose"), ("zzz", "")]
)
def test_a_word_that_is_neither_a_file_nor_a_command_is_refused_with_the_nearest(
    word: str, meant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([word]) == 2
    said = capsys.readouterr().err
    assert f"{word} is neither a file nor a command." in said
    assert ("Did you mean" in said) == bool(meant)
    assert f"`csamoe-desktop {meant}`" in said or not meant


@pytest.mark.skipif(os.name == "nt", reason="there Ctrl+C is no signal that is ignored so")
def test_control_c_ends_a_command_that_was_started_with_it_ignored() -> None:
    program = (
        "import sys, time\nfrom csamoe_desktop import cli\n"
        "def wait(chosen): print('up', flush=True); time.sleep(60)\n"
        "cli._COMMANDS['counts'].run = wait\nsys.exit(cli.main(['counts']))"
    )
    started = f"trap '' INT; exec {shlex.quote(sys.executable)} -c {shlex.quote(program)}"
    with subprocess.Popen(
        ["sh", "-c", started], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "up\n"
        os.killpg(process.pid, signal.SIGINT)
        told = process.stderr.read()
    assert (process.returncode, told) == (130, "Stopped.\n")
