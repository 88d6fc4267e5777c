"""Open thousands of damaged copies of good files, each in a time and memory limit, and count what became of them."""

import argparse
import logging
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from csamoe_desktop.errors import UserError
from csamoe_desktop.files import check_output_folder
from csamoe_desktop.study.folder import files_in
from csamoe_desktop.study.opening import open_study
from csamoe_desktop.study.phantom import write_demo_study

_SLOW = 6.5
"""Seconds: a frame's deadline and what else there is to do."""
_LARGE = 2**30
"""Bytes that this process may grow by over a file."""
OUTCOMES = ("opened", "opened with a note", "refused", "fault", "too slow", "too large")
_BAD = OUTCOMES[3:]
_LARGEST = 4 * 2**20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--count", type=int, default=20_000, help="how many copies (default 20000)")
    parser.add_argument("--seed", type=int, default=0, help="of the damage (default 0)")
    parser.add_argument(
        "--files", type=Path, metavar="FOLDER", help="good files to damage, beside those that are there"
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where copies with a fault are kept")


def run(chosen: argparse.Namespace) -> int:
    """Run the command, print the counts, and return 0, or 1 where there was a fault, a slow or a large one."""
    if chosen.keep is not None and chosen.files is not None:
        check_output_folder(chosen.keep, [chosen.files])
    # One line a refused frame would be thousands.
    logging.getLogger("csamoe_desktop").setLevel(logging.ERROR)
    with TemporaryDirectory() as folder:
        counts = damage(good_files(Path(folder), chosen.files), chosen.count, chosen.seed, Path(folder), chosen.keep)
    for outcome in OUTCOMES:
        print(f"{outcome:<20}{counts[outcome]:>8,}")
    return int(any(counts[outcome] for outcome in _BAD))


def good_files(folder: Path, more: Path | None = None) -> list[Path]:
    """Return the files that are damaged: the demo study's, pydicom's own and those in `more`, of up to 4 MB each."""
    import pydicom

    demo = folder / "demo"
    write_demo_study(demo)
    real = Path(pydicom.__file__).parent / "data" / "test_files"
    found = [*files_in(demo), *files_in(real), *(files_in(more) if more else ())]
    return [file for file in found if 0 < file.stat().st_size <= _LARGEST]


def damage(files: list[Path], count: int, seed: int, folder: Path, keep: Path | None = None) -> Counter[str]:
    """Return how many of `count` damaged copies of `files` came to which of OUTCOMES."""
    counts: Counter[str] = Counter()
    path = folder / "mutant"
    for number, mutant in enumerate(mutants(files, count, seed)):
        path.write_bytes(mutant)
        outcome = outcome_of(path)
        counts[outcome] += 1
        if keep is not None and outcome in _BAD:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{outcome.replace(' ', '-')}-{number}").write_bytes(mutant)
    return counts


def outcome_of(path: Path) -> str:
    """Open a file as the program does, show its first and last frame, and return what became of it, one of OUTCOMES."""
    begun, before = time.monotonic(), _taken()
    try:
        study = open_study(path)
        for index in sorted({0, study.frame_count - 1}):
            study.frame(index)
        outcome = "opened with a note" if study.notes else "opened"
    except UserError:
        outcome = "refused"
    except Exception:  # noqa: BLE001 (counted)
        outcome = "fault"
    if time.monotonic() - begun > _SLOW:
        return "too slow"
    return "too large" if _taken() - before > _LARGE else outcome


def _taken() -> int:
    """Return the most memory that this process has taken so far, in bytes; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def mutants(files: list[Path], count: int, seed: int) -> Iterator[bytes]:
    """Yield `count` damaged copies, the files in turn: bytes changed, cut off, doubled or taken out, numbers made huge."""
    for number in range(count):
        random = np.random.default_rng((seed, number))
        data = bytearray(files[number % len(files)].read_bytes())
        kind = int(random.integers(5))
        # Headers are short and matter most.
        end = len(data) if random.integers(2) else min(len(data), 2048)
        place = int(random.integers(end))
        if kind == 0:
            for changed in random.integers(0, end, int(random.integers(1, 12))):
                data[changed] = int(random.integers(256))
        elif kind == 1:
            del data[max(place, 1) :]
        elif kind == 2:
            length = int(random.integers(1, 200))
            data[place:place] = data[place : place + length]
        elif kind == 3:
            del data[place : place + int(random.integers(1, 50))]
        else:
            huge = (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\xff\xff", b"\0\0\0\0")[int(random.integers(4))]
            data[place : place + len(huge)] = huge
        yield bytes(data) or b"\0"
