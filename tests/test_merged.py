"""What only shows where several parts meet: shapes of pixels and other contours, names and verifying, folders and archives."""

import json
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from csamoe_desktop.assess import AIResult, assess, look_closer
from csamoe_desktop.cli import main
from csamoe_desktop.inference.bundle import find_bundle
from csamoe_desktop.inference.predictor import Prediction
from csamoe_desktop.lesion.regions import Regions
from csamoe_desktop.reader.assessment import Assessment
from csamoe_desktop.store.lesions import LesionKey, StoredLesion
from csamoe_desktop.study.folder import images_of
from csamoe_desktop.study.model import Frame, Spacing
from csamoe_desktop.study.phantom import write_demo_study
from csamoe_desktop.untrusted import one_line


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo_study(tmp_path_factory.mktemp("demo")).spiculated.parent


class Seen:
    """A predictor of the whole image's expert alone, that keeps what it was given to read."""

    def __init__(self) -> None:
        import dataclasses

        card = find_bundle("csamoe-resnet18-plus").card
        self.card = dataclasses.replace(card, views=("image",))
        self.device = type("Device", (), {"words": "nothing"})()
        self.regions: list[Regions] = []

    def predict(self, many: list[Regions]) -> list[Prediction]:
        self.regions += many
        return [Prediction((0.0, 0.0), 0.5, {"image": 1.0}, {}) for _ in many]


def test_other_contours_are_read_with_square_pixels_too() -> None:
    """The part of an expert that reads the image alone follows each contour, and is as high as wide on the screen."""
    rows, columns = np.mgrid[:200, :400]
    pixels = np.random.default_rng(0).integers(40, 200, (200, 400)).astype(np.uint8)
    mask = ((rows - 100) / 20) ** 2 + ((columns - 200) / 40) ** 2 < 1
    frame = Frame(pixels, 0, Spacing(0.2, 0.1, "the file"))
    seen = Seen()
    assert seen.card.field is not None
    read = assess(frame, mask, seen)  # type: ignore[arg-type]
    assert isinstance(look_closer(frame, mask, seen, read), AIResult)  # type: ignore[arg-type]
    assert len(seen.regions) > 5
    for one in seen.regions:
        part = one.part
        assert (part.bottom - part.top) * 2 == pytest.approx(part.right - part.left, abs=2)


@pytest.fixture
def reported(demo: Path, tmp_path: Path) -> Path:
    """A folder with an image and the report of it."""
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "spiculated.png").write_bytes((demo / "spiculated.png").read_bytes())
    command = ["assess", str(folder / "spiculated.png"), "--mask", str(demo / "spiculated_mask.png")]
    report = ["--model", "csamoe-resnet18", "--device", "cpu", "--report", str(folder / "report.json")]
    assert main([*command, *report]) == 0
    return folder


def coco(file: Path, mask: np.ndarray, *names: str) -> Path:
    """Write a COCO file with the outline for the first image named, and a square for each other."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    line = [float(value) for value in contours[0].ravel()]
    rows, columns = mask.shape
    told: dict[str, Any] = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "lesion"}]}
    for number, name in enumerate(names, 1):
        told["images"].append({"id": number, "file_name": name, "width": columns, "height": rows})
        shape = line if number == 1 else [1.0, 1.0, 9.0, 1.0, 9.0, 9.0]
        told["annotations"].append({"id": number, "image_id": number, "category_id": 1, "segmentation": [shape]})
    file.write_text(json.dumps(told), encoding="utf-8")
    return file


def test_verify_takes_the_image_s_own_outline_of_a_file_of_many(
    demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `assess` and the window do: of a COCO file of many images this one's is looked at."""
    case = tmp_path / "case"
    case.mkdir()
    (case / "spiculated.png").write_bytes((demo / "spiculated.png").read_bytes())
    mask = cv2.imread(str(demo / "spiculated_mask.png"), cv2.IMREAD_GRAYSCALE) > 0
    file = coco(tmp_path / "outlines.json", mask, "spiculated.png", "other.png")
    command = ["assess", str(case / "spiculated.png"), "--mask", str(file), "--model", "csamoe-resnet18"]
    assert main([*command, "--device", "cpu", "--report", str(case / "report.json")]) == 0
    capsys.readouterr()
    status = main(["verify", str(case / "report.json"), "--mask", str(file), "--device", "cpu"])
    assert status == 0, capsys.readouterr().out


def test_what_this_program_withholds_is_said_by_verify(
    reported: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reading that the guard forbids by now does not hold; the other lines are printed all the same."""
    from csamoe_desktop.inference import examined

    monkeypatch.setattr(examined.guard, "withheld_because", lambda findings: "It fills too much of the image.")
    capsys.readouterr()
    assert main(["verify", str(reported / "report.json"), "--device", "cpu"]) == 1
    said = capsys.readouterr().out
    assert "withheld here: It fills too much of the image." in said
    assert "could not be verified" in said


def test_a_folder_s_name_of_any_bytes_is_told_as_it_can_be_shown(tmp_path: Path, demo: Path) -> None:
    folder = tmp_path / "Mo\udcfcnday\n"
    try:
        folder.mkdir()
    except (OSError, UnicodeError):
        pytest.skip("no such name on this system")
    (folder / "a.png").write_bytes((demo / "spiculated.png").read_bytes())
    found = images_of(folder, lambda: tmp_path)
    assert one_line(found.name) == found.name
    found.note(1).encode("utf-8")


def test_an_archive_with_no_place_to_unpack_is_refused_in_words(tmp_path: Path, demo: Path) -> None:
    from csamoe_desktop.errors import UserError

    archive = tmp_path / "disc.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.write(demo / "spiculated.png", "a.png")

    def full() -> Path:
        raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match="disc.zip could not be unpacked: No space left on device"):
        images_of(archive, full)


def test_what_a_reader_said_is_stored_whatever_letters_are_in_it(tmp_path: Path) -> None:
    """Texts beside the outline's own, as the assessment's, may hold half letters too; the row is kept all the same."""
    from csamoe_desktop.lesion.mask import Author
    from csamoe_desktop.store.autosave import Autosave

    store = Autosave(tmp_path / "work.sqlite")
    said = {"own": Assessment().to_dict(), "sitting": "a\udc80b"}
    kept = StoredLesion(8, 8, bytes(7) + b"\1", Author.DRAWN, "", (), "", stored_sitting=said)
    store.keep(LesionKey("image", 0), kept)
    assert store.write() is None
    store.close()
    again = Autosave(tmp_path / "work.sqlite")
    assert again.find(LesionKey("image", 0)) == kept
    again.close()


def test_two_hospitals_of_one_name_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for place in ("one", "two"):
        (tmp_path / place / "busi").mkdir(parents=True)
    data = [word for place in ("one", "two") for word in ("--data", str(tmp_path / place / "busi"))]
    assert main(["hospitals", *data, "--out", str(tmp_path / "runs")]) != 0
    assert "Two folders are called busi" in capsys.readouterr().err
    assert main(["hospitals", *data[:2], "--out", data[1]]) != 0
    assert "is the input folder" in capsys.readouterr().err


def test_copies_with_a_fault_are_not_kept_among_the_good_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mutants", "--count", "1", "--files", str(tmp_path), "--keep", str(tmp_path)]) != 0
    assert "is the input folder" in capsys.readouterr().err
