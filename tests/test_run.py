"""run.py: what is set up and when, what is run, and what a newcomer is told when it fails."""

import ast
import importlib.util
import json
import os
import signal
import subprocess
import sys
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent

posix_only = pytest.mark.skipif(os.name == "nt", reason="signals and shell scripts of POSIX")
linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the system libraries are Linux's")


def load(file: Path) -> ModuleType:
    """Return the run.py at `file` as a module of its own."""
    spec = importlib.util.spec_from_file_location("run_under_test", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


run = load(ROOT / "run.py")


# What is asked for


def test_an_old_python_can_read_it_and_is_told() -> None:
    ast.parse((ROOT / "run.py").read_text(encoding="utf-8"), feature_version=(3, 7))
    assert "needs Python 3.11 or newer; this is 3.9.2." in run.too_old((3, 9, 2))
    assert run.too_old((3, 11, 0)) == run.too_old((4, 0, 0)) == ""


def test_it_needs_nothing_but_python() -> None:
    tree = ast.parse((ROOT / "run.py").read_text(encoding="utf-8"))
    roots = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    roots |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {root.split(".")[0] for root in roots} <= sys.stdlib_module_names


@pytest.mark.parametrize(
    ("system", "environment", "shown"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("win32", {}, True),
        ("darwin", {}, True),
    ],
)
def test_a_display_is_noticed(system: str, environment: dict[str, str], shown: bool) -> None:
    assert run.has_display(system, environment) is shown


def test_alone_it_shows_the_demo() -> None:
    task = run.task_of([], display=True)
    assert [command[1:] for command in task.commands] == [("-m", "csamoe_desktop", "demo", "--window")]
    assert (task.extras, task.offscreen) == ((), False)


def test_without_a_display_the_demo_leaves_files() -> None:
    task = run.task_of([], display=False)
    assert [command[1:] for command in task.commands] == [
        ("-m", "csamoe_desktop", "demo", "--out", str(ROOT / "demo-output"))
    ]
    assert (task.extras, task.offscreen) == ((), True)


def test_the_checks_are_run_in_the_project_with_pytests_arguments_passed_on() -> None:
    task = run.task_of(["test", "tests/study", "-x"], display=False)
    assert [command[2:] for command in task.commands] == [
        ("ruff", "check"),
        ("ruff", "format", "--check"),
        ("mypy",),
        ("pytest", "-m", "not slow", "tests/study", "-x"),
    ]
    assert (task.extras, task.folder) == (("test",), ROOT)


def test_package_freezes() -> None:
    task = run.task_of(["package"], display=False)
    assert task.extras == ("package",)
    (command,) = task.commands
    assert command[2] == "PyInstaller"
    assert Path(command[-1]) == ROOT / "installer" / "csamoe-desktop.spec"
    assert Path(command[-1]).is_file()
    with pytest.raises(run.Stop):
        run.task_of(["package", "--fast"], display=False)


def test_all_else_goes_to_the_program_in_the_users_folder() -> None:
    task = run.task_of(["assess", "a b.png", "--json"], display=False)
    assert [command[1:] for command in task.commands] == [("-m", "csamoe_desktop", "assess", "a b.png", "--json")]
    assert (task.folder, task.offscreen) == (None, False)


# What is set up

THIS = {"python": "3.11", "machine": "x86_64", "place": "/home/a", "pins": "abc"}


@pytest.mark.parametrize(
    ("stamp", "extras", "needed"),
    [
        ({**THIS, "extras": []}, (), None),
        ({**THIS, "extras": ["package", "test"]}, ("test",), None),
        ({**THIS, "extras": []}, ("test",), (False, ("test",))),
        ({**THIS, "extras": ["package"]}, ("test",), (False, ("package", "test"))),
        ({**THIS, "pins": "old", "extras": ["test"]}, (), (False, ("test",))),
        ({**THIS, "python": "3.12", "extras": ["test"]}, (), (True, ("test",))),
        ({**THIS, "place": "/home/b", "extras": []}, (), (True, ())),
        ({"unfinished": True}, ("test",), (True, ("test",))),
        ({}, (), (False, ())),
    ],
    ids=["done", "with more", "an extra", "another", "new pins", "new Python", "moved", "interrupted", "not ours"],
)
def test_set_up_is_done_when_needed(
    stamp: dict[str, object], extras: tuple[str, ...], needed: tuple[bool, tuple[str, ...]] | None
) -> None:
    assert run.set_up_needed(stamp, THIS, extras) == needed


def test_a_stamp_is_read_back_and_a_broken_one_means_unfinished(tmp_path: Path) -> None:
    file = tmp_path / "set-up.json"
    assert run.read_stamp(file) == {}
    run.write_stamp(file, THIS)
    assert run.read_stamp(file) == THIS
    for broken in ("", '{"python": ', "[]"):
        file.write_text(broken, encoding="utf-8")
        assert run.read_stamp(file) == {"unfinished": True}


def test_the_pins_are_pyproject(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = run.this_set_up()
    monkeypatch.setattr(run, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    assert run.this_set_up()["pins"] != before["pins"]


def test_pip_is_summed_up() -> None:
    assert run.progress_message("  Downloading pyside6_essentials-6.12.0-cp310-abi3-win_amd64.whl (84.3 MB)\n") == (
        "downloading pyside6_essentials (84.3 MB)"
    )
    assert run.progress_message("Installing collected packages: numpy, torch\n") == "installing 2 packages"
    for unimportant in ("", "\n", "Collecting numpy==2.4.6", "Downloading tqdm-4.70.1-py3-none-any.whl (78 kB)"):
        assert run.progress_message(unimportant) == ""


@linux_only
def test_what_the_system_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "LIBRARIES", {"libc.so.6": "libc6", "libnever.so.9": "libnever9"})
    monkeypatch.setattr(run, "PROGRAMS", {"test": {"sh": "dash", "no-such-program": "nothing-utils"}})
    monkeypatch.setattr(run, "any_font", lambda: False)
    assert run.missing_packages(["test"]) == ["libnever9", "fonts-dejavu-core", "nothing-utils"]
    assert run.missing_packages([]) == ["libnever9", "fonts-dejavu-core"]


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An apt-get that writes down what it was asked, and fails where a file `fail` stands beside it."""
    script = tmp_path / "bin" / "apt-get"
    script.parent.mkdir()
    script.write_text('#!/bin/sh\necho "$@" >> "$0.asked"\n[ ! -e "$0.fail" ]\n', encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    return script


@posix_only
def test_root_on_debian_installs_what_is_lacking(apt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with (tmp_path / "log").open("w", encoding="utf-8") as log:
        run.install_packages(["libegl1", "libgl1"], log)
    asked = Path(f"{apt}.asked").read_text(encoding="utf-8").splitlines()
    assert asked == ["update", "install -y --no-install-recommends libegl1 libgl1"]


@posix_only
def test_without_root_or_network_the_line_is_said(
    apt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with (tmp_path / "log").open("w", encoding="utf-8") as log:
        run.install_packages(["libegl1"], log)
        assert not Path(f"{apt}.asked").exists()
        assert "sudo apt-get install libegl1" in capsys.readouterr().err
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        Path(f"{apt}.fail").touch()
        run.install_packages(["libegl1"], log)
    told = capsys.readouterr().err
    assert "apt-get update failed" in told
    assert "sudo apt-get install libegl1" in told


# What is run


def test_a_commands_status_is_passed_on() -> None:
    assert run.call([sys.executable, "-c", "raise SystemExit(5)"], os.environ, None) == 5


@posix_only
def test_a_killed_command_has_a_shells_status() -> None:
    program = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run.call([sys.executable, "-c", program], os.environ, None) == 137


def test_every_check_runs_and_the_first_failure_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def leaving(name: str, status: int) -> tuple[str, ...]:
        return (sys.executable, "-c", f"open({name!r}, 'w'); raise SystemExit({status})")

    task = run.Task((), (leaving("a", 0), leaving("b", 3), leaving("c", 4)), folder=tmp_path)
    assert run.run_task(task) == 3
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a", "b", "c"]
    assert "Failed: " in capsys.readouterr().err


def test_offscreen_is_said_and_set(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QT_QPA_PLATFORM")
    show = (sys.executable, "-c", "import os; print(os.environ['QT_QPA_PLATFORM'])")
    assert run.run_task(run.Task((), (show,), offscreen=True)) == 0
    told = capfd.readouterr()
    assert told.out.strip() == "offscreen"
    assert "There is no display" in told.err
    assert str(ROOT / "demo-output" / "report.pdf") in told.err
    failing = (sys.executable, "-c", "raise SystemExit(2)")
    assert run.run_task(run.Task((), (failing,), offscreen=True)) == 2
    assert "report.pdf" not in capfd.readouterr().err


@posix_only
def test_control_c_ends_without_a_traceback() -> None:
    """The command answers the Ctrl+C itself; run.py waits for it and says one word."""
    child = "import signal, sys, time\ntry:\n    print('up', flush=True); time.sleep(60)\nexcept KeyboardInterrupt: sys.exit(130)"
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import run\n"
        "run.set_up = lambda extras: None\n"
        f"run.task_of = lambda *a: run.Task((), ((sys.executable, '-c', {child!r}),))\n"
        "sys.exit(run.main([]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout and process.stderr
        assert process.stdout.readline() == "up\n"
        os.killpg(process.pid, signal.SIGINT)
        told = process.stderr.read()
    assert (process.returncode, told) == (130, "Stopped.\n")


# The whole of it, on a small project

BACKEND = '''
"""Builds an editable wheel by hand, so that the test needs no network."""
import pathlib, zipfile

def build_editable(folder, settings=None, metadata=None):
    name, info = "csamoe_desktop-0-py3-none-any.whl", "csamoe_desktop-0.dist-info"
    extra = "Provides-Extra: package\\nRequires-Dist: no-such-package==9; extra == 'package'\\n"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("csamoe_desktop.pth", str(pathlib.Path.cwd()))
        wheel.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: csamoe-desktop\\nVersion: 0\\n" + extra)
        wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "/RECORD", "")
    return name
'''
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "csamoe-desktop"
version = "0"
"""


class Clone:
    """A small project with the real run.py, and a shell to start it from."""

    def __init__(self, root: Path, elsewhere: Path) -> None:
        self.root, self.elsewhere = root, elsewhere
        (root / "csamoe_desktop").mkdir(parents=True)
        elsewhere.mkdir()
        (root / "run.py").write_bytes((ROOT / "run.py").read_bytes())
        (root / "backend.py").write_text(BACKEND, encoding="utf-8")
        (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
        program = (
            "import csamoe_desktop, os, sys\nprint(csamoe_desktop.__file__, os.getcwd(), *sys.argv[1:], sep='\\n')\n"
        )
        (root / "csamoe_desktop" / "__init__.py").write_text("", encoding="utf-8")
        (root / "csamoe_desktop" / "__main__.py").write_text(program, encoding="utf-8")

    def start(self, *arguments: str) -> tuple[int, list[str], str]:
        """Return status, lines on stdout, and stderr; no package index and no apt-get can be reached."""
        environment = {**os.environ, "PIP_NO_INDEX": "1", "PATH": str(self.elsewhere)}
        environment.pop("PYTHONPATH", None)
        done = subprocess.run(
            [sys.executable, str(self.root / "run.py"), *arguments],
            cwd=self.elsewhere,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout.splitlines(), done.stderr


def test_set_up_once_then_started_at_once(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "a clone", tmp_path / "elsewhere")
    status, said, told = clone.start("assess", "a b.png")
    assert status == 0, told
    assert said == [str(clone.root / "csamoe_desktop" / "__init__.py"), str(clone.elsewhere), "assess", "a b.png"]
    assert told.startswith(f"Setting up in {clone.root / '.venv'} (only once")
    marker = clone.root / ".venv" / "made-once"
    marker.touch()

    status, said, told = clone.start()
    assert (status, said[2:3]) == (0, ["demo"])
    assert "Setting up" not in told

    stamp = clone.root / ".venv" / "set-up.json"
    assert json.loads(stamp.read_text(encoding="utf-8"))["extras"] == []
    stamp.write_text('{"unfinished": true}', encoding="utf-8")
    status, said, told = clone.start("models")
    assert (status, said[2:]) == (0, ["models"])
    assert "Setting up" in told
    assert not marker.exists(), "an interrupted set-up is made anew"


def test_a_failed_set_up_tells_how_to_see_why_and_is_tried_again(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone", tmp_path / "elsewhere")
    (clone.root / "pyproject.toml").write_text(PYPROJECT.replace("requires = []", 'requires = ["no-such-package==9"]'))
    status, said, told = clone.start("models")
    assert (status, said) == (1, [])
    assert "no-such-package==9" in told
    assert f"-m pip install --disable-pip-version-check --no-input --progress-bar off --editable {clone.root}" in told
    assert "Traceback (most recent call last)" not in told.split("Installation failed")[1]
    log = clone.root / ".venv" / "set-up.log"
    assert str(log) in told
    assert "no-such-package" in log.read_text(encoding="utf-8")

    (clone.root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    status, said, told = clone.start("models")
    assert (status, said[2:]) == (0, ["models"]), told


def test_two_starts_at_once_set_up_once(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone", tmp_path / "elsewhere")
    with ThreadPoolExecutor(2) as both:
        starts = [both.submit(clone.start, "models") for _ in range(2)]
    done = [start.result() for start in starts]
    assert [(status, said[2:]) for status, said, _ in done] == [(0, ["models"])] * 2, done
    assert sum("Setting up in" in told for _, _, told in done) == 1


def test_an_extra_that_cannot_be_had_leaves_the_program_usable(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone", tmp_path / "elsewhere")
    assert clone.start("models")[0] == 0
    status, _, told = clone.start("package")
    assert (status, "no-such-package==9" in told) == (1, True)
    status, said, told = clone.start("models")
    assert (status, said[2:]) == (0, ["models"])
    assert "Setting up" not in told


def test_a_venv_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone", tmp_path / "elsewhere")
    (clone.root / ".venv").write_text("a file stands there", encoding="utf-8")
    status, _, told = clone.start("models")
    assert status == 1
    assert f"{clone.root / '.venv'} could not be created" in told
    assert "Traceback" not in told


def test_a_venv_of_the_users_own_is_kept(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone", tmp_path / "elsewhere")
    venv.create(clone.root / ".venv", with_pip=True)
    own = clone.root / ".venv" / "own.txt"
    own.write_text("mine", encoding="utf-8")
    status, said, told = clone.start("models")
    assert (status, said[2:]) == (0, ["models"]), told
    assert own.exists()
