"""MixStyle (Zhou et al., ICLR 2021): while it trains, a network's early features take on other images' style.

The style of a feature map is the mean and deviation of each channel. In half of the batches each image's are mixed with
those of another image of the batch, in the share that a Beta distribution draws; when the network reads, nothing happens.
"""

import torch
from torch import Tensor, nn

_PROBABILITY = 0.5
_ALPHA = 0.1


def mix(features: Tensor) -> Tensor:
    """Return `features`, [B, C, H, W], with each image's style mixed with that of another image of the batch."""
    deviation, mean = torch.std_mean(features.detach(), dim=(2, 3), keepdim=True)
    deviation = deviation + 1e-6
    share = torch.distributions.Beta(_ALPHA, _ALPHA).sample((len(features), 1, 1, 1)).to(features)
    order = torch.randperm(len(features), device=features.device)
    plain = (features - mean) / deviation
    return plain * (share * deviation + (1 - share) * deviation[order]) + share * mean + (1 - share) * mean[order]


def add_mixstyle(network: nn.Module) -> list[torch.utils.hooks.RemovableHandle]:
    """Mix the style of what the first two stages of every expert's ResNet-18 hand on, in training mode alone; return the
    hooks that do it.

    Raises:
        ValueError: the network has no such stages.
    """
    stages = [
        module for name, module in network.named_modules() if name.endswith(("backbone.layer1", "backbone.layer2"))
    ]
    if not stages:
        raise ValueError("no ResNet-18 stages to mix the style of")

    def hook(module: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> Tensor:
        if not module.training or len(made) < 2 or float(torch.rand(())) >= _PROBABILITY:
            return made
        return mix(made)

    return [stage.register_forward_hook(hook) for stage in stages]
