"""The paper's augmentation and the strong one: image and mask move together, and nothing is lost."""

import numpy as np
import pytest

from csamoe_desktop.training.augment import AUGMENTATIONS, Augmentation, flips, framing, paper, strong

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


@pytest.mark.parametrize("augmentation", [paper, flips, strong])
def test_a_lesion_is_never_turned_out_of_the_image(augmentation: Augmentation) -> None:
    pixels = np.full((224, 224), 90, np.uint8)
    mask = np.zeros((224, 224), bool)
    mask[0, 0] = True
    for seed in range(60):
        assert augmentation(pixels, mask, SIZE, None, draw(seed))[1].any()


def test_flips_are_flips_and_no_more() -> None:
    pixels, mask = marked()
    pixels = pixels + np.arange(224, dtype=np.uint8)[:, None] // 8
    four = {
        (pixels[::down, ::across].tobytes(), mask[::down, ::across].tobytes()) for down in (1, -1) for across in (1, -1)
    }
    found = {tuple(one.tobytes() for one in flips(pixels, mask, SIZE, None, draw(seed))[:2]) for seed in range(40)}
    assert found == four


def test_framing_keeps_the_readers_line_and_shows_now_the_whole_frame_now_a_square_around_it() -> None:
    pixels, mask = marked()
    shares = []
    for seed in range(60):
        image, lesion, part = framing(pixels, mask, SIZE, None, draw(seed))
        if not lesion.any():
            continue
        values = image.astype(float)
        assert values[lesion].mean() > values[~lesion & (image > 0)].mean() + 30
        shares.append(np.ptp(np.argwhere(lesion)[:, 1]) / SIZE)
        whole = part == (0, 0, 224, 224)
        # 81 of 224 columns; in a square of 1.2 to 3.5 times the lesion's length, 29 to 83 % (moved, some is cut off).
        assert shares[-1] == pytest.approx(80 / 224, abs=0.06) if whole else 0.15 < shares[-1] < 0.9
    assert 0.2 < np.mean([abs(share - 80 / 224) < 0.03 for share in shares]) < 0.8
    assert max(shares) > 0.6


def test_framing_shows_one_in_five_a_part_that_the_lesion_does_not_reach_into() -> None:
    # The lesion is as bright as nothing else is; the tissue is far from it whatever the scanner's settings.
    pixels, mask = np.full((200, 300), 20, np.uint8), np.zeros((200, 300), bool)
    mask[60:90, 40:80] = True
    pixels[mask] = 220
    without = 0
    for seed in range(200):
        image, lesion, _ = framing(pixels, mask, SIZE, None, draw(seed))
        without += not lesion.any()
        assert (image.max() > 110) == lesion.any()
    assert 25 < without < 58
    # Where the lesion leaves no third of the frame free, it is always seen.
    mask[20:180, 60:240] = True
    assert all(framing(pixels, mask, SIZE, None, draw(seed))[1].any() for seed in range(40))


@pytest.mark.parametrize("augmentation", AUGMENTATIONS.values(), ids=AUGMENTATIONS)
def test_an_image_without_a_lesion_is_augmented_whole(augmentation: Augmentation) -> None:
    pixels = marked()[0]
    nothing = np.zeros((224, 224), bool)
    made = [augmentation(pixels, nothing, 96, 2.2, draw(seed)) for seed in range(12)]
    for image, lesion, part in made:
        assert image.shape == lesion.shape == (96, 96)
        assert (image.dtype, lesion.dtype) == (np.uint8, bool)
        assert not lesion.any()
        assert part == (0, 0, 224, 224)
    assert len({image.tobytes() for image, _, _ in made}) >= 3


@pytest.mark.parametrize("augmentation", AUGMENTATIONS.values(), ids=AUGMENTATIONS)
def test_the_same_draw_gives_the_same_pair(augmentation: Augmentation) -> None:
    pixels, mask = marked()
    once, again = (augmentation(pixels, mask, SIZE, 2.2, draw(3)) for _ in range(2))
    np.testing.assert_array_equal(once[0], again[0])
    np.testing.assert_array_equal(once[1], again[1])
