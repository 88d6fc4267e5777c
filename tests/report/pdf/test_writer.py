"""The PDF as a reader gets it: its text by pdftotext, its pixels by pdftoppm, its images by pdfimages."""

import dataclasses
import html
import re
import resource
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.networks.cards import Thresholds
from csamoe_desktop.report.document import ReportInput
from csamoe_desktop.report.pdf.writer import render, write_pdf
from csamoe_desktop.study.model import Spacing, StudyFacts

Make = Callable[..., ReportInput]

WARNINGS = (
    "The lesion touches the edge of the image: its boundary is cut off there.",
    "The lesion is so small that its core was eroded 2 times instead of 5.",
    "The mask has 2 separate pieces; they were assessed as one lesion.",
)
LONG_NAME = (
    "Maria-Theresia Wilhelmina Josephina von und zu Hohenlohe-Waldenburg-Schillingsfürst, Freifrau geborene Gräfin"
)
LONG_COMMENT = "Irregular mass with angular margins; 边界不清的低回声肿块。 " * 80


def run(*command: object) -> bytes:
    return subprocess.run([str(one) for one in command], capture_output=True, check=True).stdout


def words(file: Path, *options: str) -> str:
    return run("pdftotext", "-layout", *options, file, "-").decode()


def pages(file: Path) -> int:
    return int(re.search(r"Pages:\s+(\d+)", run("pdfinfo", file).decode())[1])  # type: ignore[index]


def pixels(file: Path, dpi: int = 144) -> np.ndarray:
    """The first page, RGB."""
    run("pdftoppm", "-r", dpi, "-f", 1, "-l", 1, "-singlefile", "-png", file, file.with_suffix(""))
    return cv2.imread(str(file.with_suffix(".png")))[:, :, ::-1].astype(int)


@pytest.fixture
def written(make: Make, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the report of `make(...)` and returns its path."""

    def write(**changes: object) -> Path:
        file = tmp_path / "report.pdf"
        write_pdf(file, make(**changes))
        return file

    return write


def test_the_text_can_be_taken_out_again(written: Callable[..., Path]) -> None:
    said = words(written())
    for line in (
        r"Breast ultrasound: second reading of one lesion\s+RESEARCH USE ONLY",
        r"Patient\s+Müller-Ångström, Zoë\s+Study date\s+2025-03-14",
        r"Accession\s+A-2025-1187",
        r"Suspicious\s+0\.83",
        r"Probability of malignancy, calibrated",
        r"Likely benign below 0\.12, suspicious from 0\.71",
        r"Whole image\s+55 %",
        r"Size\s+\d+\.\d x \d+\.\d mm",
        r"Outline\s+imported, then edited \(phantom-mask\.png\)",
        r"invented 1\.0, weights 3f2a9c01b7de",
        "3f2a9c01b7de" + "4d" * 26,
        r"CPU: x86_64 \(float32\)",
        r"Hypoechoic mass at 2 o'clock",
        r"Dr\. Ana Łukasz",
        r"Research use only\. Management must not rest solely on this output\.",
        r"Page 1 of 1",
    ):
        assert re.search(line, said), line


def test_latin_and_chinese_stand_in_one_document(written: Callable[..., Path]) -> None:
    facts = StudyFacts(patient_name="张伟 (Zhāng Wěi)", study_description="乳腺超声检查")
    file = written(facts=facts, comment="office, flow, affinité: Größe, œdème.\n左乳低回声肿块。", reader="李娜")
    said = words(file)
    for text in (
        "张伟 (Zhāng Wěi)",
        "乳腺超声检查",
        "office, flow, affinité: Größe, œdème.",
        "左乳低回声肿块。",
        "李娜",
    ):
        assert text in said


def test_every_font_is_a_shipped_one_and_embedded(written: Callable[..., Path]) -> None:
    lines = run("pdffonts", written(comment="肿块")).decode().splitlines()[2:]
    assert {line.split()[0] for line in lines} == {"DejaVuSans", "DejaVuSans-Bold", "WenQuanYiMicroHei"}
    for line in lines:
        embedded, _, to_unicode = line.split()[-5:-2]
        assert (embedded, to_unicode) == ("yes", "yes"), line


@pytest.mark.parametrize("colour", [False, True])
def test_the_frame_is_inside_once_and_without_loss(make: Make, tmp_path: Path, colour: bool) -> None:
    grey = np.random.default_rng(5).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    file = tmp_path / "report.pdf"
    frame = grey if colour else grey[:, :, 0].copy()
    write_pdf(file, make(pixels=frame))
    listed = [line.split() for line in run("pdfimages", "-list", file).decode().splitlines()[2:]]
    assert len(listed) == 2, "two pictures"
    assert len({row[10] for row in listed}) == 1, "of one stored image"
    assert {row[8] for row in listed} == {"image"}, "and that is no JPEG"
    run("pdfimages", "-png", file, tmp_path / "image")
    taken_out = cv2.imread(str(tmp_path / "image-000.png"))[:, :, ::-1]
    assert np.array_equal(taken_out, frame if colour else np.stack([frame] * 3, axis=2))


def picture_boxes(page: np.ndarray, grey: int) -> list[tuple[int, int, int, int]]:
    """Where the two pictures of a frame of one grey are: top, bottom, left, right."""
    same = (page == grey).all(axis=2).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(same)
    order = sorted(range(1, count), key=lambda one: -stats[one, cv2.CC_STAT_AREA])[:2]
    boxes = [tuple(int(value) for value in stats[one, :4]) for one in order]
    return sorted(((y, y + h, x, x + w) for x, y, w, h in boxes), key=lambda box: box[2])


def test_outline_core_and_boundary_are_drawn_where_the_network_saw_them(written: Callable[..., Path]) -> None:
    page = pixels(written(pixels=np.full((224, 224), 40, np.uint8), ellipses=(((0.5, 0.5), (0.25, 0.25)),)), 288)
    left, right = picture_boxes(page, 40)

    def at(box: tuple[int, int, int, int], row: float, column: float) -> np.ndarray:
        top, bottom, start, end = box
        return page[round(top + row * (bottom - top)), round(start + column * (end - start))]

    assert (at(left, 0.5, 0.5) == 40).all(), "nothing lies over the lesion in the first picture"
    top, bottom, start, end = left
    middle = (top + bottom) // 2
    edge = page[middle, start + int(0.235 * (end - start)) : start + int(0.265 * (end - start))]
    assert edge.max() > 240, "its outline is white"

    red, _, blue = at(right, 0.5, 0.5)
    assert blue > red + 20, "the core is sky blue"
    red, _, blue = at(right, 0.5, 0.75 + 2.5 / 224)
    assert red > blue + 20, "the band of five pixels around the lesion is orange"
    assert (at(right, 0.5, 0.75 - 2.5 / 224) == 40).all(), "between the two the picture shows"
    assert (at(right, 0.5, 0.9) == 40).all()


def test_the_part_that_was_read_is_marked_where_it_is_not_the_whole_frame(
    make: Make, written: Callable[..., Path]
) -> None:
    assert "Part assessed" not in words(written())
    card = dataclasses.replace(make().ai_result.card, field=2.0)
    frame = np.full((224, 224), 40, np.uint8)
    file = written(pixels=frame, card=card, ellipses=(((0.5, 0.5), (0.125, 0.125)),))
    assert "Part assessed" in words(file)
    page = pixels(file, 288)
    boxes_found = picture_boxes(page, 40)
    top, bottom, start, end = boxes_found[1]
    quarter = start + (end - start) // 4
    column = page[top + (bottom - top) // 3 : top + 2 * (bottom - top) // 3, quarter - 4 : quarter + 5]
    assert column.max() > 200, "a square of twice the lesion's size begins a quarter into the frame"


def test_what_was_guessed_and_changed_is_on_the_paper(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    given = make(notes=("The file's 16-bit values are shown as 8 bits, from 0 to 4095.",))
    inverted = "The mask file marks the background instead of the lesion; it was inverted."
    write_pdf(file, dataclasses.replace(given, mask=dataclasses.replace(given.mask, notes=(inverted,))))
    said = words(file)
    assert "Warnings and notes" in said
    assert "The file's 16-bit values are shown as 8 bits, from 0 to 4095." in said
    assert inverted in said


def test_a_calibrated_frame_has_its_physical_proportions_and_a_true_scale_bar(written: Callable[..., Path]) -> None:
    file = written(pixels=np.full((200, 300), 40, np.uint8), spacing=Spacing(0.2, 0.1, "region 1"))
    page = pixels(file, 288)
    left, _ = picture_boxes(page, 40)
    height, width = left[1] - left[0], left[3] - left[2]
    assert height / width == pytest.approx(40 / 30, rel=0.01), "40 mm down and 30 mm across"
    assert "10 mm" in words(file)
    below = (page[left[1] + 8 : left[1] + 80] < 80).all(axis=2)
    longest = max(len(run_) for row in below for run_ in "".join("x" if dark else " " for dark in row).split())
    assert longest / width == pytest.approx(10 / 30, rel=0.03)


def test_an_uncalibrated_frame_says_that_it_has_no_scale(written: Callable[..., Path]) -> None:
    said = words(written(spacing=None))
    assert "no scale: not calibrated" in said
    assert "the image is not calibrated" in said
    assert not re.search(r"\d mm", said)


def longest_run(row: np.ndarray) -> int:
    """The length of the longest run of True."""
    return max((len(part) for part in "".join("x" if one else " " for one in row).split()), default=0)


def test_gate_bars_are_as_long_as_the_shares(written: Callable[..., Path]) -> None:
    page = pixels(written(gates={"image": 0.2, "core": 0.5, "boundary": 0.3}), 288)
    lengths = []
    for ink in ("#7d848c", "#56b4e9", "#e69f00"):
        colour = [int(ink[at : at + 2], 16) for at in (1, 3, 5)]
        near = (abs(page - colour).max(axis=2) <= 2)[1200:]
        lengths.append(max(longest_run(row) for row in near))
    assert np.array(lengths) / sum(lengths) == pytest.approx([0.2, 0.5, 0.3], abs=0.01)


def test_the_marker_stands_at_the_probability(written: Callable[..., Path]) -> None:
    def marker(probability: float) -> float:
        """How far along the grey bar the dark marker stands; the bar is the row with all three greys."""
        page = pixels(written(probability=probability), 288)
        zones = [(abs(page - grey).max(axis=2) <= 2) for grey in ([236, 238, 240], [211, 215, 219], [174, 180, 187])]
        (row, *_) = np.flatnonzero(np.all([zone.sum(axis=1) > 40 for zone in zones], axis=0))
        bar = np.flatnonzero(zones[0][row])[0], np.flatnonzero(zones[2][row])[-1]
        dark = np.flatnonzero((page[row - 12, bar[0] : bar[1]] < 80).all(axis=1))
        return float(dark.mean() / (bar[1] - bar[0]))

    assert marker(0.3) == pytest.approx(0.3, abs=0.01)
    assert marker(0.83) == pytest.approx(0.83, abs=0.01)


CASES: dict[str, dict[str, object]] = {
    "ordinary": {},
    "nothing known": {"facts": StudyFacts(), "spacing": None, "comment": "", "reader": "", "study_name": "a.png"},
    "long name and warnings": {
        "facts": StudyFacts(patient_name=LONG_NAME, patient_id="X" * 64, institution="W" * 48),
        "warnings": WARNINGS,
    },
    "wide": {"shape": (150, 1200)},
    "tall": {"shape": (1200, 150), "spacing": None},
    "very tall": {"shape": (2000, 20), "ellipses": (((0.5, 0.5), (0.1, 0.4)),)},
    "tiny": {"ellipses": (((0.3, 0.6), (0.006, 0.005)),), "probability": 0.999},
    "pieces": {"ellipses": (((0.4, 0.3), (0.15, 0.12)), ((0.6, 0.7), (0.12, 0.1))), "warnings": WARNINGS},
    "edge": {"ellipses": (((0.05, 0.02), (0.3, 0.3)),), "probability": 0.0001},
    "chinese": {"facts": StudyFacts(patient_name="张伟" * 20, study_description="乳腺超声检查" * 8)},
    "long file name": {"study_name": "1.2.840." * 30 + ".dcm"},
}


def boxes(file: Path) -> list[tuple[float, float, float, float, str]]:
    """Each word of the first page: left, top, right, bottom, text."""
    page = run("pdftotext", "-bbox", "-l", "1", file, "-").decode()
    pattern = r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>'
    return [(*(float(one) for one in found[:4]), html.unescape(found[4])) for found in re.findall(pattern, page)]  # type: ignore[misc]


@pytest.mark.parametrize("case", CASES)
def test_one_page_holds_it_and_no_word_lies_on_another(written: Callable[..., Path], case: str) -> None:
    file = written(**CASES[case])
    assert pages(file) == 1
    found = boxes(file)
    assert len(found) > 100
    for left, top, right, bottom, word in found:
        assert left > 38, word
        assert right < 554, word
        assert top > 28, word
        assert bottom < 830, word
    for index, (left, top, right, bottom, word) in enumerate(found):
        # A font's box is taller than its letters; what counts is where these are.
        low, high = top + 0.25 * (bottom - top), bottom - 0.25 * (bottom - top)
        for other_left, other_top, other_right, other_bottom, other in found[index + 1 :]:
            other_low = other_top + 0.25 * (other_bottom - other_top)
            other_high = other_bottom - 0.25 * (other_bottom - other_top)
            apart = right <= other_left + 0.1 or other_right <= left + 0.1 or high <= other_low or other_high <= low
            assert apart, (word, other)


@pytest.mark.parametrize(
    "thresholds", [Thresholds(0.01, 0.02), Thresholds(0.97, 0.99), Thresholds(0.5, 0.5), Thresholds(0.001, 0.999)]
)
def test_thresholds_close_together_or_at_an_end_are_both_readable(
    make: Make, written: Callable[..., Path], thresholds: Thresholds
) -> None:
    card = dataclasses.replace(make().ai_result.card, thresholds=thresholds)
    found = [box for box in boxes(written(card=card, probability=0.4)) if re.fullmatch(r"[01]\.\d+", box[4])]
    under_the_bar = [box for box in found if box[0] < 290 and box[3] - box[1] < 9]
    for one, other in pairwise(under_the_bar):
        assert one[2] <= other[0] or other[2] <= one[0] or abs(one[1] - other[1]) > 5, (one, other)
    assert {f"{thresholds.benign_below:g}", f"{thresholds.suspicious_from:g}"} <= {
        f"{float(box[4]):g}" for box in under_the_bar
    }


def test_a_long_comment_goes_on_to_a_further_page_whole(written: Callable[..., Path]) -> None:
    file = written(comment=LONG_COMMENT, warnings=WARNINGS)
    assert pages(file) == 2
    said = words(file)
    # Two stand on either side of a label and of the end of the page.
    assert "".join(said.split()).count("Irregularmasswithangularmargins;边界不清的低回声肿块。") >= 78
    first, second = words(file, "-l", "1"), words(file, "-f", "2")
    assert "Page 1 of 2" in first
    assert "Intended use" in second, "the annex"
    assert "Page 2 of 2" in second
    assert "Müller-Ångström, Zoë · TEST-0042" in second, "a page that gets lost can be told from another patient's"
    assert "Signature" in second
    assert "Research use only" in second


def test_a_comment_of_many_pages_says_on_each_what_it_is(written: Callable[..., Path]) -> None:
    file = written(comment="\n".join(f"line {number} of it" for number in range(150)))
    assert pages(file) > 2
    assert "Reader's comment, continued" in words(file, "-f", "3")
    assert re.findall(r"line (\d+) of it", words(file)) == [str(number) for number in range(150)]


def test_limits_too_long_for_the_foot_of_the_page_go_on_too(make: Make, written: Callable[..., Path]) -> None:
    limits = tuple(f"Limit {number}: it may do worse than its figures say." for number in range(40))
    file = written(card=dataclasses.replace(make().ai_result.card, limits=limits))
    assert re.findall(r"Limit (\d+):", words(file)) == [str(number) for number in range(40)]
    assert pages(file) == 2


def test_the_same_input_gives_the_same_bytes_with_its_own_date(make: Make) -> None:
    document = render(make())
    assert document == render(make())
    dates = re.findall(rb"D:(\d{14})", document) + re.findall(rb'xmp:\w+Date="([^"+Z]+)', document)
    assert len(dates) == 5
    assert {re.sub(rb"\D", b"", date)[2:8] for date in dates} == {b"250314"}
    assert document != render(make(comment="another"))


def test_the_dates_are_the_inputs_and_the_file_is_sound(written: Callable[..., Path]) -> None:
    said = run("pdfinfo", "-isodates", written()).decode()
    assert re.search(r"CreationDate:\s+2025-03-1[345]T", said)
    assert re.search(r"Page size:\s+595 x 842 pts \(A4\)", said)
    assert "Müller" not in said, "no patient's name in what a file browser shows"


def test_it_can_be_written_in_a_worker_thread(make: Make) -> None:
    given = make()
    with ThreadPoolExecutor(1) as workers:
        assert workers.submit(render, given).result() == render(given)


def test_where_no_folder_can_be_the_report_is_refused(make: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="could not be written"):
        write_pdf(tmp_path / "file" / "report.pdf", make())


def test_when_the_disk_is_full_the_old_report_stays_and_no_half_one(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "out" / "report.pdf"
    write_pdf(file, make())
    before = file.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(UserError, match="could not be written"):
            write_pdf(file, make(comment="another"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]
