"""The three backbones and the family they build: stages, starting weights, gates, gradients, a step of training."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from csamoe_desktop.errors import UserError
from csamoe_desktop.networks.backbones import BACKBONES, backbone_stages
from csamoe_desktop.networks.blocks import parameter_count
from csamoe_desktop.networks.csamoe import CSAMoENet
from csamoe_desktop.networks.resnet18 import ResNet18
from csamoe_desktop.networks.single_backbone import SingleBackbone
from csamoe_desktop.networks.torchvision_guard import torchvision_models

SIDES = (56, 28, 14, 7)
SUBSETS = [("image",), ("image", "core"), ("image", "boundary"), ("image", "core", "boundary")]

each_backbone = pytest.mark.parametrize("backbone", BACKBONES)
each_new_backbone = pytest.mark.parametrize("backbone", ["vgg16", "densenet121"])


@pytest.fixture(autouse=True)
def seeded_on_one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(42)
    yield
    torch.set_num_threads(threads)


def views(count: int, experts: int = 3, side: int = 64) -> Tensor:
    return torch.randn(count, experts, 3, side, side)


def shapes_only(build: type[nn.Module], **options: object) -> nn.Module:
    """Build a network whose tensors are shapes without values: nothing is computed."""
    with torch.device("meta"):
        return build(**options)


@pytest.mark.parametrize(
    ("backbone", "channels"),
    [
        ("resnet18", (64, 128, 256, 512)),
        ("vgg16", (128, 256, 512, 512)),
        ("densenet121", (256, 512, 1024, 1024)),
    ],
)
def test_every_stage_has_its_channels_and_a_fourth_to_a_32nd_of_the_side(
    backbone: str, channels: tuple[int, ...]
) -> None:
    with torch.device("meta"):
        stages = backbone_stages(backbone)
        found = stages(torch.zeros(2, 3, 224, 224))
    assert stages.channels == channels
    assert [tuple(stage.shape) for stage in found] == [
        (2, count, side, side) for count, side in zip(channels, SIDES, strict=True)
    ]


@pytest.mark.parametrize(("backbone", "count"), [("resnet18", 11_176_512), ("vgg16", 14_714_688)])
def test_stages_have_the_parameters_of_the_features_alone(backbone: str, count: int) -> None:
    with torch.device("meta"):
        assert parameter_count(backbone_stages(backbone)) == count
        assert parameter_count(backbone_stages("densenet121")) == 7_978_856 - 1024 * 1000 - 1000


@each_new_backbone
def test_the_last_stage_is_what_torchvisions_own_classifier_reads(backbone: str) -> None:
    features = getattr(torchvision_models(), backbone)(weights=None).features.eval()
    stages = backbone_stages(backbone).eval()
    stages.load_imagenet({f"features.{name}": value for name, value in features.state_dict().items()})
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        last = stages(image).fourth
        expected = features(image)
    torch.testing.assert_close(last, expected.relu() if backbone == "densenet121" else expected)


def test_half_precision_starts_are_taken_as_float32() -> None:
    stages = backbone_stages("vgg16")
    stages.load_imagenet({f"features.{name}": value.half() for name, value in stages.features.state_dict().items()})
    assert all(value.dtype == torch.float32 for value in stages.parameters())


def test_vgg_stages_start_as_torchvision_starts_them() -> None:
    layer = backbone_stages("vgg16").features[10]
    assert layer.weight.std().item() == pytest.approx((2 / (256 * 9)) ** 0.5, rel=0.02)
    assert not layer.bias.any()


def test_the_older_names_in_torchvisions_densenet_file_are_understood() -> None:
    stages = backbone_stages("densenet121")
    older = {}
    for name, value in stages.state_dict().items():
        for part in ("norm1", "norm2", "conv1", "conv2"):
            if "denselayer" in name:
                name = name.replace(f".{part}.", f".{part[:-1]}.{part[-1]}.")
        older[name] = value + 1 if value.is_floating_point() else value
    assert "features.denseblock1.denselayer1.norm.1.weight" in older
    other = backbone_stages("densenet121")
    other.load_imagenet(older | {"classifier.weight": torch.zeros(1000, 1024)})
    before, after = stages.state_dict(), other.state_dict()
    assert all(torch.equal(after[name], before[name] + 1) for name in before if before[name].is_floating_point())


@each_backbone
def test_another_networks_start_is_refused(backbone: str) -> None:
    network = CSAMoENet(backbone=backbone, experts=("image",))  # type: ignore[arg-type]
    with pytest.raises(UserError, match="not those of a"):
        network.load_imagenet({"features.some.weight": torch.zeros(2)})


def test_the_vgg_baseline_takes_the_whole_classifier_but_its_last_layer() -> None:
    with torch.device("meta"):
        network = SingleBackbone("vgg16")
        shapes = {name: value.shape for name, value in torchvision_models().vgg16(weights=None).state_dict().items()}
    # Drawing 134 M random values takes long: the network starts as minus ones, the weights are ones.
    network.to_empty(device="cpu")
    for value in network.parameters():
        value.detach().fill_(-1)
    weights = {name: torch.ones(()).expand(shape) for name, shape in shapes.items()}
    network.load_imagenet(weights)
    taken = {name: value[..., -1].max().item() for name, value in network.state_dict().items()}
    assert taken == {name: -1 if name.startswith("head.6.") else 1 for name in taken}
    del weights["classifier.0.weight"], weights["classifier.0.bias"]
    with pytest.raises(UserError, match="classifier"):
        network.load_imagenet(weights)


def test_single_backbones_give_torchvisions_logits() -> None:
    whole = torchvision_models().densenet121(weights=None, num_classes=2).eval()
    ours = SingleBackbone("densenet121").eval()
    ours.backbone.load_imagenet(whole.state_dict())
    ours.head.load_state_dict(whole.classifier.state_dict())
    image = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(ours(image.unsqueeze(1)).logits, whole(image))


@pytest.mark.parametrize(("backbone", "fused"), [("resnet18", 512), ("vgg16", 4096), ("densenet121", 1024)])
def test_single_backbones_read_with_the_familys_interface(backbone: str, fused: int) -> None:
    network = shapes_only(SingleBackbone, backbone=backbone)
    reading = network.train()(views(2, 1, 224).to("meta"))
    assert reading.logits.shape == (2, 2)
    assert reading.gates.shape == (2, 1)
    assert reading.stage_attention.shape == (2, 1, 4)
    assert reading.features.shape == (2, 1, network.backbone.channels[-1], 7, 7)
    assert reading.fused.shape == (2, fused)
    reading.logits.sum().backward()
    assert [name for name, value in network.named_parameters() if value.grad is None] == []


def test_the_names_in_shipped_weights_stay() -> None:
    """Bundles and checkpoints hold these names."""
    with torch.device("meta"):
        moe, baseline = CSAMoENet().state_dict(), ResNet18().state_dict()
    parts = {".".join(name.split(".")[:4]) for name in moe if name.startswith("experts.core")}
    assert {"experts.core.backbone.stem", "experts.core.backbone.layer4", "experts.core.attention.query"} <= parts
    others = {name.split(".")[0] for name in moe}
    assert others == {"experts", "gate", "head"}
    assert {"gate.0.weight", "gate.1.running_mean", "gate.4.bias", "head.0.weight", "head.8.bias"} <= set(moe)
    assert len(moe) == 3 * (120 + 13) + 9 + 16
    assert {name for name in baseline if not name.startswith("backbone.")} == {"head.weight", "head.bias"}
    assert {name.removeprefix("backbone.") for name in baseline if name.startswith("backbone.")} == {
        name.removeprefix("experts.core.backbone.") for name in moe if name.startswith("experts.core.backbone.")
    }


@pytest.mark.parametrize("experts", SUBSETS)
@each_backbone
def test_any_backbone_with_any_experts_reads(backbone: str, experts: tuple[str, ...]) -> None:
    network = shapes_only(CSAMoENet, backbone=backbone, experts=experts)
    reading = network(views(2, len(experts), 224).to("meta"))
    width = BACKBONES[backbone].channels[-1]
    assert reading.logits.shape == (2, 2)
    assert reading.gates.shape == (2, len(experts))
    assert reading.stage_attention.shape == (2, len(experts), 4)
    assert reading.features.shape == (2, len(experts), width, 7, 7)
    assert reading.fused.shape == (2, width)
    assert network.expert_names == experts
    assert network.head[0].in_features == width
    if network.gate is None:
        assert len(experts) == 1
    else:
        assert network.gate[0].in_features == width * len(experts)


@pytest.mark.parametrize("experts", [SUBSETS[0], SUBSETS[3]])
@each_new_backbone
def test_gates_and_stage_shares_sum_to_one(backbone: str, experts: tuple[str, ...]) -> None:
    network = CSAMoENet(backbone=backbone, experts=experts).eval()  # type: ignore[arg-type]
    with torch.inference_mode():
        reading = network(views(2, len(experts)))
    torch.testing.assert_close(reading.gates.sum(1), torch.ones(2))
    torch.testing.assert_close(reading.stage_attention.sum(2), torch.ones(2, len(experts)))
    assert (reading.gates > 0).all()


@each_backbone
@pytest.mark.parametrize("attention", [True, False])
def test_every_parameter_gets_a_gradient(backbone: str, attention: bool) -> None:
    network = CSAMoENet(attention, experts=("image", "boundary"), backbone=backbone)  # type: ignore[arg-type]
    cross_entropy(network.train()(views(4, 2)).logits, torch.tensor([0, 1, 1, 0])).backward()
    assert [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()] == []


def test_a_lone_expert_has_no_gate_and_every_parameter_gets_a_gradient() -> None:
    network = CSAMoENet(experts=("image",)).train()
    reading = network(views(4, 1))
    assert reading.gates.tolist() == [[1.0]] * 4
    torch.testing.assert_close(reading.fused, reading.features[:, 0].mean((2, 3)))
    cross_entropy(reading.logits, torch.tensor([0, 1, 1, 0])).backward()
    assert [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()] == []


@each_new_backbone
def test_a_step_of_training_changes_every_expert_and_stays_finite(backbone: str) -> None:
    network = CSAMoENet(backbone=backbone).train()  # type: ignore[arg-type]
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-5)
    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    loss = cross_entropy(network(views(2)).logits, torch.tensor([0, 1]))
    loss.backward()
    optimiser.step()
    assert loss.isfinite()
    changed = {name for name, value in network.named_parameters() if not torch.equal(value, before[name])}
    for expert in network.expert_names:
        assert any(name.startswith(f"experts.{expert}.backbone.") for name in changed)
        assert any(name.startswith(f"experts.{expert}.attention.") for name in changed)
    assert all(value.isfinite().all() for value in network.parameters())
    network.eval()
    with torch.inference_mode():
        assert network(views(2)).logits.isfinite().all()


@pytest.mark.parametrize("experts", [(), ("image", "image"), ("image", "tumour")])
def test_experts_that_are_none_or_twice_or_unknown_are_refused(experts: tuple[str, ...]) -> None:
    with pytest.raises(UserError, match="cannot be used"):
        CSAMoENet(experts=experts)


def test_an_unknown_backbone_or_head_is_refused() -> None:
    with pytest.raises(UserError, match="no backbone called 'resnet50'"):
        CSAMoENet(backbone="resnet50")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="no backbone called"):
        SingleBackbone("vit")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="no head called"):
        CSAMoENet(head="sigmoid")  # type: ignore[arg-type]
