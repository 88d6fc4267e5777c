"""Say of each file what it is, or why it is refused: one line a file."""

import argparse
import json
from pathlib import Path

from csamoe_desktop.study.folder import files_in
from csamoe_desktop.study.opening import inspect


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="files, or folders with files")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return 0, or 2 where a file was refused."""
    status = 0
    for path in chosen.paths:
        for file in files_in(path) if path.is_dir() else [path]:
            found = inspect(file)
            status = status if found.status == "ok" else 2
            print(json.dumps(found.to_dict(), ensure_ascii=False) if chosen.json else found.line(), flush=True)
    return status
