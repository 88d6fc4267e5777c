"""Turn the regions of a lesion into the network's input; used for training and for assessment alike."""

import numpy as np
import torch

from csamoe_desktop.lesion.regions import Regions
from csamoe_desktop.networks.cards import Normalisation

_PLACES = {"image": 0, "core": 1, "boundary": 2}


def views_tensor(regions: Regions, views: tuple[str, ...], normalisation: Normalisation) -> torch.Tensor:
    """Return the inputs of the experts named in `views`, float32 [E, 3, size, size], in that order.

    Each is the image times the region, scaled to 0..1, its grey repeated over three channels and normalised. With
    normalisation per image, an image of a single grey level has no deviation and becomes zero.
    """
    chosen = regions.views()[[_PLACES[view] for view in views]]
    scaled = torch.from_numpy(np.ascontiguousarray(chosen)).to(torch.float32).div_(255)
    if normalisation.per_image:
        # In float64: the rounding error of a float32 mean, divided by a deviation near zero, would look like an image.
        exact = scaled.double()
        deviation, middle = torch.std_mean(exact, dim=(1, 2), keepdim=True, correction=0)
        standard = ((exact - middle) / deviation.clamp(min=1e-6)).float()
        return standard.unsqueeze(1).expand(-1, 3, -1, -1)
    mean = torch.tensor(normalisation.mean).view(1, 3, 1, 1)
    std = torch.tensor(normalisation.std).view(1, 3, 1, 1)
    return scaled.unsqueeze(1).expand(-1, 3, -1, -1).sub(mean).div_(std)
