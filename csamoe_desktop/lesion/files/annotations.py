"""Reads and writes masks as outlines in JSON: the formats of labelme and COCO.

Their points are (x, y) with pixel (0, 0) covering 0..1 in both, as on labelme's canvas and in COCO's rasteriser. A pixel
belongs to an outline if its centre lies inside. The outlines written follow pixel edges, so reading them again gives the
same mask.
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

Json = Mapping[str, Any]

_LABEL = "lesion"
_NO_LESION = ("_background_", "__ignore__")
"""labelme's labels for areas to be excluded from training."""

_MOST_PIXELS = 2**28
_NO_AREA = "{} of the file's shapes enclose no area (points, lines) and were left out."


def holds_outlines(data: bytes) -> bool:
    """Return whether `data` is the content of a labelme or COCO file, whatever it outlines."""
    try:
        content, _, _ = read_json(data, lambda content, page: True)
    except (ValueError, RecursionError):
        return False
    if isinstance(content, dict):
        return any(isinstance(content.get(part), list) for part in ("shapes", "annotations"))
    return isinstance(content, list) and all(isinstance(entry, dict) and "segmentation" in entry for entry in content)


def read_annotations(
    data: bytes, path: Path, frame_shape: Sequence[int] | None, image: str = "", another: bool = False
) -> tuple[Bool, list[str]]:
    """Return the union of a labelme or COCO file's outlines, bool (rows, columns) of the image they were drawn on, and
    what was guessed.

    Args:
        data: the content of the file.
        path: the file, named in error messages.
        frame_shape: rows and columns of the current image, for files that do not give them; None if unknown.
        image: its file name, to check that the outlines belong to it; "" accepts any outlines.
        another: accept outlines of an image with another name, with a note.

    Raises:
        MaskOfAnotherImage: the outlines are of another image, and `another` is not set.
        UserError: the file is neither format, is damaged, encloses nothing, or does not say which outlines are the image's.
    """
    try:
        content, encoding, guessed = read_json(
            data,
            lambda content, page: any(Belonging(image, encoding=page).alike(name) for name in _image_names(content)),
        )
        belonging = Belonging(image, another, encoding)
        if isinstance(content, dict) and isinstance(content.get("shapes"), list):
            name_notes = belonging.check(content.get("imagePath"), path.name)
            pixels, notes = _from_labelme(content, path, frame_shape)
        elif isinstance(content, list) or (isinstance(content, dict) and isinstance(content.get("annotations"), list)):
            name_notes = []
            pixels, notes = _from_coco(
                content if isinstance(content, dict) else {"annotations": content}, frame_shape, belonging, path
            )
        else:
            raise UserError(f"{path.name} is neither a labelme nor a COCO file.", "Choose a file with outlines.")
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError) as problem:
        raise UserError(
            f"{path.name} is damaged or is not a labelme or COCO file: its outlines cannot be read.",
            "Copy or export it again from its source.",
        ) from problem
    if not pixels.any():
        raise UserError(
            f"The mask {path.name} marks nothing: its outlines enclose no pixel of the image.",
            "Choose another mask file, or draw the lesion.",
        )
    return pixels, [*guessed, *name_notes, *notes]


def _image_names(content: Any) -> list[object]:
    """Return the names of images in a file."""
    if not isinstance(content, dict):
        return []
    images = content.get("images")
    listed = images if isinstance(images, list) else [content.get("image")]
    return [content.get("imagePath"), *(entry.get("file_name") for entry in listed if isinstance(entry, dict))]


def labelme(pixels: Bool, image: str) -> bytes:
    """Return a labelme file of a mask, bool (rows, columns): a polygon for each piece, or one mask shape if there are holes,
    which labelme's polygons cannot have. `image` is the image's file name, which labelme expects next to the file."""
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
    """Return a COCO file of a mask, bool (rows, columns), as one object: polygons, or run lengths if it has holes."""
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


def _from_labelme(content: Json, path: Path, frame_shape: Sequence[int] | None) -> tuple[Bool, list[str]]:
    shape, notes = _size(content.get("imageHeight"), content.get("imageWidth"), frame_shape, path)
    pixels = np.zeros(shape, bool)
    labels, left_out = [], 0
    for entry in content["shapes"]:
        label = str(entry.get("label", ""))
        kind = entry.get("shape_type") or "polygon"
        draw = _DRAWERS.get(kind)
        if label in _NO_LESION:
            continue
        if draw is None:
            left_out += 1
            continue
        draw(pixels, entry)
        labels.append(label)
    if left_out:
        notes.append(_NO_AREA.format(left_out))
    return pixels, notes + _united(labels)


def _draw_polygon(pixels: Bool, shape: Json) -> None:
    _fill(pixels, [(float(x), float(y)) for x, y in shape["points"]])


def _draw_rectangle(pixels: Bool, shape: Json) -> None:
    points = [(float(x), float(y)) for x, y in shape["points"]]
    if len(points) == 2:
        (x0, y0), (x1, y1) = points
        points = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    _fill(pixels, points)


def _draw_circle(pixels: Bool, shape: Json) -> None:
    (x, y), (edge_x, edge_y) = ((float(x), float(y)) for x, y in shape["points"])
    rows, columns = np.ogrid[: pixels.shape[0], : pixels.shape[1]]
    pixels |= (rows + 0.5 - y) ** 2 + (columns + 0.5 - x) ** 2 <= hypot(edge_x - x, edge_y - y) ** 2


def _draw_mask(pixels: Bool, shape: Json) -> None:
    """Draw a mask shape: a picture in base64 whose upper left pixel contains its first point."""
    left, top = (floor(float(place)) for place in shape["points"][0])
    decoded = decode_picture(base64.b64decode(shape["mask"]), Path("the mask shape"))
    inside = (decoded if decoded.ndim == 2 else decoded[..., :3].max(axis=2)) > 0
    cut = inside[max(-top, 0) :, max(-left, 0) :]
    part = pixels[max(top, 0) :, max(left, 0) :][: cut.shape[0], : cut.shape[1]]
    part |= cut[: part.shape[0], : part.shape[1]]


_DRAWERS: dict[str, Callable[[Bool, Json], None]] = {
    "polygon": _draw_polygon,
    "rotation": _draw_polygon,
    "rectangle": _draw_rectangle,
    "circle": _draw_circle,
    "mask": _draw_mask,
}


def _from_coco(
    content: Json, frame_shape: Sequence[int] | None, belonging: Belonging, path: Path
) -> tuple[Bool, list[str]]:
    images = {entry.get("id"): entry for entry in content.get("images") or [content.get("image") or {}]}
    outlined = [entry for entry in content["annotations"] if entry.get("segmentation")]
    if not outlined:
        raise UserError(
            f"{path.name} contains no outlines" + (", only boxes." if content["annotations"] else "."),
            "Choose a file with outlines, or draw the lesion.",
        )
    chosen, notes = _image_of(outlined, images, frame_shape, belonging, path)
    outlined = [entry for entry in outlined if entry.get("image_id") == chosen]
    facts = images.get(chosen) or (next(iter(images.values())) if len(images) == 1 else {})
    first = next((entry["segmentation"] for entry in outlined if isinstance(entry["segmentation"], dict)), None)
    rows, columns = first["size"] if first else (facts.get("height"), facts.get("width"))
    shape, size_notes = _size(rows, columns, frame_shape, path)
    pixels = np.zeros(shape, bool)
    for entry in outlined:
        segmentation = entry["segmentation"]
        if isinstance(segmentation, dict):
            pixels |= drawn(counts_of(segmentation["counts"]), (segmentation["size"][0], segmentation["size"][1]))
        else:
            for line in segmentation:
                _fill(pixels, [(float(x), float(y)) for x, y in zip(line[::2], line[1::2], strict=True)])
    return pixels, [*notes, *size_notes, *_united([str(entry.get("category_id", "")) for entry in outlined])]


def _image_of(
    outlined: list[Json],
    images: Mapping[Any, Json],
    frame_shape: Sequence[int] | None,
    belonging: Belonging,
    path: Path,
) -> tuple[Any, list[str]]:
    """Return the id of the image whose outlines to use: the one with the current image's name; if the file names none, the
    only one, or the only one of the same size."""
    ids = list(dict.fromkeys(entry.get("image_id") for entry in outlined))
    names = {number: file_name(images.get(number, {}).get("file_name")) for number in ids}
    sizes = {number: (images.get(number, {}).get("height"), images.get(number, {}).get("width")) for number in ids}
    alike = [number for number in ids if belonging.alike(names[number], exactly=True)]
    alike = alike or [number for number in ids if belonging.alike(names[number])]
    if not alike and len(ids) == 1:
        return ids[0], belonging.check(names[ids[0]], path.name)
    # The size alone decides only between images whose name does not rule them out.
    candidates = alike or [number for number in ids if not (belonging.image and names[number])]
    if len(candidates) > 1 and frame_shape is not None:
        candidates = [number for number in candidates if sizes[number] == tuple(frame_shape)]
    if len(candidates) != 1:
        raise UserError(
            f"{path.name} contains outlines of {len(ids)} images; this image cannot be identified among them.",
            "Export the outlines of this image to a separate file, or give the image the name that it has in the file.",
        )
    chosen = candidates[0]
    if len(ids) == 1:
        return chosen, []
    image_name = shown(names[chosen]) or f"number {chosen}"
    return chosen, [f"The mask file contains outlines of {len(ids)} images; those of {image_name} were used."]


def _size(rows: Any, columns: Any, frame_shape: Sequence[int] | None, path: Path) -> tuple[tuple[int, int], list[str]]:
    """Return the size of the image that the outlines were drawn on, from the file, or else from the current image with a
    note."""
    if rows and columns:
        if not (int(rows) > 0 and int(columns) > 0 and int(rows) * int(columns) <= _MOST_PIXELS):
            raise ValueError(f"an image of {columns} x {rows} pixels")
        return (int(rows), int(columns)), []
    if frame_shape is None:
        raise UserError(
            f"{path.name} does not give the size of its image.", "Specify the image that it was drawn on as well."
        )
    return (frame_shape[0], frame_shape[1]), [
        "The mask file does not give the size of its image; its outlines were placed on this one unchanged."
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
    # Twice the signed area inside: holes are traced in the opposite direction.
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
    """Return labelme's mask shape: the first and last pixel of its box, and the box's pixels as a PNG."""
    left, top, width, height = cv2.boundingRect(pixels.view(np.uint8))
    inside = pixels[top : top + height, left : left + width].astype(np.uint8) * 255
    points = [[float(left), float(top)], [float(left + width - 1), float(top + height - 1)]]
    encoded = base64.b64encode(cv2.imencode(".png", inside)[1].tobytes()).decode("ascii")
    return {**_shape("mask", points), "mask": encoded}


def _json(content: Json) -> bytes:
    return (lossless_json(content, indent=1) + "\n").encode("utf-8")
