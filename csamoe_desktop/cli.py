"""The command line: `csamoe-desktop [PATH...]` opens the window, `csamoe-desktop COMMAND` does a job without one.

Exit status: 0 fine; 2 an expected refusal, one sentence and a hint on stderr; 1 a fault, with its traceback.
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
    """Run the program with `arguments` (those of the process, if None) and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _utf8_output()
    _heed_control_c()
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
        # Whoever read the output has gone (`| head`); keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        print("There is not enough memory for this. Close other programs, and try again.", file=sys.stderr)
        return 2
    except Exception as problem:  # noqa: BLE001 - a fault of ours ends the program here, told whole
        # Training and figures import PyTorch themselves.
        if isinstance(problem, ImportError | OSError) and is_of_the_engine(problem):
            print(engine_missing(problem), file=sys.stderr)
            return 2
        traceback.print_exc()
        print("This is a fault of the program, not of yours: please report it with the lines above.", file=sys.stderr)
        return 1


def _run(given: list[str]) -> int:
    parser = _parser()
    # A path comes first or nothing does: then it is the window. `./assess` opens a file of a command's name.
    if given and (given[0] in _COMMANDS or given[0].startswith("-")):
        chosen = parser.parse_args(given)
        return int(chosen.run(chosen))
    _refuse_no_command(given)
    from csamoe_desktop.ui.shell.app import run

    return run([Path(one) for one in given])


def _refuse_no_command(given: list[str]) -> None:
    """Refuse a word that is neither a file nor a command, rather than open a window on nothing.

    Raises:
        UserError: it is none; the nearest command is named.
    """
    word = given[0] if given else ""
    # What looks like a file's name is one: the window says that it is not there.
    if not re.fullmatch(r"[A-Za-z][A-Za-z_-]*", word) or os.path.lexists(word):
        return
    near = difflib.get_close_matches(word.lower(), _COMMANDS, n=1, cutoff=0.5)
    hint = f"Did you mean `csamoe-desktop {near[0]}`? " if near else ""
    raise UserError(f"{word} is neither a file nor a command.", f"{hint}`csamoe-desktop --help` lists the commands.")


def _heed_control_c() -> None:
    """Let Ctrl+C end a command also where the program was started with it ignored, as a shell's background jobs are."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="csamoe-desktop",
        description="A second reading of breast ultrasound. Research use only.",
        usage="csamoe-desktop [PATH ...]  |  csamoe-desktop COMMAND ...",
        epilog="Without a command the window opens on the files given.",
    )
    parser.add_argument("--version", action="version", version=f"csamoe-desktop {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, command in _COMMANDS.items():
        summary = (command.__doc__ or "").splitlines()[0].replace("%", "%%")
        its = commands.add_parser(name, help=summary, description=summary)
        command.add_arguments(its)
        its.set_defaults(run=command.run)
    return parser


def _utf8_output() -> None:
    """Print any patient's name on any console, also where Windows gives a legacy code page."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors=SHOW_HALVES)
