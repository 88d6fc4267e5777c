"""Write docs/results.md and its figures from the run records."""

import argparse
from pathlib import Path

from csamoe_desktop.files import check_output, check_output_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--runs",
        type=Path,
        default=Path("docs/runs"),
        metavar="FOLDER",
        help="folder of the records (default: docs/runs)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("docs"),
        metavar="FOLDER",
        help="folder for results.md and results/ (default: docs)",
    )
    parser.add_argument(
        "--resamples", type=int, metavar="N", help="number of bootstrap resamples; the main tables use twice as many"
    )


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    from csamoe_desktop.evidence.result_tables import RESAMPLES
    from csamoe_desktop.evidence.results import DOCUMENT, is_results, write_results

    check_output_folder(chosen.out, [chosen.runs])
    check_output(chosen.out / DOCUMENT, (), is_results)
    resamples = RESAMPLES if chosen.resamples is None else max(1, chosen.resamples)
    page = write_results(chosen.runs, chosen.out, lambda sentence: print(sentence, flush=True), resamples)
    print(f"written: {page}")
    return 0
