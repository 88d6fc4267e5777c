"""What the experts are given: image times region, scaled, three equal channels, normalised, in the views' order."""

import numpy as np
import torch

from csamoe_desktop.inference.tensors import views_tensor
from csamoe_desktop.lesion.regions import make_regions
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
