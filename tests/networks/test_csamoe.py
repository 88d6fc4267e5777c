"""CSA-MoE-Net against the paper: counts of Table IV, shapes of section II, equations 4-11."""

import json
import math
from pathlib import Path

import pytest
import torch
from torch.nn.functional import cross_entropy

from csamoe_desktop.networks.blocks import ResNet18Stages, Stages, parameter_count
from csamoe_desktop.networks.cross_stage_attention import CrossStageAttention
from csamoe_desktop.networks.csamoe import CSAMoENet
from csamoe_desktop.networks.resnet18 import ResNet18

EXPECTED = Path(__file__).parent.parent / "expected" / "csamoe_seeded.json"


def seeded() -> CSAMoENet:
    torch.manual_seed(42)
    return CSAMoENet()


def some_views(count: int = 2) -> torch.Tensor:
    """Return views that need no random numbers: waves of different length a place."""
    places = torch.arange(count * 3 * 3 * 224 * 224, dtype=torch.float32)
    return torch.sin(places / 997).view(count, 3, 3, 224, 224)


def test_parameter_counts_are_those_of_table_iv() -> None:
    assert parameter_count(CSAMoENet()) == 34_820_357
    assert parameter_count(CSAMoENet(attention=False)) == 33_958_085
    assert parameter_count(ResNet18()) == 11_177_538


def test_the_texts_head_does_not_meet_table_iv() -> None:
    assert parameter_count(CSAMoENet(head="linear")) == 34_491_525


def test_stages_have_the_papers_shapes() -> None:
    with torch.inference_mode():
        stages = ResNet18Stages()(torch.zeros(1, 3, 224, 224))
    assert [tuple(stage.shape[1:]) for stage in stages] == [(64, 56, 56), (128, 28, 28), (256, 14, 14), (512, 7, 7)]


def test_a_reading_hands_out_everything_the_screen_shows() -> None:
    network = seeded().eval()
    with torch.inference_mode():
        reading = network(some_views())
    assert reading.logits.shape == (2, 2)
    assert reading.gates.shape == (2, 3)
    assert reading.stage_attention.shape == (2, 3, 4)
    assert reading.features.shape == (2, 3, 512, 7, 7)
    assert reading.fused.shape == (2, 512)
    torch.testing.assert_close(reading.gates.sum(1), torch.ones(2))
    torch.testing.assert_close(reading.stage_attention.sum(2), torch.ones(2, 3))


def test_each_expert_sees_its_own_view_only() -> None:
    network = seeded().eval()
    views = some_views(1)
    changed = views.clone()
    changed[:, 1] += 1
    with torch.inference_mode():
        before, after = network(views), network(changed)
    torch.testing.assert_close(before.features[:, 0], after.features[:, 0])
    torch.testing.assert_close(before.features[:, 2], after.features[:, 2])
    assert not torch.allclose(before.features[:, 1], after.features[:, 1])


def test_the_fused_feature_is_the_gated_sum_of_pooled_features() -> None:
    network = seeded().eval()
    with torch.inference_mode():
        reading = network(some_views(1))
    by_hand = sum(reading.gates[0, place] * reading.features[0, place].mean((1, 2)) for place in range(3))
    torch.testing.assert_close(reading.fused[0], by_hand)


def test_cross_stage_attention_is_equations_4_to_9() -> None:
    torch.manual_seed(1)
    attention = CrossStageAttention((4, 6, 8, 10), width=5, bottleneck=3)
    stages = Stages(*(torch.rand(1, count, 2, 2) for count in (4, 6, 8, 10)))
    with torch.inference_mode():
        found = attention(stages)
        summaries = [stage.mean((2, 3))[0] for stage in stages]
        scores = torch.stack(
            [attention.query[0] @ (attention.keys[k].weight @ summaries[k]) / math.sqrt(5) for k in range(4)]
        )
        shares = scores.exp() / scores.exp().sum()
        blended = sum(shares[k] * (attention.values[k].weight @ summaries[k]) for k in range(4))
        hidden = (attention.down.weight @ blended + attention.down.bias).clamp(min=0)
        channels = 1 / (1 + (-(attention.up.weight @ hidden + attention.up.bias)).exp())
    torch.testing.assert_close(found.stage_weights[0], shares)
    torch.testing.assert_close(found.features[0], stages.fourth[0] * channels[:, None, None])


@pytest.mark.parametrize("attention", [True, False])
def test_every_parameter_gets_a_gradient(attention: bool) -> None:
    torch.manual_seed(42)
    network = CSAMoENet(attention=attention).train()
    cross_entropy(network(some_views(4)).logits, torch.tensor([0, 1, 1, 0])).backward()
    # A bias right before a batch norm is taken out again by it: its gradient is nothing but rounding.
    without = [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()]
    assert without == []


def test_seeded_output_is_what_it_was() -> None:
    expected = json.loads(EXPECTED.read_text())
    network = seeded().eval()
    with torch.inference_mode():
        reading = network(some_views())
    torch.testing.assert_close(reading.logits, torch.tensor(expected["logits"]), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(reading.gates, torch.tensor(expected["gates"]), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(reading.stage_attention, torch.tensor(expected["stage_attention"]), rtol=1e-3, atol=1e-4)


def test_resnet18_reads_with_the_same_interface() -> None:
    with torch.inference_mode():
        reading = ResNet18().eval()(some_views(2)[:, :1])
    assert reading.logits.shape == (2, 2)
    assert reading.gates.tolist() == [[1.0], [1.0]]
