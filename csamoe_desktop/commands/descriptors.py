"""Count which shapes and orientations outlines propose on a dataset folder, by BI-RADS category and label.

No data set at hand says how readers called a shape. A benign lesion of BI-RADS 2 or 3 is oval or round by the lexicon, so
"irregular" on one of these is counted as a mistake; how many of the malignant ones are called so shows what the rule is worth.
"""

import argparse
from collections import Counter
from pathlib import Path

from tqdm import tqdm

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.descriptors import ORIENTATION, SHAPE, describe

_TERMS = {
    SHAPE: ("oval", "round", "irregular", "none"),
    ORIENTATION: ("parallel", "not_parallel", "none"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="a dataset folder with masks")
    parser.add_argument(
        "--where", action="append", default=[], metavar="COLUMN=VALUE", help="only these rows; may be repeated"
    )


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    from csamoe_desktop.datasets.folder import read_dataset, read_sample, where

    counted: dict[str, Counter[str]] = {}
    for sample in tqdm(where(read_dataset(chosen.data), chosen.where), "measuring", unit="outline", disable=None):
        mask = read_sample(sample)[1]
        if not mask.any():
            continue
        category = sample.columns.get("birads", "")
        kind = f"BI-RADS {category}, {sample.columns['label']}" if category else sample.columns["label"]
        proposed = describe(mask)
        its = counted.setdefault(kind, Counter())
        its["all"] += 1
        its.update(f"{name} {proposed.get(name, 'none')}" for name in _TERMS)
    if not counted:
        raise UserError(f"There is no outline in {chosen.data}.", "Give a dataset folder whose masks are marked.")
    heads = [f"{name} {term}" for name, terms in _TERMS.items() for term in terms]
    print(f"{chosen.data}: share of outlines for which each term is proposed, pixels taken as square")
    print(f"{'':26}{'outlines':>9}" + "".join(f"{head.split()[1]:>14}" for head in heads))
    for kind, its in sorted(counted.items()):
        shares = "".join(f"{its[head] / its['all']:>14.1%}" for head in heads)
        print(f"{kind:26}{its['all']:>9}{shares}")
    return 0
