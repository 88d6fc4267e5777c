#!/usr/bin/env python3
"""Set up CSA-MoE Desktop in .venv beside this file, once, and start it; needs nothing but Python.

    python3 run.py                open the window with the demo study (without a display: write files to demo-output)
    python3 run.py test [ARGS]    run all checks of the project: ruff, mypy, pytest; ARGS are passed to pytest
    python3 run.py package        build the program in dist, for machines without Python
    python3 run.py ARGS           run csamoe-desktop ARGS, as in: python3 run.py assess image.png --mask mask.png

The syntax is limited to Python 3.7, so that an older Python can print that it is too old.
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

# Libraries that Qt loads by name on Linux, and the Debian package of each.
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
# Programs that the extras need, and the Debian package of each.
PROGRAMS = {"test": {"pdftotext": "poppler-utils"}, "package": {"objdump": "binutils"}}


class Stop(Exception):
    """Set-up cannot continue; the message says why and what to do."""


class SetUp(NamedTuple):
    """A set-up to do: whether .venv is created from scratch, and the extras that it will contain."""

    from_scratch: bool
    extras: tuple[str, ...]


class Task(NamedTuple):
    """What the arguments ask for: the extras needed, the commands to run in order, and the folder to run them in."""

    extras: tuple[str, ...]
    commands: tuple[tuple[str, ...], ...]
    folder: Path | None = None
    offscreen: bool = False


def main(arguments: Sequence[str]) -> int:
    """Set up what is missing, do what `arguments` ask for, and return the exit status."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # Background jobs of a shell start with SIGINT ignored; it should end this program too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    refusal = too_old(sys.version_info[:3])
    if refusal:
        say(refusal)
        return 1
    try:
        task = task_of(arguments, has_display(sys.platform, os.environ))
        set_up(task.extras)
        return run_task(task)
    except Stop as problem:
        say(str(problem))
        return 1
    except KeyboardInterrupt:
        say("Stopped.")
        return 130


def too_old(version: tuple[int, ...]) -> str:
    """Return why this Python cannot run the program, or "" if it can."""
    if version[:2] >= OLDEST_PYTHON:
        return ""
    newer = [name for name in ("python3.14", "python3.13", "python3.12", "python3.11") if shutil.which(name)]
    hint = f"Start it with: {newer[0]} run.py" if newer else "Install a newer Python and start run.py with it."
    return f"CSA-MoE Desktop needs Python {dotted(OLDEST_PYTHON)} or newer; this is {dotted(version)}. {hint}"


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
        # The whole suite runs in two processes; selected tests run in one, which is easier to debug.
        parallel = () if arguments[1:] else ("-n", "2", "--dist", "loadfile")
        checks = (
            (python, "-m", "ruff", "check"),
            (python, "-m", "ruff", "format", "--check"),
            (python, "-m", "mypy"),
            (python, "-m", "pytest", "-m", "not slow", *parallel, *arguments[1:]),
        )
        return Task(("test",), checks, folder=ROOT)
    if arguments[0] == "package":
        if arguments[1:]:
            raise Stop("`package` takes no arguments: python3 run.py package")
        freeze = (python, "-m", "PyInstaller", "--noconfirm", "--distpath", "dist", "--workpath", "build", str(SPEC))
        return Task(("package",), (freeze,), folder=ROOT)
    return Task((), ((*program, *arguments),))


def run_task(task: Task) -> int:
    """Run all commands of the task, even if one fails, and return the first status that is not 0."""
    environment = dict(os.environ)
    if task.offscreen:
        say("There is no display (DISPLAY and WAYLAND_DISPLAY are not set): running the demo without a window.")
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
        say(f"Report: {DEMO_OUTPUT / 'report.pdf'}")
        say(f"Picture of the window: {DEMO_OUTPUT / 'window.png'}")
    return failed[0][1] if failed else 0


def call(command: Sequence[str], environment: Mapping[str, str], folder: Path | None) -> int:
    """Run `command` and return its status (128 + signal, as in a shell); the command itself handles Ctrl+C."""
    process = subprocess.Popen(list(command), env=dict(environment), cwd=str(folder) if folder else None)
    interrupts = 0
    while True:
        try:
            status = process.wait()
            break
        except KeyboardInterrupt:
            # The command received the same Ctrl+C. It may be writing a checkpoint, so only a second one terminates it.
            interrupts += 1
            if interrupts > 1:
                process.terminate()
    if interrupts:
        raise KeyboardInterrupt
    return status if status >= 0 else 128 - status


# Set-up


def set_up(extras: Sequence[str]) -> None:
    """Make sure that .venv contains the project, its pinned packages and `extras`; do nothing if it already does.

    Raises:
        Stop: set-up failed; the next start tries again.
    """
    if set_up_needed(last_set_up(), this_set_up(), extras) is None:
        missing = missing_packages(extras)
        if missing:
            say(install_advice(missing))
        return
    try:
        with one_at_a_time():
            before = last_set_up()
            needed = set_up_needed(before, this_set_up(), extras)
            if needed is not None:
                do_set_up(needed, before)
    except OSError as problem:
        raise Stop(
            f"{VENV} could not be created: {problem}. Check permissions and disk space, then start again."
        ) from None


def do_set_up(needed: SetUp, before: Mapping[str, Any]) -> None:
    """Do the set-up; if pip fails, the set-up that was there `before` stays in use."""
    say(f"Setting up in {VENV} (only once; takes some minutes and some GB of disk, mostly for PyTorch)")
    make_venv(needed.from_scratch)
    with LOG.open("w", encoding="utf-8") as log:
        missing = missing_packages(needed.extras)
        if missing:
            install_packages(missing, log)
        try:
            install_project(needed.extras, log)
        except Stop:
            if not needed.from_scratch:
                write_stamp(STAMP, before)
            raise
    write_stamp(STAMP, dict(this_set_up(), extras=list(needed.extras)))
    say("Set-up is complete.")


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait while another process sets up here; the system releases the lock when its holder ends, even by a crash."""
    with LOCK.open("a", encoding="utf-8") as file:
        if not locked(file):
            say("Another process is setting up the program; waiting for it.")
            while not locked(file):
                time.sleep(0.5)
        yield


def locked(file: TextIO) -> bool:
    """Try to lock the file for this process, and return whether it worked."""
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
    """Return what a set-up depends on: Python, machine, folder (.venv contains its path) and pyproject.toml."""
    pins = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    return {"python": dotted(sys.version_info[:2]), "machine": platform.machine(), "place": str(ROOT), "pins": pins}


def set_up_needed(stamp: Mapping[str, Any], this: Mapping[str, Any], extras: Sequence[str]) -> SetUp | None:
    """Return the set-up that is needed, or None; `stamp` describes the last one ({}: .venv was made by another tool)."""
    before = set(stamp.get("extras", ()))
    moved = any(name in stamp and stamp[name] != this[name] for name in ("python", "machine", "place"))
    from_scratch = moved or bool(stamp.get("unfinished"))
    if not from_scratch and stamp.get("pins") == this["pins"] and before.issuperset(extras):
        return None
    return SetUp(from_scratch, tuple(sorted(before.union(extras))))


def last_set_up() -> dict[str, Any]:
    """Return the stamp of the last set-up; an unfinished one if .venv has no Python."""
    return read_stamp(STAMP) if venv_python().exists() else {"unfinished": True}


def read_stamp(file: Path) -> dict[str, Any]:
    """Return the stamp in `file`; {} if there is none, and an unfinished one if it is unreadable."""
    try:
        stamp = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return {"unfinished": True}
    return stamp if isinstance(stamp, dict) else {"unfinished": True}


def write_stamp(file: Path, stamp: Mapping[str, Any]) -> None:
    """Write the stamp atomically."""
    temporary = file.with_suffix(".new")
    temporary.write_text(json.dumps(stamp, indent=2) + "\n", encoding="utf-8")
    temporary.replace(file)


def make_venv(from_scratch: bool) -> None:
    """Create .venv, marked unfinished until write_stamp; `from_scratch` deletes an old one first."""
    if from_scratch and VENV.exists():
        shutil.rmtree(str(VENV))
    VENV.mkdir(exist_ok=True)
    write_stamp(STAMP, {"unfinished": True})
    if not from_scratch:
        return
    if importlib.util.find_spec("ensurepip") is None:  # a separate package on Debian
        package = f"python{dotted(sys.version_info[:2])}-venv"
        with LOG.open("w", encoding="utf-8") as log:
            install_packages([package], log)
    # If this is .venv's own Python, use the Python that it was created from.
    python = getattr(sys, "_base_executable", None) or sys.executable
    venv = subprocess.run(
        [python, "-m", "venv", str(VENV)], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if venv.returncode:
        raise Stop(f"{venv.stdout.strip()}\nThe virtual environment could not be created: {python} -m venv {VENV}")


def install_project(extras: Sequence[str], log: TextIO) -> None:
    """Install the project in editable mode with its pinned packages and `extras`.

    Raises:
        Stop: pip failed; the log has its output.
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
        progress = progress_message(line)
        if progress:
            say("  " + progress)
    if process.wait():
        errors = [line for line in lines if line.startswith("ERROR:")] or lines[-8:]
        shown = "\n".join("  " + line for line in errors)
        raise Stop(
            f"{shown}\nInstallation failed with the lines above (full log: {LOG}).\n"
            f"Check the network and the free disk space, then start again, or run the command yourself:\n"
            f"  {shlex.join(command)}"
        )


def progress_message(line: str) -> str:
    """Return the message for a line of pip's output: large downloads and the last step; "" for all other lines."""
    words = line.split()
    if words[:1] == ["Downloading"] and words[-1] in ("MB)", "GB)"):
        return " ".join(["downloading", words[1].rsplit("/", 1)[-1].split("-")[0], *words[2:]])
    if words[:3] == ["Installing", "collected", "packages:"]:
        return f"installing {len(words) - 3} packages"
    return ""


# The system's part (Linux)


def missing_packages(extras: Sequence[str]) -> list[str]:
    """Return the Debian packages that the program and `extras` need and the system does not have."""
    if not sys.platform.startswith("linux"):
        return []
    missing = [package for library, package in LIBRARIES.items() if not has_library(library)]
    if not any_font():
        missing.append(FONTS)
    for extra in extras:
        missing += [package for program, package in PROGRAMS[extra].items() if not shutil.which(program)]
    return missing


def has_library(name: str) -> bool:
    """Return whether the dynamic loader finds the library."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def any_font() -> bool:
    """Return whether a scalable font is installed."""
    homes = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts")]
    homes += [Path.home() / ".local/share/fonts", Path.home() / ".fonts"]
    return any(file.suffix.lower() in (".ttf", ".otf", ".ttc") for home in homes for file in home.rglob("*.?t?"))


def install_packages(packages: Sequence[str], log: TextIO) -> None:
    """Install system packages if this is Debian and we are root; otherwise print the command to type."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        say(install_advice(packages))
        return
    say("  system packages: " + " ".join(packages))
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", *packages]):
        log.flush()
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        if done.returncode:
            say("  {} failed (see {}).".format(" ".join(command[:2]), LOG))
            say(install_advice(packages))
            return


def install_advice(packages: Sequence[str]) -> str:
    """Return the message that tells the user how to install the missing system packages."""
    if shutil.which("apt-get"):
        line = "sudo apt-get install " + " ".join(packages)
        return "Required libraries or programs are missing. Install them with:\n  " + line
    names = ", ".join(packages)
    return f"Required libraries or programs are missing. Install the packages that Debian calls {names}."


# Helpers


def venv_python() -> Path:
    """Return the path of .venv's Python."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def dotted(version: Sequence[int]) -> str:
    """Return a version such as "3.11"."""
    return ".".join(str(number) for number in version)


def say(message: str) -> None:
    """Print a message on stderr, so that stdout has only the output of the command, such as `assess --json`."""
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
