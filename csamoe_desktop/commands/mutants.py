"""Open thousands of damaged copies of good files within time and memory limits, and count the outcomes."""

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
"""Seconds: the deadline for one frame plus the time for everything else."""
_LARGE = 2**30
"""Bytes by which this process may grow while it opens one file."""
OUTCOMES = ("opened", "opened with a note", "refused", "fault", "too slow", "too large")
_BAD = OUTCOMES[3:]
_LARGEST = 4 * 2**20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--count", type=int, default=20_000, help="number of damaged copies (default: 20000)")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the damage (default: 0)")
    parser.add_argument(
        "--files", type=Path, metavar="FOLDER", help="more good files to damage, besides the built-in ones"
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="save the copies that show a fault in this folder")


def run(chosen: argparse.Namespace) -> int:
    """Run the command, print the counts, and return 0, or 1 if a copy caused a fault or was too slow or too large."""
    if chosen.keep is not None and chosen.files is not None:
        check_output_folder(chosen.keep, [chosen.files])
    # Each refused frame would log a line, thousands in all.
    logging.getLogger("csamoe_desktop").setLevel(logging.ERROR)
    with TemporaryDirectory() as folder:
        counts = damage(good_files(Path(folder), chosen.files), chosen.count, chosen.seed, Path(folder), chosen.keep)
    for outcome in OUTCOMES:
        print(f"{outcome:<20}{counts[outcome]:>8,}")
    return int(any(counts[outcome] for outcome in _BAD))


def good_files(folder: Path, more: Path | None = None) -> list[Path]:
    """Return the files to damage: the demo study, pydicom's test files and those in `more`, up to 4 MB each."""
    import pydicom

    demo = folder / "demo"
    write_demo_study(demo)
    real = Path(pydicom.__file__).parent / "data" / "test_files"
    files = [*files_in(demo), *files_in(real), *(files_in(more) if more else ())]
    return [file for file in files if 0 < file.stat().st_size <= _LARGEST]


def damage(files: list[Path], count: int, seed: int, folder: Path, keep: Path | None = None) -> Counter[str]:
    """Return how many of `count` damaged copies of `files` had each of OUTCOMES; save the faulty ones in `keep`."""
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
    """Open a file as the program does, read its first and last frame, and return the outcome, one of OUTCOMES."""
    begun, before = time.monotonic(), _peak_memory()
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
    return "too large" if _peak_memory() - before > _LARGE else outcome


def _peak_memory() -> int:
    """Return the peak memory of this process so far, in bytes; 0 on Windows, where `resource` does not exist."""
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def mutants(files: list[Path], count: int, seed: int) -> Iterator[bytes]:
    """Yield `count` damaged copies, taking the files in turn: bytes are changed, cut off, doubled, removed or made huge."""
    for number in range(count):
        random = np.random.default_rng((seed, number))
        data = bytearray(files[number % len(files)].read_bytes())
        kind = int(random.integers(5))
        # Half of the damage goes to the header, which is short and matters most.
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
