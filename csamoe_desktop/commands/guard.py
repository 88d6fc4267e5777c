"""Count how often the input guard speaks on a dataset folder, rule by rule."""

import argparse
from collections import Counter
from pathlib import Path

from tqdm import tqdm

from csamoe_desktop.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="a dataset folder, or one of images")
    parser.add_argument(
        "--by", metavar="COLUMN", help="a column of labels.csv that says what is there, such as calipers; counts by it"
    )


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    from csamoe_desktop.inference.guard import Level, inspect
    from csamoe_desktop.study.opening import open_study
    from csamoe_desktop.training.datasets import read_dataset, read_sample

    images: dict[str, int] = Counter()
    spoke: Counter[tuple[str, str, str]] = Counter()
    withheld: Counter[str] = Counter()

    def note(kind: str, findings: tuple) -> None:  # type: ignore[type-arg]
        images[kind] += 1
        withheld[kind] += any(finding.level is Level.WITHHOLD for finding in findings)
        for finding in findings:
            spoke[(finding.rule, finding.level.value, kind)] += 1

    if (chosen.data / "labels.csv").is_file():
        samples = read_dataset(chosen.data)
        if chosen.by and chosen.by not in samples[0].columns:
            raise UserError(f"labels.csv has no column {chosen.by!r}.", f"It has {', '.join(samples[0].columns)}.")
        for sample in tqdm(samples, "looking", unit="image", disable=None):
            frame = open_study(sample.image).frame(0)
            kind = f"{chosen.by}={sample.columns[chosen.by]}" if chosen.by else "all"
            note(kind, inspect(frame.pixels, read_sample(sample)[1]))
    else:
        for file in sorted(one for one in chosen.data.rglob("*") if one.is_file()):
            try:
                frame = open_study(file).frame(0)
            except UserError:
                continue
            note("all", inspect(frame.pixels))
    if not images:
        raise UserError(f"There is no image in {chosen.data}.", "Give a dataset folder or a folder of images.")
    for kind, count in sorted(images.items()):
        print(f"{chosen.data}, {kind}: {count} images, {withheld[kind]} withheld ({withheld[kind] / count:.1%})")
        for (rule, level, its), times in sorted(spoke.items()):
            if its == kind:
                print(f"  {rule:14} {level:9} {times:5}  {times / count:.1%}")
    return 0
