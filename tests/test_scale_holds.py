"""A scale holds where it holds: from the file to the report, by the command line and the shipped model."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from csamoe_desktop.assess import assess
from csamoe_desktop.cli import main
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.inference.predictor import Predictor
from csamoe_desktop.lesion.files.formats import read_mask
from csamoe_desktop.lesion.measure import measure
from csamoe_desktop.study.opening import open_study
from csamoe_desktop.study.phantom import write_demo_study


def region(box: tuple[int, int, int, int], across: float, down: float) -> Dataset:
    item = Dataset()
    item.RegionSpatialFormat = item.RegionDataType = 1
    item.RegionLocationMinX0, item.RegionLocationMinY0, item.RegionLocationMaxX1, item.RegionLocationMaxY1 = box
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3
    item.PhysicalDeltaX, item.PhysicalDeltaY = across, down
    return item


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo_study(tmp_path_factory.mktemp("demo")).spiculated.parent


@pytest.fixture
def made(demo: Path, tmp_path: Path) -> Any:
    """Return a function that writes the made lesion with other pixels and regions, and its mask."""

    def make(
        rows: int = 1, columns: int = 1, regions: list[Dataset] | None = None, **changes: Any
    ) -> tuple[Path, Path]:
        header = pydicom.dcmread(demo / "spiculated.dcm")
        pixels = header.pixel_array
        mask = cv2.imread(str(demo / "spiculated_mask.png"), cv2.IMREAD_GRAYSCALE)
        shape = (pixels.shape[1] // columns, pixels.shape[0] // rows)
        pixels = cv2.resize(pixels, shape, interpolation=cv2.INTER_AREA)
        mask = cv2.resize(mask, shape, interpolation=cv2.INTER_NEAREST)
        header.Rows, header.Columns = pixels.shape
        header.PixelData = pixels.tobytes()
        box = (0, 0, pixels.shape[1] - 1, pixels.shape[0] - 1)
        delta = 0.0075
        del header.SequenceOfUltrasoundRegions
        if regions is None:
            header.SequenceOfUltrasoundRegions = [region(box, delta * columns, delta * rows)]
        elif regions:
            header.SequenceOfUltrasoundRegions = regions
        for keyword, value in changes.items():
            setattr(header, keyword, value)
        image, drawn = tmp_path / f"{rows}{columns}.dcm", tmp_path / f"{rows}{columns}.png"
        header.save_as(image)
        cv2.imwrite(str(drawn), mask)
        return image, drawn

    return make


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    from csamoe_desktop.inference.torch_engine import load_predictor

    return load_predictor(find_bundle("csamoe-resnet18-plus"), "cpu")


def test_one_lesion_has_one_reading_whatever_the_shape_of_its_pixels(made: Any, predictor: Predictor) -> None:
    read, sizes = [], []
    for rows, columns in ((1, 1), (2, 1), (1, 2)):
        image, drawn = made(rows, columns)
        frame = open_study(image).frame(0)
        mask = read_mask(drawn, frame.shape).pixels
        found = assess(frame, mask, predictor)
        read.append(found.prediction.probability)
        sizes.append(measure(mask, frame.scale).longest)
        assert found.warnings == ()
    assert read == pytest.approx([read[0]] * 3, abs=0.02)
    assert sizes == pytest.approx([sizes[0]] * 3, rel=0.02)


def test_a_pixel_aspect_ratio_alone_makes_the_pixels_square_too(made: Any, predictor: Predictor) -> None:
    read = []
    for rows, columns, ratio in ((1, 1, [1, 1]), (2, 1, [2, 1]), (1, 2, [1, 2])):
        image, drawn = made(rows, columns, [], PixelAspectRatio=ratio)
        frame = open_study(image).frame(0)
        read.append(assess(frame, read_mask(drawn, frame.shape).pixels, predictor).prediction.probability)
    assert read == pytest.approx([read[0]] * 3, abs=0.02)


def test_a_lesion_beside_the_calibrated_region_is_told_in_pixels_with_the_reason_everywhere(
    made: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command line, the JSON report, the text and `inspect` say the same."""
    image, drawn = made(regions=[region((0, 0, 150, 479), 0.0075, 0.0075)])
    cut = cv2.imread(str(drawn), cv2.IMREAD_GRAYSCALE)
    assert (cut[:, 151:] > 0).any() and not (cut[:, :151] > 0).any()
    given = [str(image), "--mask", str(drawn), "--device", "cpu", "--json"]
    assert main(["assess", *given, "--report", str(tmp_path / "report.json")]) == 0
    size = json.loads(capsys.readouterr().out)["size"]
    why = "outside region 1, the calibrated part of the image"
    assert (size["unit"], size["source"]) == ("px", why)
    told = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["readings"][0]
    assert told["image"]["spacing_mm"] is None
    assert told["image"]["scale"] == why
    assert why in json.dumps(told["words"])
    assert " mm" not in json.dumps(told["words"]["lesion"])
    assert main(["inspect", str(image), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["spacing_mm"] == pytest.approx([0.075, 0.075])
    assert found["scale"] == "0.075 mm/px from region 1 (x 0 to 150, y 0 to 479 only)"
    assert main(["inspect", str(image)]) == 0
    assert capsys.readouterr().out.strip().endswith("0.075 mm/px (x 0 to 150, y 0 to 479 only)")


def test_frames_without_a_scale_of_their_own_are_not_measured_by_others(made: Any) -> None:
    measures, groups = Dataset(), Dataset()
    measures.PixelSpacing = [0.1, 0.1]
    groups.PixelMeasuresSequence = [measures]
    image, _ = made(regions=[], PerFrameFunctionalGroupsSequence=[groups])
    study = open_study(image)
    assert study.frame(0).spacing is not None
    assert not study.scale_of(1).calibrated


def test_a_frame_takes_a_spacing_or_nothing_for_its_scale() -> None:
    from csamoe_desktop.study.model import Frame, Spacing

    pixels = np.zeros((100, 100), np.uint8)
    assert Frame(pixels, 0, None).spacing is None
    assert Frame(pixels, 0, Spacing(0.2, 0.1, "region 1")).scale.of((0, 0, 9, 9)).row == 0.2
