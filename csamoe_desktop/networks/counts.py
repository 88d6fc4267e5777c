"""Count the parameters and operations of a network, and recount CSA-MoE-Net's Table IV row by row.

A network built under `torch.device("meta")` is counted without memory or arithmetic, because its tensors are shapes only.
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
    """The size and the operations of a network.

    Attributes:
        parameters: the number of trainable values.
        macs: multiply-accumulates of convolutions and matrix products for one input, without biases.
        table_operations: the count in the paper's column "FLOPs". Its single-backbone rows are matched to the last digit
            only by the rules of the counter thop 0.1.1: multiply-accumulates of convolution and linear layers, four
            operations per normalised value, and average-pooling and softmax layers; functions outside layers do not count.
    """

    parameters: int
    macs: int
    table_operations: int


def count(network: nn.Module, *inputs: tuple[int, ...]) -> Counts:
    """Return the counts of `network` for one pass over zeros of the shapes `inputs`, such as (1, 3, 3, 224, 224).

    The pass is in evaluation mode on the device of the parameters; build the network under `torch.device("meta")` to compute
    nothing. `macs` includes the matrix products of attention.
    """
    training = network.training
    device = next(network.parameters()).device
    operations: list[int] = []

    def hook(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        operations.append(_operations(layer, inputs[0], output))

    hooks = [layer.register_forward_hook(hook) for layer in network.modules() if not list(layer.children())]
    counter = FlopCounterMode(display=False)
    try:
        network.eval()
        # torch's counter misses fused operations: whole transformer layers in inference mode, which is therefore not used,
        # and attention on the CPU, for which the unfused MATH backend is selected.
        with counter, sdpa_kernel(SDPBackend.MATH):
            network(*(torch.zeros(shape, device=device) for shape in inputs))
    finally:
        network.train(training)
        for handle in hooks:
            handle.remove()
    return Counts(parameter_count(network), counter.get_total_flops() // 2, sum(operations))


def _operations(layer: nn.Module, given: Tensor, output: Tensor) -> int:
    """Return the operations that thop counts for one call of `layer` with the input `given`."""
    match layer:
        case nn.Conv2d():
            return output.numel() * prod(layer.weight.shape[1:])
        case nn.ConvTranspose2d():
            return output.numel() * layer.in_channels // layer.groups * prod(layer.kernel_size)
        case nn.Linear():
            return output.numel() * layer.in_features
        case nn.BatchNorm1d() | nn.BatchNorm2d() | nn.LayerNorm():
            return 4 * given.numel()
        case nn.AvgPool2d():
            return output.numel()
        case nn.AdaptiveAvgPool2d():
            return given.numel() + output.numel()
        case nn.Softmax():
            return len(output) * (3 * output.shape[1] - 1)
    return 0


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of Table IV: its name, the function that builds the network, the number of views, and the paper's figures.

    Attributes:
        parameters: the paper's parameters, in millions.
        operations: the paper's "FLOPs", in units of 1e9.
        open: the reason why our counts differ from the paper's; empty if they do not.
    """

    name: str
    build: Callable[[], nn.Module]
    views: int
    parameters: float
    operations: float
    open: str = ""

    def count(self) -> Counts:
        """Count our network of this row for one 224x224 input, without computing anything."""
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
        "With gate and head on DenseNet-121's 1024 channels, as here, each of the paper's experts has 0.36 M more "
        "parameters and 0.108 G more operations, from layers that its text does not mention.",
    ),
    TableRow(
        "CSA-MoE-DenseNet",
        partial(CSAMoENet, backbone="densenet121"),
        3,
        23.310,
        9.013,
        "Besides those layers, the paper does not say which stages the attention uses: its attention adds 0.197 M per "
        "expert, but the keys and values alone for the 2816 channels of four dense blocks, used here, need 0.721 M.",
    ),
    TableRow("VGG-16", partial(SingleBackbone, "vgg16"), 1, 134.269, 15.466),
    TableRow(
        "VGG-MoE",
        partial(_MOE, backbone="vgg16"),
        3,
        415.501,
        46.040,
        "The paper does not say whether an expert keeps VGG-16's classifier. Its parameters are, to the last printed digit, "
        "those of three whole VGG-16s with 1000 classes plus gate and head (415,501,181); its operations are those without "
        "any classifier. So its classifiers are unused, and they are left out here.",
    ),
    TableRow(
        "CSA-MoE-VGG",
        partial(CSAMoENet, backbone="vgg16"),
        3,
        416.412,
        46.041,
        "Besides the unused classifiers, the paper does not say which stages the attention uses: its attention adds "
        "0.911 M, which fits channels that sum to 1024, but no four of VGG-16's five blocks have that sum (blocks 2 to 5, "
        "used here: 1408).",
    ),
)
