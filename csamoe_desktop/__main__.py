"""Entry point of `python -m csamoe_desktop`, of the installed `csamoe-desktop` and of the frozen program."""

import multiprocessing
import os
import sys
from pathlib import Path

from csamoe_desktop import cli


def main() -> int:
    """Run the command line and return the exit status."""
    multiprocessing.freeze_support()
    # A windowed Windows program has no output streams; a library that prints would fail.
    with Path(os.devnull).open("w", encoding="utf-8") as null:
        sys.stdout = sys.stdout or null
        sys.stderr = sys.stderr or null
        return cli.main()


if __name__ == "__main__":
    sys.exit(main())
