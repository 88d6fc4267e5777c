"""Starts the program: `python -m csamoe_desktop`, the installed `csamoe-desktop`, and the frozen program."""

import multiprocessing
import os
import sys

from csamoe_desktop import cli


def main() -> int:
    """Run the command line and return the exit code."""
    multiprocessing.freeze_support()
    # A windowed program on Windows has no streams, and a library that prints would crash it.
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        sys.stdout = sys.stdout or nowhere
        sys.stderr = sys.stderr or nowhere
        return cli.main()


if __name__ == "__main__":
    sys.exit(main())
