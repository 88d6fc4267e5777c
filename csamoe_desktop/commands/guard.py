"""Count how often the input guard speaks on a dataset folder, rule by rule.

With a model, its rule of the nearest known cases (`inference/cases`) is counted too, in the words of `ai_result`: also where
another rule withholds, as every rule is counted by itself.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.bundle import find_typed
from csamoe_desktop.inference.cases import read_cases
from csamoe_desktop.inference.engine import DEVICES
from csamoe_desktop.inference.examined import check_frame
from csamoe_desktop.inference.guard import Finding, Level
from csamoe_desktop.lesion.regions import make_regions, whole_image
from csamoe_desktop.study.model import Frame
from csamoe_desktop.study.opening import open_study

if TYPE_CHECKING:
    from csamoe_desktop.inference.predictor import Explainer

Mask = NDArray[np.bool_]

UNLIKE = "unlike"
"""What the rule of the nearest known cases is called in the table."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="a dataset folder, or one of images")
    parser.add_argument(
        "--where", action="append", default=[], metavar="COLUMN=VALUE", help="only these rows; may be repeated"
    )
    parser.add_argument(
        "--by", metavar="COLUMN", help="a column of labels.csv that says what is there, such as calipers; counts by it"
    )
    parser.add_argument(
        "--model",
        metavar="NAME",
        help="count too how often an image is unlike those this model was trained on; where nothing is outlined, an "
        "ellipse in the middle is read",
    )
    parser.add_argument("--device", choices=DEVICES, default="auto")


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    predictor = None if chosen.model is None else _predictor(chosen.model, chosen.device)
    images: dict[str, int] = Counter()
    spoke: Counter[tuple[str, str, str]] = Counter()
    withheld: Counter[str] = Counter()
    unread: Counter[str] = Counter()
    for kind, frame, mask in _images(chosen.data, chosen.where, chosen.by):
        findings: Iterable[Finding] = check_frame(frame, mask)
        images[kind] += 1
        withheld[kind] += any(finding.level is Level.WITHHOLD for finding in findings)
        for finding in findings:
            spoke[(finding.rule, finding.level.value, kind)] += 1
        if predictor is not None:
            try:
                spoke[(UNLIKE, Level.CAUTION.value, kind)] += unlike(frame, mask, predictor)
            except UserError:  # a lesion too small for the network's size
                unread[kind] += 1
    if not images:
        raise UserError(f"There is no image in {chosen.data}.", "Give a dataset folder or a folder of images.")
    which = ", ".join([str(chosen.data), *chosen.where])
    for kind, count in sorted(images.items()):
        print(f"{which}, {kind}: {count} images, {withheld[kind]} withheld ({withheld[kind] / count:.1%})")
        for (rule, level, its), times in sorted(spoke.items()):
            if its == kind and times:
                print(f"  {rule:14} {level:9} {times:5}  {times / count:.1%}")
        if predictor is not None and not spoke[(UNLIKE, Level.CAUTION.value, kind)]:
            # That a rule never spoke is a finding only where it was asked.
            print(f"  {UNLIKE:14} {Level.CAUTION.value:9} {0:5}  {0:.1%}")
        if unread[kind]:
            print(f"  {unread[kind]} too small to be read by {chosen.model}: not counted as unlike")
    return 0


def unlike(frame: Frame, mask: Mask | None, predictor: "Explainer") -> bool:
    """Return whether the reading of `mask` on `frame` lies farther from all that the model knows than it should.

    Where nothing is outlined (None, or an empty mask), an ellipse a third as wide and high as the frame is, in its middle.

    Raises:
        UserError: the lesion is too small at the network's size.
    """
    card = predictor.card
    if card.needs_outline:
        outline = mask if mask is not None and mask.any() else _ellipse(frame.shape)
        aspect = frame.scale.of(outline).aspect
        regions = make_regions(frame.pixels, outline, card.input_size, field=card.field, aspect=aspect)
    else:
        regions = whole_image(frame.pixels, card.input_size)
    nearest = predictor.nearest(predictor.predict([regions])[0])
    return nearest is not None and nearest.unlike


def _predictor(name: str, device: str) -> "Explainer":
    bundle = find_typed(name)
    if read_cases(bundle) is None:
        raise UserError(
            f"{name} keeps none of the cases it was trained on, so nothing can be unlike them.",
            "Make them with `csamoe-desktop cases`, or name another model.",
        )
    # Importing torch takes seconds: only once there is something to do for it.
    from csamoe_desktop.inference.loading import load_predictor

    return load_predictor(bundle, device)


def _images(folder: Path, conditions: list[str], by: str | None) -> Iterator[tuple[str, Frame, Mask | None]]:
    """Yield each image with its mask (None where the folder has none) and what it is counted under."""
    from csamoe_desktop.datasets.folder import read_dataset, read_sample, where

    if not (folder / "labels.csv").is_file():
        if conditions or by:
            raise UserError(
                f"{folder} has no labels.csv to choose by.", "Leave out --where and --by, or give a dataset."
            )
        for file in sorted(one for one in folder.rglob("*") if one.is_file()):
            try:
                frame = open_study(file).frame(0)
            except UserError:
                continue
            yield "all", frame, None
        return
    samples = where(read_dataset(folder), conditions)
    if by and by not in samples[0].columns:
        raise UserError(f"labels.csv has no column {by!r}.", f"It has {', '.join(samples[0].columns)}.")
    for sample in tqdm(samples, "looking", unit="image", disable=None):
        kind = f"{by}={sample.columns[by]}" if by else "all"
        yield kind, open_study(sample.image).frame(0), read_sample(sample)[1]


def _ellipse(shape: tuple[int, int]) -> Mask:
    rows, columns = shape
    drawn = np.zeros(shape, np.uint8)
    cv2.ellipse(drawn, (columns // 2, rows // 2), (max(columns // 6, 1), max(rows // 6, 1)), 0, 0, 360, 1, -1)
    return drawn.astype(bool)
