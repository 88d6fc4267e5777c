"""The command line: `csamoe-desktop [PATH...]` opens the window; `csamoe-desktop COMMAND` runs a command without a window.

Exit status: 0 for success; 2 for an expected error, with a message and a hint on stderr; 1 for a program fault, with its
traceback.
"""

import argparse
import difflib
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path

from csamoe_desktop import __version__
from csamoe_desktop.commands import (
    assess,
    cases,
    compare,
    convert,
    counts,
    demo,
    descriptors,
    evaluate,
    guard,
    hospitals,
    inspect,
    models,
    mutants,
    outside,
    propose,
    record,
    results,
    train,
    verify,
)
from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.loading import engine_missing, is_of_the_engine
from csamoe_desktop.names import SHOW_HALVES

_COMMANDS = {
    "assess": assess,
    "compare": compare,
    "propose": propose,
    "inspect": inspect,
    "models": models,
    "train": train,
    "evaluate": evaluate,
    "cases": cases,
    "guard": guard,
    "descriptors": descriptors,
    "hospitals": hospitals,
    "outside": outside,
    "record": record,
    "results": results,
    "demo": demo,
    "counts": counts,
    "convert": convert,
    "verify": verify,
    "mutants": mutants,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program with `arguments` (default: those of the process) and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _utf8_output()
    _enable_control_c()
    try:
        status = _run(given)
        sys.stdout.flush()
        return status
    except UserError as problem:
        print(problem, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The receiver of the output has closed it (`| head`); this keeps Python from printing an error at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        print("There is not enough memory. Close other programs and try again.", file=sys.stderr)
        return 2
    except Exception as problem:  # noqa: BLE001 - any program fault ends here and prints its traceback
        # Training and figures import PyTorch directly, not through `inference.loading`.
        if isinstance(problem, ImportError | OSError) and is_of_the_engine(problem):
            print(engine_missing(problem), file=sys.stderr)
            return 2
        traceback.print_exc()
        print("This is a fault of the program. Report it together with the lines above.", file=sys.stderr)
        return 1


def _run(given: list[str]) -> int:
    parser = _parser()
    # A path, or no argument, opens the window. `./assess` opens a file that has the name of a command.
    if given and (given[0] in _COMMANDS or given[0].startswith("-")):
        chosen = parser.parse_args(given)
        return int(chosen.run(chosen))
    _check_path_or_command(given)
    from csamoe_desktop.ui.shell.app import run

    return run([Path(argument) for argument in given])


def _check_path_or_command(given: list[str]) -> None:
    """Refuse a word that is neither a file nor a command, so that a misspelt command does not open an empty window.

    Raises:
        UserError: the first argument is such a word; the hint names the nearest command.
    """
    word = given[0] if given else ""
    # Anything that looks like a file name is taken as one; the window reports a missing file.
    if not re.fullmatch(r"[A-Za-z][A-Za-z_-]*", word) or os.path.lexists(word):
        return
    nearest = difflib.get_close_matches(word.lower(), _COMMANDS, n=1, cutoff=0.5)
    hint = f"Did you mean `csamoe-desktop {nearest[0]}`? " if nearest else ""
    raise UserError(f"{word} is neither a file nor a command.", f"{hint}`csamoe-desktop --help` lists the commands.")


def _enable_control_c() -> None:
    """Let Ctrl+C end a command even if the program was started with SIGINT ignored, as background jobs of a shell are."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="csamoe-desktop",
        description="Second reading for breast ultrasound. Research use only.",
        usage="csamoe-desktop [PATH ...]  |  csamoe-desktop COMMAND ...",
        epilog="Without a command, the window opens and shows the given files.",
    )
    parser.add_argument("--version", action="version", version=f"csamoe-desktop {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, command in _COMMANDS.items():
        summary = (command.__doc__ or "").splitlines()[0].replace("%", "%%")
        command_parser = commands.add_parser(name, help=summary, description=summary)
        command.add_arguments(command_parser)
        command_parser.set_defaults(run=command.run)
    return parser


def _utf8_output() -> None:
    """Make any patient name printable on any console, even if Windows uses a legacy code page."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors=SHOW_HALVES)
