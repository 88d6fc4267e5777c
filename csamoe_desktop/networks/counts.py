"""How large a network is and how much it computes, and CSA-MoE-Net's Table IV counted again, row by row.

A network built under `torch.device("meta")` is counted without memory or arithmetic: its tensors are shapes only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import prod

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from csamoe_desktop.networks.blocks import parameter_count
from csamoe_desktop.networks.csamoe import CSAMoENet
from csamoe_desktop.networks.single_backbone import SingleBackbone


@dataclass(frozen=True, slots=True)
class Counts:
    """What a network costs.

    Attributes:
        parameters: learnable values.
        macs: multiply-accumulates of convolutions and matrix products for one input, biases not counted.
        table_operations: what the paper's column "FLOPs" counts. Its single-backbone rows are met to the last digit
            only by the rules of the counter thop 0.1.1: multiply-accumulates of convolution and linear layers, four
            operations a normalised value, and average-pooling and softmax layers; free functions are not seen.
    """

    parameters: int
    macs: int
    table_operations: int


def count(network: nn.Module, *inputs: tuple[int, ...]) -> Counts:
    """Return what `network` costs for zeros of the shapes `inputs`, such as (1, 3, 3, 224, 224); it reads them once.

    It is read in evaluation mode, and where its parameters are: build it under `torch.device("meta")` to compute
    nothing. Attention's matrix products are in `macs` too.
    """
    training = network.training
    device = next(network.parameters()).device
    operations: list[int] = []

    def note(layer: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> None:
        operations.append(_operations(layer, given[0], made))

    hooks = [layer.register_forward_hook(note) for layer in network.modules() if not list(layer.children())]
    counter = FlopCounterMode(display=False)
    try:
        network.eval()
        # What torch fuses its counter does not see: whole transformer layers in inference mode, so it is not that, and
        # attention on a CPU, so its products are asked for one by one.
        with counter, sdpa_kernel(SDPBackend.MATH):
            network(*(torch.zeros(shape, device=device) for shape in inputs))
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return Counts(parameter_count(network), counter.get_total_flops() // 2, sum(operations))


def _operations(layer: nn.Module, given: Tensor, made: Tensor) -> int:
    """Return what thop counts for one call of `layer`."""
    match layer:
        case nn.Conv2d():
            return made.numel() * prod(layer.weight.shape[1:])
        case nn.ConvTranspose2d():
            return made.numel() * layer.in_channels // layer.groups * prod(layer.kernel_size)
        case nn.Linear():
            return made.numel() * layer.in_features
        case nn.BatchNorm1d() | nn.BatchNorm2d() | nn.LayerNorm():
            return 4 * given.numel()
        case nn.AvgPool2d():
            return made.numel()
        case nn.AdaptiveAvgPool2d():
            return given.numel() + made.numel()
        case nn.Softmax():
            return len(made) * (3 * made.shape[1] - 1)
    return 0


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of Table IV: its name, what builds the network and on how many views, and what the paper prints.

    Attributes:
        parameters: the paper's, in millions.
        operations: the paper's "FLOPs", in units of 1e9.
        open: what the paper leaves open where our counts are not its own; empty where they are.
    """

    name: str
    build: Callable[[], nn.Module]
    views: int
    parameters: float
    operations: float
    open: str = ""

    def count(self) -> Counts:
        """Count our network of this row for one 224x224 input; nothing is computed."""
        with torch.device("meta"):
            return count(self.build(), (1, self.views, 3, 224, 224))


_MOE = partial(CSAMoENet, attention=False)

TABLE_IV = (
    TableRow("ResNet-18", SingleBackbone, 1, 11.178, 1.824),
    TableRow("ResNet-MoE", _MOE, 3, 33.958, 5.471),
    TableRow("CSA-MoE-Net", CSAMoENet, 3, 34.820, 5.472),
    TableRow("DenseNet-121", partial(SingleBackbone, "densenet121"), 1, 6.956, 2.896),
    TableRow(
        "DenseNet-MoE",
        partial(_MOE, backbone="densenet121"),
        3,
        22.720,
        9.012,
        "With gate and head on DenseNet-121's 1024 channels, as here, each of the paper's experts has another 0.36 M "
        "parameters and 0.108 G operations: layers that its text does not mention.",
    ),
    TableRow(
        "CSA-MoE-DenseNet",
        partial(CSAMoENet, backbone="densenet121"),
        3,
        23.310,
        9.013,
        "Besides those layers, which stages the attention reads is not said: the paper's adds 0.197 M an expert, but "
        "keys and values of four dense blocks' 2816 channels alone, which are read here, take 0.721 M.",
    ),
    TableRow("VGG-16", partial(SingleBackbone, "vgg16"), 1, 134.269, 15.466),
    TableRow(
        "VGG-MoE",
        partial(_MOE, backbone="vgg16"),
        3,
        415.501,
        46.040,
        "Whether an expert keeps VGG-16's classifier is not said: the paper's parameters are to the last digit printed "
        "those of three whole VGG-16s of 1000 classes with gate and head (415,501,181), its operations those without any "
        "classifier, so its classifiers lie idle, and here they are left out.",
    ),
    TableRow(
        "CSA-MoE-VGG",
        partial(CSAMoENet, backbone="vgg16"),
        3,
        416.412,
        46.041,
        "Besides the idle classifiers, which stages the attention reads is not said: the paper's adds 0.911 M, which "
        "fits channels that sum to 1024, as no four of VGG-16's five blocks do (blocks 2 to 5, read here: 1408).",
    ),
)
