#!/usr/bin/env python3
"""Sets CSA-MoE Desktop up in .venv beside this file, once, and starts it; it needs nothing but Python itself.

    python3 run.py                the window on the demo study (without a display: the same job, files in demo-output)
    python3 run.py test [ARGS]    every check of the project: ruff, mypy, pytest; ARGS go to pytest
    python3 run.py package        the program with everything it needs, for machines without Python, in dist
    python3 run.py ARGS           csamoe-desktop ARGS, as in: python3 run.py assess image.png --mask mask.png

Written so that Pythons from 3.7 on can read it, and can say that they are too old.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib.util
import json
import os
import platform
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

OLDEST_PYTHON = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "set-up.json"
LOCK = ROOT / ".venv.lock"
LOG = VENV / "set-up.log"
DEMO_OUTPUT = ROOT / "demo-output"
SPEC = ROOT / "installer" / "csamoe-desktop.spec"

# What Qt opens by name on Linux, and Debian's package that has it.
LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
FONTS = "fonts-dejavu-core"
# What the extras need besides: the program, and Debian's package that has it.
PROGRAMS = {"test": {"pdftotext": "poppler-utils"}, "package": {"objdump": "binutils"}}


class Stop(Exception):
    """Set-up cannot go on; the message says why and what to do."""


class SetUp(NamedTuple):
    """A set-up to be done: whether .venv is made anew, and the extras that are then in it."""

    anew: bool
    extras: tuple[str, ...]


class Task(NamedTuple):
    """What the arguments ask for: the extras it needs and the commands to run, in order, each with its folder."""

    extras: tuple[str, ...]
    commands: tuple[tuple[str, ...], ...]
    folder: Path | None = None
    offscreen: bool = False


def main(arguments: Sequence[str]) -> int:
    """Set up what is missing, do what `arguments` ask for, and return the exit status."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # Started in the background of a shell: Ctrl+C, or who sends its signal, is to end it all the same.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    refusal = too_old(sys.version_info[:3])
    if refusal:
        say(refusal)
        return 1
    try:
        task = task_of(arguments, has_display(sys.platform, os.environ))
        set_up(task.extras)
        return carry_out(task)
    except Stop as problem:
        say(str(problem))
        return 1
    except KeyboardInterrupt:
        say("Stopped.")
        return 130


def too_old(version: tuple[int, ...]) -> str:
    """Return why this Python cannot run the program, or ""."""
    if version[:2] >= OLDEST_PYTHON:
        return ""
    newer = [name for name in ("python3.14", "python3.13", "python3.12", "python3.11") if shutil.which(name)]
    hint = f"Start it with: {newer[0]} run.py" if newer else "Install a newer Python and start it with that one."
    return f"CSA-MoE Desktop needs Python {dotted(OLDEST_PYTHON)} or newer, and this is {dotted(version)}. {hint}"


def has_display(system: str, environment: Mapping[str, str]) -> bool:
    """Return whether a window can be shown; Windows and macOS always can."""
    if not system.startswith("linux"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def task_of(arguments: Sequence[str], display: bool) -> Task:
    """Return what `arguments` ask for."""
    python = str(venv_python())
    program = (python, "-m", "csamoe_desktop")
    if not arguments and display:
        return Task((), ((*program, "demo", "--window"),))
    if not arguments:
        return Task((), ((*program, "demo", "--out", str(DEMO_OUTPUT)),), offscreen=True)
    if arguments[0] == "test":
        # All of them two at a time; of some that are named, one after the other, as who looks for a fault wants them.
        at_once = () if arguments[1:] else ("-n", "2", "--dist", "loadfile")
        checks = (
            (python, "-m", "ruff", "check"),
            (python, "-m", "ruff", "format", "--check"),
            (python, "-m", "mypy"),
            (python, "-m", "pytest", "-m", "not slow", *at_once, *arguments[1:]),
        )
        return Task(("test",), checks, folder=ROOT)
    if arguments[0] == "package":
        if arguments[1:]:
            raise Stop("`package` takes no arguments: python3 run.py package")
        freeze = (python, "-m", "PyInstaller", "--noconfirm", "--distpath", "dist", "--workpath", "build", str(SPEC))
        return Task(("package",), (freeze,), folder=ROOT)
    return Task((), ((*program, *arguments),))


def carry_out(task: Task) -> int:
    """Run the task's commands, all of them even when one fails, and return the first status that is not 0."""
    environment = dict(os.environ)
    if task.offscreen:
        say("No display here (neither DISPLAY nor WAYLAND_DISPLAY is set): the demo job is done without a window.")
        environment["QT_QPA_PLATFORM"] = "offscreen"
    failed: list[tuple[str, int]] = []
    for command in task.commands:
        name = " ".join(command[2:4])
        if len(task.commands) > 1:
            say("== " + name)
        status = call(command, environment, task.folder)
        if status:
            failed.append((name, status))
    if failed and len(task.commands) > 1:
        say("Failed: " + ", ".join(name for name, _ in failed))
    if task.offscreen and not failed:
        say(f"The report is {DEMO_OUTPUT / 'report.pdf'}")
        say(f"The window looks like {DEMO_OUTPUT / 'window.png'}")
    return failed[0][1] if failed else 0


def call(command: Sequence[str], environment: Mapping[str, str], folder: Path | None) -> int:
    """Run `command` and return its status (128 + signal, as a shell says it); Ctrl+C is the command's to answer."""
    process = subprocess.Popen(list(command), env=dict(environment), cwd=str(folder) if folder else None)
    asked = 0
    while True:
        try:
            status = process.wait()
            break
        except KeyboardInterrupt:
            # The command got the same Ctrl+C. Training may be writing its checkpoint: only a second one ends it.
            asked += 1
            if asked > 1:
                process.terminate()
    if asked:
        raise KeyboardInterrupt
    return status if status >= 0 else 128 - status


# Set-up


def set_up(extras: Sequence[str]) -> None:
    """Make .venv hold the project, its pinned packages and `extras`; nothing is done where it does already.

    Raises:
        Stop: it cannot be done; the next start tries again.
    """
    if set_up_needed(last_set_up(), this_set_up(), extras) is None:
        lacking = lacking_packages(extras)
        if lacking:
            say(to_type(lacking))
        return
    try:
        with one_at_a_time():
            before = last_set_up()
            needed = set_up_needed(before, this_set_up(), extras)
            if needed is not None:
                do_set_up(needed, before)
    except OSError as problem:
        raise Stop(f"{VENV} could not be made: {problem}. Free it or some space, and start again.") from None


def do_set_up(needed: SetUp, before: Mapping[str, Any]) -> None:
    """Do the set-up; one that pip refuses leaves what was there `before` in use."""
    say(f"Setting up in {VENV} (once; some minutes and some GB of disk, most of it PyTorch)")
    make_venv(needed.anew)
    with LOG.open("w", encoding="utf-8") as log:
        lacking = lacking_packages(needed.extras)
        if lacking:
            install_packages(lacking, log)
        try:
            install_project(needed.extras, log)
        except Stop:
            if not needed.anew:
                write_stamp(STAMP, before)
            raise
    write_stamp(STAMP, dict(this_set_up(), extras=list(needed.extras)))
    say("Set up.")


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait while another start sets up here; the system lets go of a lock whose holder has ended, however it ended."""
    with LOCK.open("a", encoding="utf-8") as file:
        if not locked(file):
            say("Another start is setting up; waiting for it.")
            while not locked(file):
                time.sleep(0.5)
        yield


def locked(file: TextIO) -> bool:
    """Lock the file for this process, and return whether that could be done."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def this_set_up() -> dict[str, Any]:
    """Return what a set-up depends on: the Python, the place (.venv names it) and what pyproject.toml says."""
    pins = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    return {"python": dotted(sys.version_info[:2]), "machine": platform.machine(), "place": str(ROOT), "pins": pins}


def set_up_needed(stamp: Mapping[str, Any], this: Mapping[str, Any], extras: Sequence[str]) -> SetUp | None:
    """Return the set-up that is needed where `stamp` tells of the last one ({}: a .venv made by someone else)."""
    before = set(stamp.get("extras", ()))
    moved = any(name in stamp and stamp[name] != this[name] for name in ("python", "machine", "place"))
    anew = moved or bool(stamp.get("unfinished"))
    if not anew and stamp.get("pins") == this["pins"] and before.issuperset(extras):
        return None
    return SetUp(anew, tuple(sorted(before.union(extras))))


def last_set_up() -> dict[str, Any]:
    """Return what the last set-up left."""
    return read_stamp(STAMP) if venv_python().exists() else {"unfinished": True}


def read_stamp(file: Path) -> dict[str, Any]:
    """Return what the last set-up left; {} where there was none, or an unfinished one where it is unreadable."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return {"unfinished": True}
    return told if isinstance(told, dict) else {"unfinished": True}


def write_stamp(file: Path, told: Mapping[str, Any]) -> None:
    """Write the stamp whole."""
    temporary = file.with_suffix(".new")
    temporary.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    os.replace(str(temporary), str(file))


def make_venv(anew: bool) -> None:
    """Make .venv (an old one goes first if `anew`), marked unfinished until write_stamp."""
    if anew and VENV.exists():
        shutil.rmtree(str(VENV))
    VENV.mkdir(exist_ok=True)
    write_stamp(STAMP, {"unfinished": True})
    if not anew:
        return
    if importlib.util.find_spec("ensurepip") is None:  # Debian has it apart
        package = f"python{dotted(sys.version_info[:2])}-venv"
        with LOG.open("w", encoding="utf-8") as log:
            install_packages([package], log)
    # When started by .venv's own Python: the one it was made from.
    python = getattr(sys, "_base_executable", None) or sys.executable
    made = subprocess.run(
        [python, "-m", "venv", str(VENV)], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if made.returncode:
        raise Stop(f"{made.stdout.strip()}\nPython's venv could not be made: {python} -m venv {VENV}")


def install_project(extras: Sequence[str], log: TextIO) -> None:
    """Install the project, editable, with its pinned packages and `extras`.

    Raises:
        Stop: pip refused; the log is kept.
    """
    project = str(ROOT) + ("[{}]".format(",".join(extras)) if extras else "")
    options = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    command = [str(venv_python()), "-m", "pip", "install", *options, "--editable", project]
    lines: list[str] = []
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=dict(os.environ, PYTHONUNBUFFERED="1", PYTHONIOENCODING="utf-8"),
    )
    assert process.stdout is not None
    for line in process.stdout:
        log.write(line)
        lines.append(line.strip())
        word = progress_word(line)
        if word:
            say("  " + word)
    if process.wait():
        errors = [line for line in lines if line.startswith("ERROR:")] or lines[-8:]
        shown = "\n".join("  " + line for line in errors)
        raise Stop(
            f"{shown}\nInstalling failed with the lines above (all of them: {LOG}).\n"
            f"Check the network and the free disk space and start again, or see for yourself:\n"
            f"  {shlex.join(command)}"
        )


def progress_word(line: str) -> str:
    """Return what a line of pip's is worth saying: large downloads, as they take the time, and the last step."""
    words = line.split()
    if words[:1] == ["Downloading"] and words[-1] in ("MB)", "GB)"):
        return " ".join(["downloading", words[1].rsplit("/", 1)[-1].split("-")[0], *words[2:]])
    if words[:3] == ["Installing", "collected", "packages:"]:
        return f"installing {len(words) - 3} packages"
    return ""


# The system's part (Linux)


def lacking_packages(extras: Sequence[str]) -> list[str]:
    """Return Debian's names of what the program, and `extras`, need from the system and do not find."""
    if not sys.platform.startswith("linux"):
        return []
    lacking = [package for library, package in LIBRARIES.items() if not has_library(library)]
    if not any_font():
        lacking.append(FONTS)
    for extra in extras:
        lacking += [package for program, package in PROGRAMS[extra].items() if not shutil.which(program)]
    return lacking


def has_library(name: str) -> bool:
    """Return whether the system's loader finds the library."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def any_font() -> bool:
    """Return whether there is a scalable font."""
    homes = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts")]
    homes += [Path.home() / ".local/share/fonts", Path.home() / ".fonts"]
    return any(file.suffix.lower() in (".ttf", ".otf", ".ttc") for home in homes for file in home.rglob("*.?t?"))


def install_packages(packages: Sequence[str], log: TextIO) -> None:
    """Install the system's packages where that is ours to do (Debian, as root); else say what to type."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        say(to_type(packages))
        return
    say("  system packages: " + " ".join(packages))
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", *packages]):
        log.flush()
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        if done.returncode:
            say("  {} failed (see {}).".format(" ".join(command[:2]), LOG))
            say(to_type(packages))
            return


def to_type(packages: Sequence[str]) -> str:
    """Return the line the user should type for the system's packages."""
    if shutil.which("apt-get"):
        line = "sudo apt-get install " + " ".join(packages)
        return "The system lacks libraries or programs that are needed. Please type:\n  " + line
    return "The system lacks what Debian calls {}: please install these.".format(", ".join(packages))


# Words


def venv_python() -> Path:
    """Return .venv's Python."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def dotted(version: Sequence[int]) -> str:
    """Return a version as people write it."""
    return ".".join(str(number) for number in version)


def say(words: str) -> None:
    """Tell the user; on stderr, so that `assess --json` prints nothing but its object."""
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
