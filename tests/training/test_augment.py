"""The paper's augmentation and the strong one: image and mask move together, and nothing is lost."""

import numpy as np
import pytest

from csamoe_desktop.training.augment import AUGMENTATIONS, Augmentation, paper, strong

SIZE = 224


def marked() -> tuple[np.ndarray, np.ndarray]:
    """Return an image that is 200 exactly where the mask, an ellipse off the middle, is."""
    rows, columns = np.mgrid[0:224, 0:224]
    mask = ((rows - 65) / 25) ** 2 + ((columns - 140) / 40) ** 2 <= 1
    return np.where(mask, 200, 50).astype(np.uint8), mask


def draw(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_papers_image_and_mask_move_together() -> None:
    pixels, mask = marked()
    for seed in range(20):
        image, lesion, part = paper(pixels, mask, SIZE, None, draw(seed))
        # Bilinear edges of the image may differ from the nearest-neighbour mask by a pixel's width.
        assert ((image > 125) != lesion).sum() < 0.03 * lesion.sum()
        assert 0.95 < lesion.sum() / mask.sum() < 1.05
        assert part == (0, 0, 224, 224)


def test_the_papers_flips_and_turns_all_occur() -> None:
    pixels, mask = marked()
    centres = [np.argwhere(paper(pixels, mask, SIZE, None, draw(seed))[1]).mean(0) for seed in range(40)]
    rows, columns = np.array(centres).T
    assert rows.min() < 112 < rows.max()
    assert columns.min() < 112 < columns.max()
    assert len({round(row, 1) for row in rows}) > 20


def test_the_strong_one_never_turns_upside_down() -> None:
    """Shadow and enhancement lie below a lesion: what is above it stays above."""
    rows = np.arange(224, dtype=np.uint8)[:, None]
    pixels = np.repeat(rows, 224, axis=1) // 2 + 60
    mask = marked()[1]
    for seed in range(30):
        image = strong(pixels, mask, SIZE, None, draw(seed))[0].astype(float)
        middle = image[:, 80:144]
        assert np.nanmean(middle[130:170][middle[130:170] > 0]) > np.nanmean(middle[50:90][middle[50:90] > 0])


def test_the_strong_ones_lesion_stays_on_its_lesion() -> None:
    pixels, mask = marked()
    for seed in range(40):
        image, lesion, _ = strong(pixels, mask, SIZE, 2.2, draw(seed))
        values = image.astype(float)
        assert values[lesion].mean() > values[~lesion & (image > 0)].mean() + 30
        # About 2.2 times the lesion's longer side is seen, 22 % either way: the lesion is 34 to 64 % as wide.
        assert 0.3 < np.ptp(np.argwhere(lesion)[:, 1]) / SIZE < 0.7


def test_the_strong_one_changes_outline_place_and_settings() -> None:
    pixels, mask = marked()
    made = [strong(pixels, mask, SIZE, 2.2, draw(seed)) for seed in range(30)]
    assert len({lesion.tobytes() for _, lesion, _ in made}) == 30
    brightness = [image[lesion].mean() for image, lesion, _ in made]
    assert np.std(brightness) > 8


@pytest.mark.parametrize("augmentation", AUGMENTATIONS.values(), ids=AUGMENTATIONS)
def test_a_lesion_is_never_turned_out_of_the_image(augmentation: Augmentation) -> None:
    pixels = np.full((224, 224), 90, np.uint8)
    mask = np.zeros((224, 224), bool)
    mask[0, 0] = True
    for seed in range(60):
        assert augmentation(pixels, mask, SIZE, None, draw(seed))[1].any()


@pytest.mark.parametrize("augmentation", AUGMENTATIONS.values(), ids=AUGMENTATIONS)
def test_the_same_draw_gives_the_same_pair(augmentation: Augmentation) -> None:
    pixels, mask = marked()
    once, again = (augmentation(pixels, mask, SIZE, 2.2, draw(3)) for _ in range(2))
    np.testing.assert_array_equal(once[0], again[0])
    np.testing.assert_array_equal(once[1], again[1])
