"""Where networks start from: each backbone's own weights, from a file that is checked, or nothing."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from csamoe_desktop.errors import UserError
from csamoe_desktop.networks import build as building
from csamoe_desktop.networks.build import build
from csamoe_desktop.networks.cards import Builder
from csamoe_desktop.networks.torchvision_guard import torchvision_models
from csamoe_desktop.training.starts import backbone_of, downloaded, load_start

CSAMOE, SINGLE = "csa-moe-net", "single-backbone"


def whole(name: str, file: Path) -> dict[str, torch.Tensor]:
    """Write a whole torchvision network of random weights into `file` and return them."""
    torch.manual_seed(0)
    weights: dict[str, torch.Tensor] = getattr(torchvision_models(), name)(weights=None).state_dict()
    save_file(weights, file)
    return weights


@pytest.mark.parametrize(
    ("builder", "backbone"),
    [
        (Builder(CSAMOE), "resnet18"),
        (Builder(CSAMOE, {"backbone": "densenet121"}), "densenet121"),
        (Builder(SINGLE), "resnet18"),
        (Builder(SINGLE, {"backbone": "vgg16"}), "vgg16"),
        (Builder("resnet18"), "resnet18"),
        (Builder("la-net"), "resnet18"),
        (Builder("mobile-unet"), "mobilenet_v2"),
        (Builder("two-stage"), "densenet201"),
        (Builder("unet"), None),
        (Builder("fus2net"), None),
    ],
)
def test_each_network_starts_from_its_own_backbone(builder: Builder, backbone: str | None) -> None:
    assert backbone_of(builder) == backbone
    if backbone is not None:
        assert torchvision_models().get_model_weights(backbone).IMAGENET1K_V1.url.startswith("https://")


def test_every_network_that_can_start_from_imagenet_has_a_start() -> None:
    with torch.device("meta"):
        able = {name for name in building._NETWORKS if hasattr(build(Builder(name)), "load_imagenet")}
    assert able == {name for name in building._NETWORKS if backbone_of(Builder(name))} | {"csasn"}


@pytest.mark.parametrize("builder", [Builder("la-net"), Builder(CSAMOE, {"experts": ["image"]}), Builder(SINGLE)])
def test_a_file_of_a_whole_resnet18_starts_the_backbone(builder: Builder, tmp_path: Path) -> None:
    weights = whole("resnet18", tmp_path / "start.safetensors")
    network = build(builder)
    assert (
        load_start(builder, network, str(tmp_path / "start.safetensors")) == "ImageNet weights from start.safetensors"
    )
    found = [value for name, value in network.state_dict().items() if name.endswith("backbone.layer4.1.conv2.weight")]
    assert len(found) == 1
    assert torch.equal(found[0], weights["layer4.1.conv2.weight"])


def test_the_options_say_whose_weights_are_looked_for(tmp_path: Path) -> None:
    file = tmp_path / "densenet.safetensors"
    weights = whole("densenet121", file)
    builder = Builder(SINGLE, {"backbone": "densenet121"})
    network = build(builder)
    load_start(builder, network, str(file))
    taken = network.state_dict()["backbone.features.conv0.weight"]
    assert torch.equal(taken, weights["features.conv0.weight"])
    with pytest.raises(UserError, match="not those of a ResNet-18"):
        load_start(Builder(SINGLE), build(Builder(SINGLE)), str(file))


def test_mobilenet_starts_the_contracting_path(tmp_path: Path) -> None:
    file = tmp_path / "mobilenet.safetensors"
    weights = whole("mobilenet_v2", file)
    network = build(Builder("mobile-unet"))
    load_start(Builder("mobile-unet"), network, str(file))
    assert torch.equal(network.state_dict()["contracting.4.17.conv.2.weight"], weights["features.17.conv.2.weight"])
    whole("resnet18", file)
    with pytest.raises(UserError, match="not those of a MobileNetV2"):
        load_start(Builder("mobile-unet"), network, str(file))


def test_nothing_is_loaded_where_nothing_is_asked_for_or_there_is_nothing() -> None:
    builder = Builder("unet", {"width": 2})
    network = build(builder)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert load_start(builder, network, "none") == "random weights"
    assert load_start(builder, network, "imagenet") == "random weights"
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("name", ["unet", "fus2net", "csasn"])
def test_a_file_for_a_network_without_such_a_start_is_refused(name: str, tmp_path: Path) -> None:
    with torch.device("meta"):
        network = build(Builder(name))
    with pytest.raises(UserError, match="cannot start from a single ImageNet file"):
        load_start(Builder(name), network, str(tmp_path / "any.safetensors"))


def test_a_start_that_is_no_safetensors_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "broken.safetensors"
    file.write_bytes(b"not tensors")
    network = build(Builder("resnet18"))
    for start in (file, tmp_path / "missing.safetensors"):
        with pytest.raises(UserError, match="could not be read") as refused:
            load_start(Builder("resnet18"), network, str(start))
        assert "resnet18" in refused.value.hint


def test_without_a_network_the_download_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UserError, match="could not be downloaded"):
        downloaded("mobilenet_v2")
