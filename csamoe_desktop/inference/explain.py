"""Explain the result of a model with several experts: without each expert, by each expert alone, and attention maps.

Only the small head behind the experts is run again, so the cost is very low.

- Left out: the expert's gate share in the fused feature (equation 11 of CSA-MoE-Net) is spread over the others in proportion.
- Alone: the head gets this expert's feature instead of the fused one.
- Attention: Grad-CAM (Selvaraju et al., ICCV 2017) of the positive class's logit on the expert's recalibrated last stage,
  through gate, fusion and head; the backbones need no gradient.

torch is not imported at module level.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from csamoe_desktop.inference.explanation import Explanation
from csamoe_desktop.inference.predictor import calibrated, no_number
from csamoe_desktop.networks.cards import ModelCard

if TYPE_CHECKING:
    from torch import Tensor, nn


def explained(network: "nn.Module", views: "Tensor", card: ModelCard) -> Explanation:
    """Return the explanation of the result of `network` (in evaluation mode) for `views` [1, E, 3, size, size].

    It is empty unless the network is a single backbone or has experts before one head.

    Raises:
        UserError: the explanation has numbers that are not finite.
    """
    import torch

    from csamoe_desktop.networks.csamoe import CSAMoENet
    from csamoe_desktop.networks.single_backbone import SingleBackbone

    if not isinstance(network, CSAMoENet | SingleBackbone):
        return Explanation({}, {}, {})
    names = card.views
    with torch.no_grad():
        reading = network(views)
        left_out, alone = {}, {}
        if isinstance(network, CSAMoENet) and len(names) > 1:
            weights = [without(reading.gates[0], place) for place in range(len(names))]
            mixed = torch.stack([*weights, *torch.eye(len(names)).to(reading.gates)])
            logits = network.head(mixed @ torch.mean(reading.features[0], dim=(2, 3)))
            probabilities = [calibrated(pair, card) for pair in logits.tolist()]
            left_out = dict(zip(names, probabilities, strict=False))
            alone = dict(zip(names, probabilities[len(names) :], strict=True))
    positive = card.classes.index(card.positive)
    features = reading.features.detach().requires_grad_()
    with torch.enable_grad():
        if isinstance(network, CSAMoENet):
            logits = network.fuse(features, reading.stage_attention).logits
        else:
            logits = network.head(network.pool(features[:, 0]).flatten(1))
        (gradient,) = torch.autograd.grad(logits[0, positive], features)
    if not bool(torch.isfinite(gradient).all()):
        raise no_number(card)
    channels = torch.mean(gradient, dim=(3, 4), keepdim=True)
    maps = torch.relu((channels * features.detach()).sum(dim=2))[0].float().cpu().numpy()
    if not np.isfinite(maps).all():
        raise no_number(card)
    attention = {
        name: np.asarray(map_ / max(float(map_.max()), 1e-12), np.float32)
        for name, map_ in zip(names, maps, strict=True)
    }
    return Explanation(left_out, alone, attention)


def without(gates: "Tensor", place: int) -> "Tensor":
    """Return `gates` [E] with the one at `place` set to zero and its share spread over the others in proportion.

    It is spread equally if the others are all zero (a gate of 1 in float32).
    """
    import torch

    others = gates.clone()
    others[place] = 0
    total = others.sum()
    if total > 0:
        return others / total
    equal = torch.full_like(gates, 1 / (len(gates) - 1))
    equal[place] = 0
    return equal


def reread_logits(network: "nn.Module", first: "Tensor", others: Sequence["Tensor"]) -> list[list[float]] | None:
    """Return the logits for the views [E, 3, size, size] of other outlines of the same lesion.

    The image expert runs only once, on `first` [1, E, 3, size, size], because another outline does not change the whole image.
    Returns None if the network does not have an image expert and other experts.
    """
    import torch

    from csamoe_desktop.networks.csamoe import CSAMoENet

    if not isinstance(network, CSAMoENet) or "image" not in network.expert_names or len(network.expert_names) < 2:
        return None
    batch = torch.stack(list(others)).to(first.device)
    with torch.inference_mode():
        features, stages = [], []
        for place, (name, expert) in enumerate(network.experts.items()):
            if name == "image":
                feature, stage = expert(first[:, place])
                feature = feature.expand(len(batch), -1, -1, -1)
                stage = stage.expand(len(batch), -1)
            else:
                feature, stage = expert(batch[:, place])
            features.append(feature)
            stages.append(stage)
        logits: list[list[float]] = network.fuse(torch.stack(features, 1), torch.stack(stages, 1)).logits.tolist()
        return logits
