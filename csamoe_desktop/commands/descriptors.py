"""Count the shape and orientation terms proposed from the outlines of a dataset folder, by BI-RADS category and label.

No data set available to us records the reader's term for the shape. By the lexicon, a benign lesion of BI-RADS 2 or 3 is oval
or round, so "irregular" on one of these counts as a mistake. The share of malignant lesions called irregular shows how useful
the rule is.
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
        "--where", action="append", default=[], metavar="COLUMN=VALUE", help="use only these rows; may be repeated"
    )


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    from csamoe_desktop.datasets.folder import read_dataset, read_sample, where

    counts_of: dict[str, Counter[str]] = {}
    for sample in tqdm(where(read_dataset(chosen.data), chosen.where), "measuring", unit="outline", disable=None):
        mask = read_sample(sample)[1]
        if not mask.any():
            continue
        category = sample.columns.get("birads", "")
        kind = f"BI-RADS {category}, {sample.columns['label']}" if category else sample.columns["label"]
        proposed = describe(mask)
        counts = counts_of.setdefault(kind, Counter())
        counts["all"] += 1
        counts.update(f"{name} {proposed.get(name, 'none')}" for name in _TERMS)
    if not counts_of:
        raise UserError(
            f"There is no outline in {chosen.data}.", "Give a dataset folder with masks that are not empty."
        )
    heads = [f"{name} {term}" for name, terms in _TERMS.items() for term in terms]
    print(f"{chosen.data}: share of outlines for which each term is proposed (pixels are taken as square)")
    print(f"{'':26}{'outlines':>9}" + "".join(f"{head.split()[1]:>14}" for head in heads))
    for kind, counts in sorted(counts_of.items()):
        shares = "".join(f"{counts[head] / counts['all']:>14.1%}" for head in heads)
        print(f"{kind:26}{counts['all']:>9}{shares}")
    return 0
