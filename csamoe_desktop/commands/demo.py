"""Run the whole workflow on a synthetic study: open, mark, assess, report; also save a picture of the window."""

import argparse
import os
import sys
from pathlib import Path

from csamoe_desktop import paths


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the files (default: demo-output)")
    parser.add_argument("--window", action="store_true", help="open the window with the synthetic study instead")


def has_display() -> bool:
    """Return whether a window can be shown; Windows and macOS always can."""
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    if not chosen.window and not has_display():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from csamoe_desktop.ui.shell import demo

    if chosen.window:
        return demo.show(chosen.out or paths.user_folder() / "demo")
    folder = chosen.out or Path("demo-output")
    demo.check_folder(folder)
    for file in demo.run_whole_job(folder):
        print(file)
    return 0
