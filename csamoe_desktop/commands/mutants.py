"""Open thousands of damaged copies of good files, each in a time and memory limit, and count what became of them."""

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from csamoe_desktop.errors import UserError
from csamoe_desktop.study.decoding import DecodingProcess
from csamoe_desktop.study.folder import files_in
from csamoe_desktop.study.limits import ROOM
from csamoe_desktop.study.opening import open_study
from csamoe_desktop.study.phantom import write_demo_study
from csamoe_desktop.study.raster import picture_kind

_SLOW = 5.5
OUTCOMES = ("opened", "opened with a note", "refused", "decoder ended", "fault", "too slow", "too large")
"""A decoder that ends costs its own process and one frame, as a refusal does; what comes after it must not be."""
_BAD = OUTCOMES[4:]
_LARGEST = 4 * 2**20


class Opener:
    """Opens a file and shows its first and last frame: in the process that may die over it."""

    honest = ROOM // 3

    def open(self, path: Path) -> tuple[str, float]:
        """Return what became of a file, one of OUTCOMES, and the seconds it took."""
        begun = time.monotonic()
        try:
            study = open_study(path)
            for index in sorted({0, study.frame_count - 1}):
                study.frame(index)
            outcome = "opened with a note" if study.notes else "opened"
        except UserError:
            outcome = "refused"
        except MemoryError:
            outcome = "too large"
        except Exception:  # noqa: BLE001 (counted)
            outcome = "fault"
        return outcome, time.monotonic() - begun


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
    process = DecodingProcess(deadline=4 * _SLOW)
    opener, path = Opener(), folder / "mutant"
    try:
        for number, mutant in enumerate(mutants(files, count, seed)):
            path.write_bytes(mutant)
            try:
                outcome, seconds = process.call(path.name, opener, "open", path)
            except UserError as problem:
                late, large = "given up" in problem.message, "memory" in problem.message
                # A small picture is decoded in the program itself, which must not end.
                ended = "fault" if picture_kind(mutant[:16]) else "decoder ended"
                outcome, seconds = "too slow" if late else "too large" if large else ended, 0.0
            outcome = "too slow" if seconds > _SLOW else outcome
            counts[outcome] += 1
            if keep is not None and outcome in _BAD:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{outcome.replace(' ', '-')}-{number}").write_bytes(mutant)
    finally:
        process.close()
    return counts


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
