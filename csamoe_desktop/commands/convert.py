"""Convert a mask file to another format: PNG, TIFF, BMP, labelme, COCO, NIfTI or NumPy."""

import argparse
from pathlib import Path

from csamoe_desktop.files import check_output
from csamoe_desktop.lesion.files.formats import is_mask_file, read_mask, write_mask
from csamoe_desktop.names import shown
from csamoe_desktop.study.opening import open_study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("mask", type=Path, metavar="IN", help="a mask file of any of these formats")
    parser.add_argument(
        "out",
        type=Path,
        metavar="OUT",
        help="the new file; its suffix selects the format: .png .tif .bmp .json .coco.json .nii.gz .npy .npz",
    )
    parser.add_argument("--image", type=Path, help="the image that the mask belongs to, for its size, name and scale")
    parser.add_argument("--resize", action="store_true", help="resize the mask to the size of the image")


def run(chosen: argparse.Namespace) -> int:
    """Run the command and return the exit status."""
    check_output(chosen.out, [file for file in (chosen.mask, chosen.image) if file], is_mask_file)
    study = open_study(chosen.image) if chosen.image else None
    shape = (study.rows, study.columns) if study else None
    name = study.path.name if study else ""
    read = read_mask(chosen.mask, shape, resize=chosen.resize, image=name)
    write_mask(chosen.out, read.pixels, study.scale if study else None, name)
    for note in read.notes:
        print(f"note         {shown(note)}")
    print(f"written      {shown(chosen.out)}, {int(read.pixels.sum())} pixels marked")
    return 0
