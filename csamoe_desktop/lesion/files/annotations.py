"""Masks kept as JSON of outlines: labelme's files and COCO's.

Their points are (x, y) with pixel (0, 0) covering 0..1 in both, as on labelme's canvas and in COCO's rasteriser. A pixel
belongs to an outline if its centre lies inside; written are the pixels' own edges, so what is read again is the same.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from math import floor, hypot
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from csamoe_desktop import __version__
from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.files.belonging import Belonging, file_name
from csamoe_desktop.lesion.files.json_files import read_json
from csamoe_desktop.lesion.files.levels import Bool, united
from csamoe_desktop.lesion.files.run_lengths import compressed, counts_of, drawn, runs
from csamoe_desktop.lesion.outline import Line, outlines
from csamoe_desktop.lesion.tools import polygon
from csamoe_desktop.names import lossless_json, shown
from csamoe_desktop.study.raster import decode_picture

Told = Mapping[str, Any]

_LABEL = "lesion"
_NO_LESION = ("_background_", "__ignore__")
"""labelme's own names for what is not to be learned."""

_MOST_PIXELS = 2**28
_NO_AREA = "{} of the file's shapes enclose no area (points, lines) and were left out."


def holds_outlines(data: bytes) -> bool:
    """Return whether a file that holds `data` is a labelme or COCO file, whatever it outlines."""
    try:
        told, _, _ = read_json(data, lambda told, page: True)
    except (ValueError, RecursionError):
        return False
    if isinstance(told, dict):
        return any(isinstance(told.get(part), list) for part in ("shapes", "annotations"))
    return isinstance(told, list) and all(isinstance(one, dict) and "segmentation" in one for one in told)


def read_annotations(
    data: bytes, path: Path, frame_shape: Sequence[int] | None, image: str = "", another: bool = False
) -> tuple[Bool, list[str]]:
    """Return the union of a labelme or COCO file's outlines, bool (rows, columns) of the image they were drawn on, and
    what was guessed.

    Args:
        frame_shape: rows and columns of the image at hand, for files that do not tell them; None if unknown.
        image: its file name, by which the file says whether its outlines are the image's; or "": any are taken.
        another: take outlines that are of an image of another name, and say so.

    Raises:
        MaskOfAnotherImage: they are of another image, and `another` is not set.
        UserError: it is neither, is damaged, encloses nothing, or does not say which outlines are the image's.
    """
    try:
        told, encoding, guessed = read_json(
            data, lambda told, page: any(Belonging(image, encoding=page).alike(one) for one in _named(told))
        )
        whose = Belonging(image, another, encoding)
        if isinstance(told, dict) and isinstance(told.get("shapes"), list):
            said = whose.check(told.get("imagePath"), path.name)
            pixels, notes = _from_labelme(told, path, frame_shape)
        elif isinstance(told, list) or (isinstance(told, dict) and isinstance(told.get("annotations"), list)):
            said = []
            pixels, notes = _from_coco(
                told if isinstance(told, dict) else {"annotations": told}, frame_shape, whose, path
            )
        else:
            raise UserError(f"{path.name} is neither a labelme nor a COCO file.", "Choose a file of outlines.")
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError) as problem:
        raise UserError(
            f"{path.name} is damaged, or no labelme or COCO file: its outlines cannot be read.",
            "Copy or export it again from where it came from.",
        ) from problem
    if not pixels.any():
        raise UserError(
            f"The mask {path.name} marks nothing: its outlines enclose no pixel of the image.",
            "Choose another mask file, or draw the lesion.",
        )
    return pixels, [*guessed, *said, *notes]


def _named(told: Any) -> list[object]:
    """Return the images that a file names."""
    if not isinstance(told, dict):
        return []
    images = told.get("images")
    listed = images if isinstance(images, list) else [told.get("image")]
    return [told.get("imagePath"), *(one.get("file_name") for one in listed if isinstance(one, dict))]


def labelme(pixels: Bool, image: str) -> bytes:
    """Return a labelme file of a mask, bool (rows, columns): one polygon a piece, or, as its polygons have no holes, one
    mask shape where a piece has one. `image` is the image's file name, beside which labelme looks for it."""
    lines, holes = _lines(pixels)
    shapes = [_mask_shape(pixels)] if holes else [_shape("polygon", line.tolist()) for line in lines]
    return _json(
        {
            "version": "5.5.0",
            "flags": {},
            "shapes": shapes,
            "imagePath": image,
            "imageData": None,
            "imageHeight": pixels.shape[0],
            "imageWidth": pixels.shape[1],
        }
    )


def coco(pixels: Bool, image: str) -> bytes:
    """Return a COCO file of a mask, bool (rows, columns), as one object: of polygons, or of run lengths if it has holes."""
    rows, columns = pixels.shape
    lines, holes = _lines(pixels)
    segmentation: Any = [line.ravel().tolist() for line in lines]
    if holes:
        segmentation = {"size": [rows, columns], "counts": compressed(runs(pixels))}
    left, top, width, height = cv2.boundingRect(pixels.view(np.uint8))
    return _json(
        {
            "info": {"description": f"lesion outline, CSA-MoE Desktop {__version__}"},
            "images": [{"id": 1, "file_name": image, "width": columns, "height": rows}],
            "categories": [{"id": 1, "name": _LABEL}],
            "annotations": [
                {
                    "id": 1,
                    "image_id": 1,
                    "category_id": 1,
                    "segmentation": segmentation,
                    "area": int(pixels.sum()),
                    "bbox": [left, top, width, height],
                    "iscrowd": 0,
                }
            ],
        }
    )


def _from_labelme(told: Told, path: Path, frame_shape: Sequence[int] | None) -> tuple[Bool, list[str]]:
    shape, notes = _size(told.get("imageHeight"), told.get("imageWidth"), frame_shape, path)
    pixels = np.zeros(shape, bool)
    labels, left_out = [], 0
    for one in told["shapes"]:
        label = str(one.get("label", ""))
        kind = one.get("shape_type") or "polygon"
        draw = _DRAWERS.get(kind)
        if label in _NO_LESION:
            continue
        if draw is None:
            left_out += 1
            continue
        draw(pixels, one)
        labels.append(label)
    if left_out:
        notes.append(_NO_AREA.format(left_out))
    return pixels, notes + _united(labels)


def _draw_polygon(pixels: Bool, shape: Told) -> None:
    _fill(pixels, [(float(x), float(y)) for x, y in shape["points"]])


def _draw_rectangle(pixels: Bool, shape: Told) -> None:
    points = [(float(x), float(y)) for x, y in shape["points"]]
    if len(points) == 2:
        (x0, y0), (x1, y1) = points
        points = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    _fill(pixels, points)


def _draw_circle(pixels: Bool, shape: Told) -> None:
    (x, y), (edge_x, edge_y) = ((float(x), float(y)) for x, y in shape["points"])
    rows, columns = np.ogrid[: pixels.shape[0], : pixels.shape[1]]
    pixels |= (rows + 0.5 - y) ** 2 + (columns + 0.5 - x) ** 2 <= hypot(edge_x - x, edge_y - y) ** 2


def _draw_mask(pixels: Bool, shape: Told) -> None:
    """Draw a mask shape: a picture in base64 whose upper left pixel is the one its first point lies in."""
    left, top = (floor(float(place)) for place in shape["points"][0])
    decoded = decode_picture(base64.b64decode(shape["mask"]), Path("the mask shape"))
    inside = (decoded if decoded.ndim == 2 else decoded[..., :3].max(axis=2)) > 0
    cut = inside[max(-top, 0) :, max(-left, 0) :]
    part = pixels[max(top, 0) :, max(left, 0) :][: cut.shape[0], : cut.shape[1]]
    part |= cut[: part.shape[0], : part.shape[1]]


_DRAWERS: dict[str, Callable[[Bool, Told], None]] = {
    "polygon": _draw_polygon,
    "rotation": _draw_polygon,
    "rectangle": _draw_rectangle,
    "circle": _draw_circle,
    "mask": _draw_mask,
}


def _from_coco(told: Told, frame_shape: Sequence[int] | None, whose: Belonging, path: Path) -> tuple[Bool, list[str]]:
    images = {one.get("id"): one for one in told.get("images") or [told.get("image") or {}]}
    outlined = [one for one in told["annotations"] if one.get("segmentation")]
    if not outlined:
        raise UserError(
            f"{path.name} holds no outlines" + (", only boxes." if told["annotations"] else "."),
            "Choose a file of outlines, or draw the lesion.",
        )
    chosen, notes = _image_of(outlined, images, frame_shape, whose, path)
    outlined = [one for one in outlined if one.get("image_id") == chosen]
    facts = images.get(chosen) or (next(iter(images.values())) if len(images) == 1 else {})
    first = next((one["segmentation"] for one in outlined if isinstance(one["segmentation"], dict)), None)
    rows, columns = first["size"] if first else (facts.get("height"), facts.get("width"))
    shape, said = _size(rows, columns, frame_shape, path)
    pixels = np.zeros(shape, bool)
    for one in outlined:
        segmentation = one["segmentation"]
        if isinstance(segmentation, dict):
            pixels |= drawn(counts_of(segmentation["counts"]), (segmentation["size"][0], segmentation["size"][1]))
        else:
            for line in segmentation:
                _fill(pixels, [(float(x), float(y)) for x, y in zip(line[::2], line[1::2], strict=True)])
    return pixels, [*notes, *said, *_united([str(one.get("category_id", "")) for one in outlined])]


def _image_of(
    outlined: list[Told], images: Mapping[Any, Told], frame_shape: Sequence[int] | None, whose: Belonging, path: Path
) -> tuple[Any, list[str]]:
    """Return the id of the image whose outlines to take, the one named as the image at hand; where the file names none,
    the only one, or the only one as large."""
    ids = list(dict.fromkeys(one.get("image_id") for one in outlined))
    names = {which: file_name(images.get(which, {}).get("file_name")) for which in ids}
    sizes = {which: (images.get(which, {}).get("height"), images.get(which, {}).get("width")) for which in ids}
    alike = [which for which in ids if whose.alike(names[which], exactly=True)]
    alike = alike or [which for which in ids if whose.alike(names[which])]
    if not alike and len(ids) == 1:
        return ids[0], whose.check(names[ids[0]], path.name)
    # By its size alone only where a name does not say that it is another one.
    open_ones = alike or [which for which in ids if not (whose.image and names[which])]
    if len(open_ones) > 1 and frame_shape is not None:
        open_ones = [which for which in open_ones if sizes[which] == tuple(frame_shape)]
    if len(open_ones) != 1:
        raise UserError(
            f"{path.name} holds outlines of {len(ids)} images, and which of them is this one cannot be told.",
            "Export the outlines of this image in a file of their own, or name the image as it is named there.",
        )
    chosen = open_ones[0]
    if len(ids) == 1:
        return chosen, []
    named = shown(names[chosen]) or f"number {chosen}"
    return chosen, [f"The mask file holds outlines of {len(ids)} images; those of {named} were used."]


def _size(rows: Any, columns: Any, frame_shape: Sequence[int] | None, path: Path) -> tuple[tuple[int, int], list[str]]:
    """Return the size of the image the outlines were drawn on, from the file or, said so, from the image at hand."""
    if rows and columns:
        if not (0 < int(rows) and 0 < int(columns) and int(rows) * int(columns) <= _MOST_PIXELS):
            raise ValueError(f"an image of {columns} x {rows} pixels")
        return (int(rows), int(columns)), []
    if frame_shape is None:
        raise UserError(f"{path.name} does not say how large its image is.", "Name the image it was drawn on as well.")
    return (frame_shape[0], frame_shape[1]), [
        "The mask file does not say how large its image is; its outlines were laid on this one as they are."
    ]


def _fill(pixels: Bool, points: list[tuple[float, float]]) -> None:
    """Mark the pixels whose centre lies inside a polygon of (x, y)."""
    box, inside = polygon((pixels.shape[0], pixels.shape[1]), [(y, x) for x, y in points])
    pixels[box.slices] |= inside


def _united(labels: list[str]) -> list[str]:
    if (count := len(set(labels))) > 1:
        return [united(count, "labels")]
    return [united(len(labels), "outlines")] if len(labels) > 1 else []


def _lines(pixels: Bool) -> tuple[list[Line], bool]:
    """Return the lines around a mask on its pixels' edges, and whether any of them is the edge of a hole."""
    lines = outlines(pixels)
    # Twice the area inside, with a sign: holes are followed the other way round.
    turns = [
        float(np.sum(line[:, 0] * np.roll(line[:, 1], -1) - line[:, 1] * np.roll(line[:, 0], -1))) for line in lines
    ]
    return lines, len({turn > 0 for turn in turns}) > 1


def _shape(kind: str, points: list[list[float]]) -> dict[str, Any]:
    return {
        "label": _LABEL,
        "points": points,
        "group_id": None,
        "description": "",
        "shape_type": kind,
        "flags": {},
        "mask": None,
    }


def _mask_shape(pixels: Bool) -> dict[str, Any]:
    """Return labelme's mask shape: its box by the first and the last pixel in it, and the box's pixels as a PNG."""
    left, top, width, height = cv2.boundingRect(pixels.view(np.uint8))
    inside = pixels[top : top + height, left : left + width].astype(np.uint8) * 255
    points = [[float(left), float(top)], [float(left + width - 1), float(top + height - 1)]]
    encoded = base64.b64encode(cv2.imencode(".png", inside)[1].tobytes()).decode("ascii")
    return {**_shape("mask", points), "mask": encoded}


def _json(told: Told) -> bytes:
    return (lossless_json(told, indent=1) + "\n").encode("utf-8")
