"""What the experts are given: image times region, scaled, three equal channels, normalised, in the views' order."""

import numpy as np
import pytest
import torch

from csamoe_desktop.inference.tensors import views_tensor
from csamoe_desktop.lesion.regions import make_regions, whole_image
from csamoe_desktop.networks.cards import Normalisation

PLAIN = Normalisation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def some_regions():  # type: ignore[no-untyped-def]
    pixels = np.arange(224 * 224, dtype=np.uint32).reshape(224, 224) % 251
    mask = np.zeros((224, 224), bool)
    mask[60:120, 80:160] = True
    return make_regions(pixels.astype(np.uint8), mask)


def test_views_are_image_times_region() -> None:
    regions = some_regions()
    tensor = views_tensor(regions, ("image", "core", "boundary"), PLAIN)
    assert tensor.shape == (3, 3, 224, 224)
    assert tensor.dtype == torch.float32
    expected = regions.image / np.float32(255)
    for place, region in enumerate((np.ones_like(regions.core), regions.core, regions.boundary)):
        for channel in range(3):
            np.testing.assert_allclose(tensor[place, channel].numpy(), expected * region, rtol=1e-6)


def test_views_come_in_the_order_asked_for() -> None:
    regions = some_regions()
    whole = views_tensor(regions, ("image", "core", "boundary"), PLAIN)
    torch.testing.assert_close(views_tensor(regions, ("boundary", "image"), PLAIN), whole[[2, 0]])


def test_each_channel_has_its_normalisation() -> None:
    regions = some_regions()
    plain = views_tensor(regions, ("image",), PLAIN)[0]
    normalised = views_tensor(regions, ("image",), Normalisation((0.1, 0.2, 0.3), (0.5, 0.25, 2.0)))[0]
    for channel, (mean, std) in enumerate([(0.1, 0.5), (0.2, 0.25), (0.3, 2.0)]):
        torch.testing.assert_close(normalised[channel], (plain[channel] - mean) / std)


def test_per_image_each_view_has_a_mean_of_zero_and_a_deviation_of_one() -> None:
    tensor = views_tensor(some_regions(), ("image", "core"), Normalisation(per_image=True))
    assert (tensor.shape, tensor.dtype) == ((2, 3, 224, 224), torch.float32)
    for view in tensor:
        for channel in view:
            assert channel.double().mean().item() == pytest.approx(0, abs=1e-6)
            assert channel.double().std(correction=0).item() == pytest.approx(1, abs=1e-6)
    assert torch.equal(tensor[0, 0], tensor[0, 2])


def test_per_image_brightness_and_contrast_do_not_matter() -> None:
    pixels = np.random.default_rng(0).integers(0, 120, (64, 64), np.uint8)
    once, again = (
        views_tensor(whole_image(one, 64), ("image",), Normalisation(per_image=True))
        for one in (pixels, pixels * 2 + 9)
    )
    torch.testing.assert_close(once, again)


@pytest.mark.parametrize("level", [0, 1, 128, 255])
def test_per_image_one_grey_is_zero(level: int) -> None:
    regions = whole_image(np.full((299, 299), level, np.uint8), 299)
    tensor = views_tensor(regions, ("image",), Normalisation(per_image=True))
    torch.testing.assert_close(tensor, torch.zeros(1, 3, 299, 299), rtol=0, atol=1e-6)
