"""Print for each file what it is, or why the program cannot open it."""

import argparse
import json
from pathlib import Path

from csamoe_desktop.study.folder import files_in
from csamoe_desktop.study.opening import inspect


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="files, or folders of files")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return 0, or 2 if a file was refused."""
    status = 0
    for path in chosen.paths:
        for file in files_in(path) if path.is_dir() else [path]:
            inspection = inspect(file)
            status = status if inspection.status == "ok" else 2
            text = json.dumps(inspection.to_dict(), ensure_ascii=False) if chosen.json else inspection.line()
            print(text, flush=True)
    return status
