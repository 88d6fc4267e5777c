"""Counts by hand, by the paper's Table IV, and of what its text leaves open."""

import pytest
import torch
from torch import nn

from csamoe_desktop.networks.backbones import VGG16Stages
from csamoe_desktop.networks.blocks import parameter_count
from csamoe_desktop.networks.counts import TABLE_IV, Counts, TableRow, count
from csamoe_desktop.networks.csamoe import CSAMoENet
from csamoe_desktop.networks.single_backbone import SingleBackbone
from csamoe_desktop.networks.torchvision_guard import torchvision_models

ROWS = {row.name: row for row in TABLE_IV}
MET = ["ResNet-18", "ResNet-MoE", "CSA-MoE-Net", "DenseNet-121", "VGG-16"]


@pytest.fixture(scope="module")
def counted() -> dict[str, Counts]:
    return {name: row.count() for name, row in ROWS.items()}


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("ResNet-18", 11_177_538),
        ("ResNet-MoE", 33_958_085),
        ("CSA-MoE-Net", 34_820_357),
        ("DenseNet-121", 6_955_906),
        ("VGG-16", 134_268_738),
    ],
)
def test_parameters_are_known_to_the_last_one(name: str, parameters: int, counted: dict[str, Counts]) -> None:
    assert counted[name].parameters == parameters


@pytest.mark.parametrize("name", MET)
def test_rows_of_table_iv_are_met_at_the_precision_printed(name: str, counted: dict[str, Counts]) -> None:
    row, ours = ROWS[name], counted[name]
    assert f"{ours.parameters / 1e6:.3f}" == f"{row.parameters:.3f}"
    assert f"{ours.table_operations / 1e9:.3f}" == f"{row.operations:.3f}"
    assert row.open == ""


def test_only_the_rows_that_the_paper_leaves_open_say_so() -> None:
    assert list(ROWS) == [*MET[:4], "DenseNet-MoE", "CSA-MoE-DenseNet", "VGG-16", "VGG-MoE", "CSA-MoE-VGG"]
    assert [name for name, row in ROWS.items() if row.open] == [name for name in ROWS if name not in MET]


def test_thop_itself_counted_these(counted: dict[str, Counts]) -> None:
    """What thop 0.1.1 printed of torchvision's networks; it does not see DenseNet's pooling, a free function."""
    assert counted["ResNet-18"].table_operations == 1_823_522_816
    assert counted["VGG-16"].table_operations == 15_466_226_688
    assert counted["DenseNet-121"].table_operations == 2_895_985_152 + 1024 * (49 + 1)


def test_idle_classifiers_are_what_vgg_moe_has_more(counted: dict[str, Counts]) -> None:
    with torch.device("meta"):
        whole = parameter_count(torchvision_models().vgg16(weights=None))
        ours = parameter_count(VGG16Stages())
    assert counted["VGG-MoE"].parameters + 3 * (whole - ours) == 415_501_181
    assert "415,501,181" in ROWS["VGG-MoE"].open
    assert f"{counted['VGG-MoE'].table_operations / 1e9:.3f}" == "46.040"


def test_the_attention_of_csa_moe_vgg_fits_1024_channels(counted: dict[str, Counts]) -> None:
    with torch.device("meta"):
        # Keys and values are linear in the channels' sum, whatever the stages.
        read = parameter_count(CSAMoENet(backbone="vgg16")) - counted["VGG-MoE"].parameters
    fits = read - 3 * 2 * 128 * (1408 - 1024)
    assert fits / 1e6 == pytest.approx(416.412 - 415.501, abs=0.0011)


def test_what_the_densenet_rows_say_is_so(counted: dict[str, Counts]) -> None:
    plain, attentive = counted["DenseNet-MoE"], counted["CSA-MoE-DenseNet"]
    assert (22.720 - plain.parameters / 1e6) / 3 == pytest.approx(0.36, abs=0.005)
    assert (9.012 - plain.table_operations / 1e9) / 3 == pytest.approx(0.108, abs=0.0005)
    assert pytest.approx(0.197, abs=0.0005) == (23.310 - 22.720) / 3
    assert pytest.approx(0.721e6, abs=500) == 2 * 128 * (256 + 512 + 1024 + 1024)
    assert attentive.parameters - plain.parameters > 3 * 0.721e6


def test_layers_are_counted_by_hand() -> None:
    network = nn.Sequential(
        nn.Conv2d(4, 6, 3, padding=1, groups=2),
        nn.BatchNorm2d(6),
        nn.AvgPool2d(2),
        nn.ConvTranspose2d(6, 5, 2, stride=2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(5, 3),
        nn.Softmax(dim=1),
    )
    found = count(network, (1, 4, 8, 8))
    convolved, widened, linear = 6 * 64 * 2 * 9, 6 * 16 * 5 * 4, 5 * 3
    assert found.macs == convolved + widened + linear
    pools = 6 * 16 + (5 * 64 + 5)
    # thop takes a transposed convolution's outputs for a plain one's: each to be a sum over all places of the kernel.
    widened = 5 * 64 * 6 * 4
    assert found.table_operations == convolved + widened + linear + 4 * 6 * 64 + pools + (3 + 2 + 3)
    assert found.parameters == 6 * 2 * 9 + 6 + 12 + 6 * 5 * 4 + 5 + 18


def test_products_outside_of_layers_are_in_the_macs() -> None:
    class Product(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.matrix = nn.Parameter(torch.zeros(7, 5))

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            return rows @ self.matrix

    assert count(Product(), (3, 7)) == Counts(35, 3 * 7 * 5, 0)


def test_a_transformers_attention_is_counted() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    tokens = 5
    projections = tokens * 8 * 8 * 4
    products = 2 * tokens * tokens * 8
    assert count(layer, (1, tokens, 8)).macs == projections + products + tokens * 8 * 16 * 2


def test_counting_leaves_the_network_as_it_was() -> None:
    torch.manual_seed(0)
    network = SingleBackbone("resnet18").train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    first = count(network, (1, 1, 3, 32, 32))
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not any(layer._forward_hooks for layer in network.modules())
    assert count(network, (1, 1, 3, 32, 32)) == first


def test_a_network_that_cannot_read_the_shape_is_left_without_hooks() -> None:
    network = nn.Sequential(nn.Linear(3, 2)).train()
    with pytest.raises(RuntimeError):
        count(network, (1, 4))
    assert network.training
    assert not network[0]._forward_hooks


def test_a_row_is_counted_on_shapes_alone() -> None:
    row = TableRow("ResNet-18", SingleBackbone, 1, 11.178, 1.824)
    assert row.count() == count(SingleBackbone("resnet18"), (1, 1, 3, 224, 224))
