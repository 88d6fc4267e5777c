"""Write docs/results and docs/models from the run records and the models' cards."""

import argparse
from pathlib import Path

from csamoe_desktop.files import check_output, check_output_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--runs",
        type=Path,
        default=Path("docs/results/runs"),
        metavar="FOLDER",
        help="folder of the records (default: docs/results/runs)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("docs"),
        metavar="FOLDER",
        help="folder for results/ and models/ (default: docs)",
    )
    parser.add_argument(
        "--resamples", type=int, metavar="N", help="number of bootstrap resamples; the main tables use twice as many"
    )


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    from csamoe_desktop.evidence.result_tables import RESAMPLES
    from csamoe_desktop.evidence.results import RESULTS, SUMMARY, is_results, write_results

    for folder in (chosen.out, chosen.out / RESULTS):
        check_output_folder(folder, [chosen.runs])
    check_output(chosen.out / RESULTS / SUMMARY, (), is_results)
    resamples = RESAMPLES if chosen.resamples is None else max(1, chosen.resamples)
    page = write_results(chosen.runs, chosen.out, lambda sentence: print(sentence, flush=True), resamples)
    print(f"written: {page}")
    return 0
