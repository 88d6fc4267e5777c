"""MixStyle (Zhou et al., ICLR 2021): during training, mix the style of early features with that of other images.

The style of a feature map is the mean and the deviation of each channel. In half of the batches, those of each image are mixed
with those of another image of the batch; a Beta distribution draws the share. In evaluation mode nothing is changed.
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
    """Mix the style of the outputs of the first two stages of each expert's ResNet-18, in training mode; return the hooks.

    Raises:
        ValueError: the network has no such stages.
    """
    stages = [
        module for name, module in network.named_modules() if name.endswith(("backbone.layer1", "backbone.layer2"))
    ]
    if not stages:
        raise ValueError("no ResNet-18 stages to mix the style of")

    def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        if not module.training or len(output) < 2 or float(torch.rand(())) >= _PROBABILITY:
            return output
        return mix(output)

    return [stage.register_forward_hook(hook) for stage in stages]
