"""CSASN: EfficientNet and ViT side by side, channel-spatial attention, two tasks (Li et al., arXiv 2505.02211).

Only the abstract was available to us. From it: EfficientNet for local and ViT for global features, a cascaded channel-spatial
attention, a residual multiscale classifier, several tasks, a dynamically weighted loss against imbalance. Public reviews of the
paper add EfficientNet-B2 with 1408 features, a ViT with 768, and their joint feature of 2176.

Our own choices for what these sources leave open:
- Spatial attention needs positions, so EfficientNet's last map keeps its 7 x 7 grid and the ViT's class token is added at every
  position: 2176 channels with local and global features.
- The ViT is ViT-B/16 cut to its first `blocks` (four by default: 38.7 M parameters in total, 77 MB in fp16; each further block
  adds 7.1 M). There is too little data for twelve, and the ImageNet weights of the first blocks can still be loaded.
- The attention is that of `la_net`, with a 3 x 3 window, because a 7 x 7 window would span the whole grid.
- The classifier narrows 2176 to 256 channels, applies three neighbourhoods (one position, 3 x 3, and 5 x 5 by dilation) and adds
  their output to its input; the mean over positions feeds one linear layer per task.
- Tasks: the paper is about thyroid carcinomas. Here the first task is malignancy and the second BI-RADS 2 to 5; the numbers of
  classes are options.
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
    """The output of a forward pass; the first five are those of `csamoe.NetworkOutput`, for one expert with a gate share of one.

    Attributes:
        logits: [B, classes], the first task: benign and malignant.
        gates: [B, 1], ones.
        stage_attention: [B, 1, 4], zeros.
        features: [B, 1, 2176, 7, 7], the joint feature after attention; EfficientNet's 1408 channels come first.
        fused: [B, 256], the input of both tasks' layers.
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
    """The network; it needs only the image, no outline."""

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
        """Classify `views`, [B, 1, 3, 224, 224]."""
        image = views[:, 0]
        local = self.local_branch(image)
        everywhere = self.global_branch(image)[:, :, None, None].expand(-1, -1, *local.shape[2:])
        refined = self.attention(torch.cat([local, everywhere], dim=1))
        fused = pooled(self.scales(refined.features))
        dropped = self.dropout(fused)
        return TwoTaskReading(
            logits=self.head(dropped),
            gates=fused.new_ones(len(fused), 1),
            stage_attention=fused.new_zeros(len(fused), 1, 4),
            features=refined.features.unsqueeze(1),
            fused=fused,
            second_logits=self.second_head(dropped),
            channels=refined.channels,
            places=refined.places,
        )

    def load_imagenet(self, efficientnet_b2: dict[str, Tensor], vit_b_16: dict[str, Tensor]) -> None:
        """Load torchvision's ImageNet weights into both branches; only the first blocks of the ViT are used.

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
                "The start weights are not those of an EfficientNet-B2 and a ViT-B/16.",
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
        scales = torch.cat([convolution(narrowed) for convolution in self.neighbourhoods], dim=1)
        return torch.relu(narrowed + self.join(scales))


class TaskLosses(NamedTuple):
    """The loss of a batch.

    Attributes:
        total: the loss to minimise, a scalar.
        tasks: [T], the loss of each task before weighting, without gradient; zero if no case is labelled.
        weights: [T], the weight of each task, without gradient.
    """

    total: Tensor
    tasks: Tensor
    weights: Tensor


class DynamicTaskLoss(nn.Module):
    """The dynamically weighted loss in our interpretation: three weights, each against one kind of imbalance.

    Between classes: the class-balanced weight (Cui et al., CVPR 2019), fixed by the counts of the training set. Rare classes
    count more, but less than by inverse frequency, with which a few images would dominate. Between cases: the focal factor
    (Lin et al., ICCV 2017), which changes during training; cases that are already classified well count less. Between tasks:
    the learned uncertainty weight (Kendall et al., CVPR 2018); the task with more unexplained loss counts less. Its
    log-variance is limited to -2..2; otherwise the weight of a memorised task would grow without bound.

    The log-variances are parameters; give them to the optimiser without weight decay.
    """

    def __init__(self, counts: Sequence[Sequence[int]], beta: float = 0.999, focus: float = 2.0) -> None:
        """`counts`: for each task, the number of training images of each class; a class without images gets the weight zero.

        Raises:
            ValueError: a task has no images.
        """
        super().__init__()
        self.focus = focus
        self.tasks = len(counts)
        self.free_log_variance = nn.Parameter(torch.zeros(self.tasks))
        for task, of_task in enumerate(counts):
            self.register_buffer(f"class_weights_{task}", _class_balanced(of_task, beta))

    def forward(self, logits: Sequence[Tensor], targets: Sequence[Tensor]) -> TaskLosses:
        """Return the loss for the `logits` [B, C] and `targets` [B], int64, of each task.

        A case with the target UNLABELLED is left out of the task. A task without labelled cases in the batch adds nothing, and
        its layer gets a gradient of zero.
        """
        losses, labelled = [], []
        for task, (task_logits, task_targets) in enumerate(zip(logits, targets, strict=True)):
            losses.append(self._task(task_logits.float(), task_targets, self.get_buffer(f"class_weights_{task}")))
            labelled.append((task_targets != UNLABELLED).any())
        tasks, has_labels = torch.stack(losses), torch.stack(labelled)
        log_variance = 2 * torch.tanh(self.free_log_variance / 2)
        weights = torch.exp(-log_variance)
        total = (weights * tasks + has_labels * log_variance / 2).sum()
        return TaskLosses(total, tasks.detach(), weights.detach())

    def _task(self, logits: Tensor, targets: Tensor, class_weights: Tensor) -> Tensor:
        """Return the weighted mean over the labelled cases; with a focus of zero, PyTorch's weighted cross-entropy."""
        losses = cross_entropy(logits, targets, reduction="none", ignore_index=UNLABELLED)
        weights = class_weights[targets.clamp(min=0)] * (targets != UNLABELLED)
        # Clamped because the power has no gradient at zero for a focus between 0 and 1; unlabelled cases are at zero.
        focal = (-torch.expm1(-losses)).clamp(min=1e-12) ** self.focus
        return (weights * focal * losses).sum() / weights.sum().clamp(min=torch.finfo(weights.dtype).tiny)


def _class_balanced(counts: Sequence[int], beta: float) -> Tensor:
    """Return (1 - beta) / (1 - beta^n) for each class, with a mean of one over the classes that have images."""
    images = torch.tensor(counts, dtype=torch.float64)
    if not images.any():
        raise ValueError("a task without a labelled training image has no loss")
    weights = torch.where(images > 0, (1 - beta) / (1 - beta ** images.clamp(min=1)), 0.0)
    return (weights * (images > 0).sum() / weights.sum()).float()
