"""CSASN: EfficientNet and ViT side by side, channel-spatial attention, two tasks (Li et al., arXiv 2505.02211).

The text at hand is the abstract. From it: EfficientNet for local and ViT for global features, a cascaded
channel-spatial attention, a residual multiscale classifier, several tasks, a dynamically weighted loss against imbalance.
Public reviews of the paper add EfficientNet-B2 with 1408 features, a ViT with 768, and their joint feature of 2176.

Ours, where that is silent:
- Spatial attention needs places, so EfficientNet's last map keeps its 7 x 7 grid and the ViT's class token joins it at
  every place: 2176 channels, what is here beside what the whole image is like.
- The ViT is ViT-B/16 cut to its first `blocks` (four by default: 38.7 M parameters in all, 77 MB in fp16; each further
  block adds 7.1 M). Little data does not feed twelve, and ImageNet's first blocks can still be its start.
- The attention is that of `la_net`, with a 3 x 3 window, as a 7 x 7 one would span the whole grid.
- The classifier narrows 2176 to 256, sees three neighbourhoods (one place, 3 x 3, and 5 x 5 by dilation), and adds what
  they say to what it had; the mean over places feeds one linear layer a task.
- Tasks: the paper's are thyroid carcinomas. Here the first is malignancy and the second BI-RADS 2 to 5; the numbers
  of classes are options.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from csamoe_desktop.errors import UserError
from csamoe_desktop.networks import torchvision_guard
from csamoe_desktop.networks.blocks import pooled
from csamoe_desktop.networks.la_net import ChannelSpatialAttention

INPUT_SIZE = 224
_LOCAL, _GLOBAL = 1408, 768
_WIDTH, _SCALE_WIDTH = 256, 128
_DROPOUT = 0.3  # EfficientNet-B2's own
_VIT_B = {"num_heads": 12, "hidden_dim": _GLOBAL, "mlp_dim": 3072}

UNLABELLED = -1


class TwoTaskReading(NamedTuple):
    """Everything a forward pass finds; the first five are what `csamoe.Reading` has, for one expert of gate one.

    Attributes:
        logits: [B, classes], the first task: benign and malignant.
        gates: [B, 1], ones.
        stage_attention: [B, 1, 4], zeros.
        features: [B, 1, 2176, 7, 7], the joint feature after attention; EfficientNet's 1408 channels come first.
        fused: [B, 256], what both tasks' layers read.
        second_logits: [B, second_classes], the second task.
        channels: [B, 2176], the channel attention, 0..1.
        places: [B, 7, 7], the spatial attention, 0..1.
    """

    logits: Tensor
    gates: Tensor
    stage_attention: Tensor
    features: Tensor
    fused: Tensor
    second_logits: Tensor
    channels: Tensor
    places: Tensor


class CSASN(nn.Module):
    """The network; it needs the image alone."""

    expert_names = ("image",)

    def __init__(self, classes: int = 2, second_classes: int = 4, blocks: int = 4) -> None:
        super().__init__()
        models = torchvision_guard.torchvision_models()
        self.local_branch = models.efficientnet_b2(weights=None).features
        self.global_branch = models.VisionTransformer(INPUT_SIZE, patch_size=16, num_layers=blocks, **_VIT_B)
        self.global_branch.heads = nn.Identity()
        self.attention = ChannelSpatialAttention(_LOCAL + _GLOBAL, kernel=3)
        self.scales = ResidualScales(_LOCAL + _GLOBAL)
        self.dropout = nn.Dropout(_DROPOUT)
        self.head = nn.Linear(_WIDTH, classes)
        self.second_head = nn.Linear(_WIDTH, second_classes)

    def forward(self, views: Tensor) -> TwoTaskReading:
        """Read `views`, [B, 1, 3, 224, 224]."""
        image = views[:, 0]
        local = self.local_branch(image)
        everywhere = self.global_branch(image)[:, :, None, None].expand(-1, -1, *local.shape[2:])
        refined = self.attention(torch.cat([local, everywhere], dim=1))
        fused = pooled(self.scales(refined.features))
        kept = self.dropout(fused)
        return TwoTaskReading(
            logits=self.head(kept),
            gates=fused.new_ones(len(fused), 1),
            stage_attention=fused.new_zeros(len(fused), 1, 4),
            features=refined.features.unsqueeze(1),
            fused=fused,
            second_logits=self.second_head(kept),
            channels=refined.channels,
            places=refined.places,
        )

    def load_imagenet(self, efficientnet_b2: dict[str, Tensor], vit_b_16: dict[str, Tensor]) -> None:
        """Start both branches from torchvision's ImageNet weights; of the ViT the first blocks are taken.

        Raises:
            UserError: the weights are not those of an EfficientNet-B2 and a ViT-B/16.
        """
        features = {
            name.removeprefix("features."): value
            for name, value in efficientnet_b2.items()
            if name.startswith("features.")
        }
        wanted = self.global_branch.state_dict()
        vit = {name: value for name, value in vit_b_16.items() if name in wanted}
        try:
            self.local_branch.load_state_dict(features)
            self.global_branch.load_state_dict(vit)
        except RuntimeError as problem:
            raise UserError(
                "The starting weights are not those of an EfficientNet-B2 and a ViT-B/16.",
                "Give torchvision's efficientnet_b2 and vit_b_16 as safetensors files.",
            ) from problem


class ResidualScales(nn.Module):
    """The residual multiscale part of the classifier: [B, channels, H, W] -> [B, 256, H, W]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.narrow = nn.Sequential(nn.Conv2d(channels, _WIDTH, 1, bias=False), nn.BatchNorm2d(_WIDTH), nn.ReLU())
        self.neighbourhoods = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(
                    _WIDTH, _SCALE_WIDTH, kernel, padding=dilation * (kernel // 2), dilation=dilation, bias=False
                ),
                nn.BatchNorm2d(_SCALE_WIDTH),
                nn.ReLU(),
            )
            for kernel, dilation in ((1, 1), (3, 1), (3, 2))
        )
        self.join = nn.Sequential(nn.Conv2d(3 * _SCALE_WIDTH, _WIDTH, 1, bias=False), nn.BatchNorm2d(_WIDTH))

    def forward(self, features: Tensor) -> Tensor:
        narrowed = self.narrow(features)
        seen = torch.cat([look(narrowed) for look in self.neighbourhoods], dim=1)
        return torch.relu(narrowed + self.join(seen))


class TaskLosses(NamedTuple):
    """A batch's loss.

    Attributes:
        total: what is minimised, a scalar.
        tasks: [T], each task's loss before weighting, without gradient; zero where nothing was labelled.
        weights: [T], the weight of each task, without gradient.
    """

    total: Tensor
    tasks: Tensor
    weights: Tensor


class DynamicTaskLoss(nn.Module):
    """The dynamically weighted loss, our reading of it: three weights, each against one kind of imbalance.

    Between classes, the class-balanced weight (Cui et al., CVPR 2019), fixed by the training set's counts: rare classes
    count more, but less so than by inverse frequency, which lets a handful of images rule. Between cases, the focal factor
    (Lin et al., ICCV 2017), which follows training: what is read well already counts less. Between tasks, the
    uncertainty weight (Kendall et al., CVPR 2018), learned: the task with more unexplained loss counts less.
    Its log-variance is held within -2..2, or a task known by heart would come to outweigh the other without end.

    The log-variances are parameters: give them to the optimiser, without weight decay.
    """

    def __init__(self, counts: Sequence[Sequence[int]], beta: float = 0.999, focus: float = 2.0) -> None:
        """`counts`: for each task, the training images of each class; a class without any gets the weight zero.

        Raises:
            ValueError: a task has no image at all.
        """
        super().__init__()
        self.focus = focus
        self.tasks = len(counts)
        self.free_log_variance = nn.Parameter(torch.zeros(self.tasks))
        for task, of_task in enumerate(counts):
            self.register_buffer(f"class_weights_{task}", _class_balanced(of_task, beta))

    def forward(self, logits: Sequence[Tensor], targets: Sequence[Tensor]) -> TaskLosses:
        """For each task `logits` [B, C] and `targets` [B], int64; a case with UNLABELLED is left out of its task.

        A task with no labelled case in the batch adds nothing, and its layer gets a gradient of zero.
        """
        losses, labelled = [], []
        for task, (of_task, wanted) in enumerate(zip(logits, targets, strict=True)):
            losses.append(self._task(of_task.float(), wanted, self.get_buffer(f"class_weights_{task}")))
            labelled.append((wanted != UNLABELLED).any())
        tasks, there = torch.stack(losses), torch.stack(labelled)
        log_variance = 2 * torch.tanh(self.free_log_variance / 2)
        weights = torch.exp(-log_variance)
        total = (weights * tasks + there * log_variance / 2).sum()
        return TaskLosses(total, tasks.detach(), weights.detach())

    def _task(self, logits: Tensor, targets: Tensor, class_weights: Tensor) -> Tensor:
        """Weighted mean over the labelled cases; with a focus of zero, PyTorch's weighted cross-entropy."""
        surprise = cross_entropy(logits, targets, reduction="none", ignore_index=UNLABELLED)
        weights = class_weights[targets.clamp(min=0)] * (targets != UNLABELLED)
        # Off zero, where a focus between 0 and 1 has no gradient; unlabelled cases lie there too.
        focal = (-torch.expm1(-surprise)).clamp(min=1e-12) ** self.focus
        return (weights * focal * surprise).sum() / weights.sum().clamp(min=torch.finfo(weights.dtype).tiny)


def _class_balanced(counts: Sequence[int], beta: float) -> Tensor:
    """Return (1 - beta) / (1 - beta^n) for each class, with a mean of one over the classes that have images."""
    images = torch.tensor(counts, dtype=torch.float64)
    if not images.any():
        raise ValueError("a task without a labelled training image has no loss")
    weights = torch.where(images > 0, (1 - beta) / (1 - beta ** images.clamp(min=1)), 0.0)
    return (weights * (images > 0).sum() / weights.sum()).float()
