"""Print parameters and operations of the CSA-MoE-Net family beside Table IV of the paper."""

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from csamoe_desktop.networks.counts import Counts, TableRow

_ABOUT = """\
Table IV of CSA-MoE-Net (arXiv 2605.25518), recounted for one 224x224 input without running the networks.
"operations" are the table's "FLOPs", counted as thop 0.1.1 does: multiply-accumulates, four operations for each
normalised value, and pooling. "MACs" are the multiply-accumulates of convolutions and matrix products alone.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print a list of JSON objects")


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    from csamoe_desktop.networks.counts import TABLE_IV

    counted = [(row, row.count()) for row in TABLE_IV]
    if chosen.json:
        print(json.dumps([_json_object(row, counts) for row, counts in counted], indent=2))
        return 0
    print(_ABOUT)
    print(f"{'':16}  {'parameters':>30}{'':10}  {'operations (G)':>27}  {'MACs (G)':>8}")
    print(f"{'network':16}  {'ours':>11}  {'M':>7}  {'paper':>7}  {'difference':>10}  ", end="")
    print(f"{'ours':>6}  {'paper':>6}  {'difference':>10}  {'ours':>8}")
    for row, counts in counted:
        print(_line(row, counts))
    print()
    for row, _ in counted:
        if row.open:
            print(f"{row.name}: {row.open}")
    return 0


def _json_object(row: "TableRow", counts: "Counts") -> dict[str, Any]:
    return {
        "network": row.name,
        "parameters": counts.parameters,
        "paper_parameters_m": row.parameters,
        "parameters_difference_m": _difference(counts.parameters / 1e6, row.parameters),
        "operations": counts.table_operations,
        "paper_operations_g": row.operations,
        "operations_difference_g": _difference(counts.table_operations / 1e9, row.operations),
        "macs": counts.macs,
        "open": row.open,
    }


def _line(row: "TableRow", counts: "Counts") -> str:
    millions, operations = counts.parameters / 1e6, counts.table_operations / 1e9
    return (
        f"{row.name:16}  {counts.parameters:>11,}  {millions:7.3f}  {row.parameters:7.3f}  "
        f"{_words(_difference(millions, row.parameters)):>10}  {operations:6.3f}  {row.operations:6.3f}  "
        f"{_words(_difference(operations, row.operations)):>10}  {counts.macs / 1e9:8.3f}"
    )


def _difference(ours: float, papers: float) -> float:
    """Return our figure minus the paper's, both rounded to the paper's three decimal places."""
    return round(round(ours, 3) - papers, 3) + 0.0  # adding 0.0 turns -0.0 into 0.0


def _words(difference: float) -> str:
    return f"{difference:+.3f}" if difference else "none"
