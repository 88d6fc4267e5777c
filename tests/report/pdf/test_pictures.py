"""Picture sizes and scale bars against what a ruler would say."""

import numpy as np
import pytest

from csamoe_desktop.report.pdf.pictures import as_image, paper_size, scale_bar_length
from csamoe_desktop.study.model import Frame, Spacing


def frame(rows: int, columns: int, spacing: Spacing | None = None) -> Frame:
    return Frame(np.zeros((rows, columns), np.uint8), 0, spacing)


@pytest.mark.parametrize(
    ("rows", "columns", "spacing", "size"),
    [
        (300, 400, None, (240, 180)),
        (100, 1000, None, (240, 24)),
        (1000, 100, None, (19.2, 192)),
        # 30 mm down and 20 mm across, though it has more columns than rows.
        (300, 400, Spacing(0.1, 0.05, "region 1"), (128, 192)),
    ],
)
def test_a_frame_is_shown_whole_in_its_physical_proportions(
    rows: int, columns: int, spacing: Spacing | None, size: tuple[float, float]
) -> None:
    assert paper_size(frame(rows, columns, spacing), 240, 192) == pytest.approx(size)


@pytest.mark.parametrize(
    ("millimetres", "bar"), [(38.4, 10), (30, 10), (29.9, 5), (60, 20), (150, 50), (0.7, 0.2), (6, 2)]
)
def test_a_scale_bar_is_a_round_length_of_at_most_a_third(millimetres: float, bar: float) -> None:
    spacing = Spacing(0.01, millimetres / 100, "region 1")
    assert scale_bar_length(spacing, (10, 100)) == pytest.approx(bar)


def test_pixels_become_an_image_unchanged_also_when_they_are_a_view() -> None:
    grey = np.arange(35, dtype=np.uint8).reshape(5, 7)[:, ::-1]
    image = as_image(grey)
    assert [[image.pixelColor(column, row).red() for column in range(7)] for row in range(5)] == grey.tolist()
    colour = np.random.default_rng(1).integers(0, 256, (3, 5, 3), dtype=np.uint8)
    image = as_image(colour)
    assert [[list(image.pixelColor(c, r).getRgb()[:3]) for c in range(5)] for r in range(3)] == colour.tolist()
