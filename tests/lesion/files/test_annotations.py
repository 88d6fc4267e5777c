"""Outlines in labelme's and COCO's JSON: read as these programs write them, written so that they come back."""

import base64
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.lesion.files.formats import MaskSizeMismatch, read_mask, write_mask
from csamoe_desktop.lesion.files.run_lengths import compressed, runs

SHAPE = (60, 80)
LESION = cv2.ellipse(np.zeros(SHAPE, np.uint8), (44, 28), (18, 10), 12, 0, 360, 1, -1).astype(bool)


def box(top: int, left: int, bottom: int, right: int) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[top:bottom, left:right] = True
    return mask


def with_hole() -> np.ndarray:
    mask = LESION.copy()
    mask[26:30, 40:46] = False
    return mask


def in_pieces() -> np.ndarray:
    # Two of them touch at a corner only.
    return box(5, 5, 10, 10) | box(10, 10, 14, 20) | box(40, 50, 41, 51)


def ragged() -> np.ndarray:
    return LESION & (np.random.default_rng(2).random(SHAPE) < 0.7)


def labelme(path: Path, *shapes: dict[str, Any], size: tuple[int, int] | None = SHAPE, **more: Any) -> Path:
    rows, columns = size or (None, None)
    told = {"version": "5.2.1", "flags": {}, "shapes": shapes, "imagePath": "a.png", "imageData": None}
    path.write_text(json.dumps({**told, "imageHeight": rows, "imageWidth": columns, **more}), encoding="utf-8")
    return path


def shape(kind: str | None, points: list[list[float]], label: str = "tumour", **more: Any) -> dict[str, Any]:
    return {"label": label, "points": points, "group_id": None, "shape_type": kind, "flags": {}, **more}


def coco(path: Path, *annotations: dict[str, Any], images: list[dict[str, Any]] | None = None) -> Path:
    images = images or [{"id": 7, "file_name": "IM7.png", "height": 60, "width": 80}]
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": []}), encoding="utf-8")
    return path


def object_of(segmentation: Any, image: int = 7, category: int = 1) -> dict[str, Any]:
    return {"id": 1, "image_id": image, "category_id": category, "segmentation": segmentation, "iscrowd": 0}


SQUARE = [10.0, 20.0, 30.0, 20.0, 30.0, 40.0, 10.0, 40.0]
"""x and y in turn: columns 10 to 29 and rows 20 to 39."""


@pytest.mark.parametrize("name", ["m.json", "m.coco.json"])
@pytest.mark.parametrize("make", [lambda: LESION, with_hole, in_pieces, ragged, lambda: box(0, 0, 60, 80)])
def test_a_written_mask_is_read_again(tmp_path: Path, name: str, make: Any) -> None:
    mask = make()
    write_mask(tmp_path / name, mask, image="Läsion 乳腺.png")
    assert np.array_equal(read_mask(tmp_path / name, SHAPE).pixels, mask)
    assert "Läsion 乳腺.png" in (tmp_path / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["m.json", "m.coco.json"])
def test_one_piece_comes_back_without_a_word(tmp_path: Path, name: str) -> None:
    for mask in (LESION, with_hole()):
        write_mask(tmp_path / name, mask)
        assert read_mask(tmp_path / name, SHAPE).notes == ()


def test_what_labelme_needs_is_there(tmp_path: Path) -> None:
    write_mask(tmp_path / "m.json", in_pieces(), image="a.png")
    told = json.loads((tmp_path / "m.json").read_text())
    assert {"version", "flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth"} == set(told)
    assert (told["imageHeight"], told["imageWidth"], told["imagePath"]) == (60, 80, "a.png")
    assert [one["shape_type"] for one in told["shapes"]] == ["polygon"] * len(told["shapes"])
    write_mask(tmp_path / "m.json", with_hole())
    (whole,) = json.loads((tmp_path / "m.json").read_text())["shapes"]
    (left, top), (right, bottom) = whole["points"]
    inside = cv2.imdecode(np.frombuffer(base64.b64decode(whole["mask"]), np.uint8), cv2.IMREAD_UNCHANGED)
    assert inside.shape == (bottom - top + 1, right - left + 1)


def test_what_coco_needs_is_there(tmp_path: Path) -> None:
    write_mask(tmp_path / "m.coco.json", box(20, 10, 40, 30), image="a.png")
    told = json.loads((tmp_path / "m.coco.json").read_text())
    assert told["images"] == [{"id": 1, "file_name": "a.png", "width": 80, "height": 60}]
    (one,) = told["annotations"]
    assert (one["area"], one["bbox"]) == (400, [10, 20, 20, 20])
    (line,) = one["segmentation"]
    assert set(zip(line[::2], line[1::2], strict=True)) == {(10, 20), (30, 20), (30, 40), (10, 40)}
    write_mask(tmp_path / "m.coco.json", with_hole())
    (one,) = json.loads((tmp_path / "m.coco.json").read_text())["annotations"]
    assert one["segmentation"] == {"size": [60, 80], "counts": compressed(runs(with_hole()))}


def test_a_polygon_takes_the_pixels_whose_centre_is_inside(tmp_path: Path) -> None:
    for kind in ("polygon", None, "rotation"):
        path = labelme(tmp_path / "m.json", shape(kind, [[10, 20], [30, 20], [30, 40], [10, 40]]))
        read = read_mask(path, SHAPE)
        assert np.array_equal(read.pixels, box(20, 10, 40, 30))
        assert read.notes == ()
    path = labelme(tmp_path / "m.json", shape("polygon", [[10.6, 20.6], [30.4, 20.6], [30.4, 40.4], [10.6, 40.4]]))
    assert np.array_equal(read_mask(path, SHAPE).pixels, box(21, 11, 40, 30))


def test_rectangle_and_circle(tmp_path: Path) -> None:
    path = labelme(tmp_path / "m.json", shape("rectangle", [[30, 40], [10, 20]]))
    assert np.array_equal(read_mask(path, SHAPE).pixels, box(20, 10, 40, 30))
    path = labelme(tmp_path / "m.json", shape("rectangle", [[10, 20], [30, 20], [30, 40], [10, 40]]))
    assert np.array_equal(read_mask(path, SHAPE).pixels, box(20, 10, 40, 30))
    path = labelme(tmp_path / "m.json", shape("circle", [[40, 30], [40, 42]]))
    read = read_mask(path, SHAPE).pixels
    assert read.sum() == pytest.approx(np.pi * 144, rel=0.02)
    assert np.array_equal(read, read[::-1])


def test_a_mask_shape_lies_where_its_first_point_says_and_ends_at_the_image(tmp_path: Path) -> None:
    inside = cv2.imencode(".png", np.full((6, 9), 255, np.uint8))[1].tobytes()
    told = shape("mask", [[70, 50], [78, 55]], mask=base64.b64encode(inside).decode())
    assert np.array_equal(read_mask(labelme(tmp_path / "m.json", told), SHAPE).pixels, box(50, 70, 56, 79))
    told["points"] = [[-3, -2], [5, 3]]
    assert np.array_equal(read_mask(labelme(tmp_path / "m.json", told), SHAPE).pixels, box(0, 0, 4, 6))
    told["points"] = [[76, 58], [84, 63]]
    assert np.array_equal(read_mask(labelme(tmp_path / "m.json", told), SHAPE).pixels, box(58, 76, 60, 80))


def test_several_labels_or_outlines_are_united_and_said(tmp_path: Path) -> None:
    one, other = [[10, 20], [30, 40]], [[50, 5], [60, 15]]
    both = box(20, 10, 40, 30) | box(5, 50, 15, 60)
    read = read_mask(labelme(tmp_path / "m.json", shape("rectangle", one), shape("rectangle", other, "cyst")), SHAPE)
    assert np.array_equal(read.pixels, both)
    assert read.notes == ("The mask file has 2 labels; they were merged into one lesion.",)
    read = read_mask(labelme(tmp_path / "m.json", shape("rectangle", one), shape("rectangle", other)), SHAPE)
    assert np.array_equal(read.pixels, both)
    assert read.notes == ("The mask file has 2 outlines; they were merged into one lesion.",)


def test_points_and_lines_are_left_out_and_said(tmp_path: Path) -> None:
    path = labelme(
        tmp_path / "m.json",
        shape("rectangle", [[10, 20], [30, 40]]),
        shape("point", [[1, 1]]),
        shape("linestrip", [[1, 1], [2, 2], [9, 1]], "caliper"),
        shape("rectangle", [[0, 0], [80, 60]], "_background_"),
    )
    read = read_mask(path, SHAPE)
    assert np.array_equal(read.pixels, box(20, 10, 40, 30))
    assert read.notes == ("2 of the file's shapes enclose no area (points, lines) and were left out.",)


def test_a_file_without_a_size_is_laid_on_the_image_and_that_is_said(tmp_path: Path) -> None:
    path = labelme(tmp_path / "m.json", shape("rectangle", [[10, 20], [30, 40]]), size=None)
    read = read_mask(path, SHAPE)
    assert np.array_equal(read.pixels, box(20, 10, 40, 30))
    assert "does not give the size" in read.notes[0]
    with pytest.raises(UserError, match="does not give the size"):
        read_mask(path, None)


def test_another_size_is_refused_or_resized(tmp_path: Path) -> None:
    for path in (
        labelme(tmp_path / "m.json", shape("rectangle", [[10, 20], [30, 40]])),
        coco(tmp_path / "c.json", object_of([SQUARE])),
    ):
        with pytest.raises(MaskSizeMismatch):
            read_mask(path, (120, 160))
        read = read_mask(path, (120, 160), resize=True)
        assert np.array_equal(read.pixels, np.kron(box(20, 10, 40, 30), np.ones((2, 2), bool)))
        assert "resized" in read.notes[0]


@pytest.mark.parametrize(
    "segmentation",
    [
        [SQUARE],
        {"size": [60, 80], "counts": runs(box(20, 10, 40, 30))},
        {"size": [60, 80], "counts": compressed(runs(box(20, 10, 40, 30)))},
    ],
)
def test_coco_polygons_and_run_lengths(tmp_path: Path, segmentation: Any) -> None:
    read = read_mask(coco(tmp_path / "m.json", object_of(segmentation)), SHAPE)
    assert np.array_equal(read.pixels, box(20, 10, 40, 30))
    assert read.notes == ()


def test_a_list_of_coco_results_and_one_image_without_a_list(tmp_path: Path) -> None:
    one = object_of({"size": [60, 80], "counts": compressed(runs(LESION))})
    (tmp_path / "m.json").write_text(json.dumps([one]))
    assert np.array_equal(read_mask(tmp_path / "m.json", SHAPE).pixels, LESION)
    del one["image_id"]
    (tmp_path / "m.json").write_text(json.dumps({"image": {"image_id": 3}, "annotations": [one]}))
    assert np.array_equal(read_mask(tmp_path / "m.json", SHAPE).pixels, LESION)


def test_coco_categories_and_objects_are_united_and_said(tmp_path: Path) -> None:
    other = [50, 5, 60, 5, 60, 15, 50, 15]
    read = read_mask(coco(tmp_path / "m.json", object_of([SQUARE]), object_of([other], category=2)), SHAPE)
    assert np.array_equal(read.pixels, box(20, 10, 40, 30) | box(5, 50, 15, 60))
    assert read.notes == ("The mask file has 2 labels; they were merged into one lesion.",)
    assert "2 outlines" in read_mask(coco(tmp_path / "m.json", object_of([SQUARE]), object_of([other])), SHAPE).notes[0]


def test_of_many_images_the_one_named_alike_is_taken_else_the_only_one_as_large(tmp_path: Path) -> None:
    images = [
        {"id": 7, "file_name": "train\\IM7.png", "height": 60, "width": 80},
        {"id": 8, "file_name": "train/IM8.png", "height": 90, "width": 80},
    ]
    path = coco(tmp_path / "m.json", object_of([SQUARE]), object_of([[0, 0, 9, 0, 9, 9]], 8), images=images)
    said = ("The mask file contains outlines of 2 images; those of IM7.png were used.",)
    for image in ("IM7.png", "im7.dcm", ""):
        read = read_mask(path, SHAPE, image=image)
        assert np.array_equal(read.pixels, box(20, 10, 40, 30))
        assert read.notes == said
    with pytest.raises(MaskSizeMismatch):
        read_mask(path, SHAPE, image="IM8.png")
    with pytest.raises(UserError, match="outlines of 2 images; this image cannot be identified"):
        read_mask(path, (50, 50), image="IM9.png")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"a": 1}, "neither a labelme nor a COCO file"),
        ([1, 2], "damaged"),
        ({"shapes": [{"points": [[1, "x"], [2, 3], [3, 4]]}]}, "damaged"),
        ({"shapes": [{"points": [[1, float("nan")], [2, 3], [3, 4]]}], "imageHeight": 9, "imageWidth": 9}, "damaged"),
        ({"shapes": [{"points": [[1, 1], [2, 3]]}], "imageHeight": -9, "imageWidth": 9}, "damaged"),
        ({"shapes": [{"points": [[1, 1], [2, 3]]}], "imageHeight": 9**9, "imageWidth": 9**9}, "damaged"),
        ({"shapes": [], "imageHeight": 9, "imageWidth": 9}, "marks nothing"),
        ({"shapes": [{"shape_type": "mask", "mask": "AAAA", "points": [[0, 0], [1, 1]]}]}, "damaged"),
        ({"annotations": []}, "contains no outlines"),
        ({"annotations": [{"image_id": 1, "bbox": [1, 2, 3, 4]}]}, "only boxes"),
        ({"annotations": [object_of({"size": [60, 80], "counts": "01<2"})]}, "damaged"),
        ({"annotations": [object_of([[1, 2, 3]])]}, "damaged"),
    ],
)
def test_what_holds_no_outlines_is_refused(tmp_path: Path, told: Any, said: str) -> None:
    (tmp_path / "m.json").write_text(json.dumps(told))
    with pytest.raises(UserError, match=said) as caught:
        read_mask(tmp_path / "m.json", SHAPE)
    assert caught.value.hint


@pytest.mark.parametrize("content", [b"{", b'{"shapes": [', b"[[[[" * 30_000, b"\xef\xbb\xbf{\xff}"])
def test_broken_json_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.json").write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        read_mask(tmp_path / "m.json", SHAPE)


def test_a_byte_order_mark_is_no_hindrance(tmp_path: Path) -> None:
    path = labelme(tmp_path / "m.json", shape("rectangle", [[10, 20], [30, 40]]))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_mask(path, SHAPE).pixels.sum() == 400
