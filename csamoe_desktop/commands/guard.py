"""Count how often each rule of the input guard warns on a dataset folder.

With a model, the rule "unlike the training images" (`inference/cases`) is counted too. Each rule is counted independently, also
on images where another rule withholds the AI result.
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
"""The name in the table of the rule "unlike the training images"."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FOLDER", help="a dataset folder, or any folder of images"
    )
    parser.add_argument(
        "--where", action="append", default=[], metavar="COLUMN=VALUE", help="use only these rows; may be repeated"
    )
    parser.add_argument(
        "--by", metavar="COLUMN", help="count separately for each value of this column of labels.csv, such as calipers"
    )
    parser.add_argument(
        "--model",
        metavar="NAME",
        help="also count how often an image is unlike the training images of this model; without an outline, an ellipse "
        "in the middle of the image is assessed",
    )
    parser.add_argument("--device", choices=DEVICES, default="auto", help="compute device (default: auto)")


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    predictor = None if chosen.model is None else _predictor(chosen.model, chosen.device)
    images: dict[str, int] = Counter()
    warned: Counter[tuple[str, str, str]] = Counter()
    withheld: Counter[str] = Counter()
    too_small: Counter[str] = Counter()
    for kind, frame, mask in _images(chosen.data, chosen.where, chosen.by):
        findings: Iterable[Finding] = check_frame(frame, mask)
        images[kind] += 1
        withheld[kind] += any(finding.level is Level.WITHHOLD for finding in findings)
        for finding in findings:
            warned[(finding.rule, finding.level.value, kind)] += 1
        if predictor is not None:
            try:
                warned[(UNLIKE, Level.CAUTION.value, kind)] += unlike(frame, mask, predictor)
            except UserError:  # the lesion is too small at the network's input size
                too_small[kind] += 1
    if not images:
        raise UserError(f"There is no image in {chosen.data}.", "Give a dataset folder or a folder of images.")
    data = ", ".join([str(chosen.data), *chosen.where])
    for kind, count in sorted(images.items()):
        print(f"{data}, {kind}: {count} images, {withheld[kind]} withheld ({withheld[kind] / count:.1%})")
        for (rule, level, rule_kind), times in sorted(warned.items()):
            if rule_kind == kind and times:
                print(f"  {rule:14} {level:9} {times:5}  {times / count:.1%}")
        if predictor is not None and not warned[(UNLIKE, Level.CAUTION.value, kind)]:
            # A count of 0 means something only if the rule was evaluated, so it is printed only with a model.
            print(f"  {UNLIKE:14} {Level.CAUTION.value:9} {0:5}  {0:.1%}")
        if too_small[kind]:
            print(f"  {too_small[kind]} lesions too small for {chosen.model}: not counted as {UNLIKE}")
    return 0


def unlike(frame: Frame, mask: Mask | None, predictor: "Explainer") -> bool:
    """Return whether the lesion `mask` on `frame` is unlike the training images of the model.

    Without an outline (None or an empty mask), an ellipse in the middle of the frame, a third as wide and as high, is used.

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
            f"The bundle of {name} has no features of its training images, so this rule cannot be counted.",
            "Add them with `csamoe-desktop cases`, or choose another model.",
        )
    # Importing torch takes seconds, so the bundle is checked first.
    from csamoe_desktop.inference.loading import load_predictor

    return load_predictor(bundle, device)


def _images(folder: Path, conditions: list[str], by: str | None) -> Iterator[tuple[str, Frame, Mask | None]]:
    """Yield for each image the kind that it is counted under, its frame, and its mask (None without labels.csv)."""
    from csamoe_desktop.datasets.folder import read_dataset, read_sample, where

    if not (folder / "labels.csv").is_file():
        if conditions or by:
            raise UserError(
                f"{folder} has no labels.csv to select rows from.",
                "Leave out --where and --by, or give a dataset folder.",
            )
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            try:
                frame = open_study(file).frame(0)
            except UserError:
                continue
            yield "all", frame, None
        return
    samples = where(read_dataset(folder), conditions)
    if by and by not in samples[0].columns:
        raise UserError(f"labels.csv has no column {by!r}.", f"It has {', '.join(samples[0].columns)}.")
    for sample in tqdm(samples, "checking", unit="image", disable=None):
        kind = f"{by}={sample.columns[by]}" if by else "all"
        yield kind, open_study(sample.image).frame(0), read_sample(sample)[1]


def _ellipse(shape: tuple[int, int]) -> Mask:
    rows, columns = shape
    drawn = np.zeros(shape, np.uint8)
    cv2.ellipse(drawn, (columns // 2, rows // 2), (max(columns // 6, 1), max(rows // 6, 1)), 0, 0, 360, 1, -1)
    return drawn.astype(bool)
