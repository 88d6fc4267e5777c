"""Every named recipe builds its network and makes one step of training, at the smallest size the network can take."""

import dataclasses

import numpy as np
import pytest
import torch

from csamoe_desktop.datasets.folder import Example, Sample, read_examples
from csamoe_desktop.networks.build import build
from csamoe_desktop.training.batches import training_batches
from csamoe_desktop.training.loop import make_task, seed_everything, validate
from csamoe_desktop.training.recipe import Recipe
from csamoe_desktop.training.recipes import RECIPES
from csamoe_desktop.training.team import Team

# What the others read at any size, these read at one.
SIZES = {"fus2net": 299, "two-stage": 128, "csasn": 224}
STAGES = [
    pytest.param(stage, id=name + " (first stage)" * (stage is recipe.first))
    for name, recipe in RECIPES.items()
    for stage in (recipe.first, recipe)
    if stage is not None and not (name.startswith("two-stage") and stage is recipe.first)  # that one is `unet`
]


def two_of_each(samples: list[Sample], recipe: Recipe) -> list[Example]:
    """Return two images a class, with BI-RADS categories."""
    chosen = [[one for one in samples if one.label == name][:2] for name in recipe.classes]
    labelled = [
        dataclasses.replace(one, columns=one.columns | {"birads": str(2 + place % 4)})
        for place, one in enumerate(one for some in chosen for one in some)
    ]
    return read_examples(labelled, recipe.classes)


@pytest.mark.parametrize("recipe", STAGES)
def test_a_step_of_training_is_made_and_measured(recipe: Recipe, samples: list[Sample]) -> None:
    torch.set_num_threads(1)
    recipe = dataclasses.replace(recipe, size=SIZES.get(recipe.builder.network, 64), batch=8)
    examples = two_of_each(samples, recipe)
    seed_everything(recipe.seed, 1)
    network = build(recipe.builder).train()
    task = make_task(recipe, examples)
    learned = [one for one in [*network.parameters(), *task.parameters()] if one.requires_grad]
    optimiser = torch.optim.SGD(learned, lr=1e-3)
    (batch,) = training_batches(recipe, examples, 1, Team())
    assert batch.views.shape == (len(examples), len(recipe.views), 3, recipe.size, recipe.size)
    with torch.autocast("cpu", torch.bfloat16, enabled=recipe.bfloat16):
        step = task.step(network, batch)
    step.loss.backward()  # type: ignore[no-untyped-call]
    assert step.loss.isfinite()
    assert 0 <= step.score <= 1
    assert any(one.grad is not None and one.grad.any() for one in learned)
    optimiser.step()
    assert all(one.isfinite().all() for one in learned)
    found = validate(recipe, task, network, examples[::2], torch.device("cpu"))
    assert {"loss", task.score} <= found.keys()
    assert np.isfinite(found["loss"])
    if len(recipe.views) > 1:
        shares = [found[f"gate_{name}"] for name in recipe.views]
        assert sum(shares) == pytest.approx(1, abs=1e-2)


def test_a_recipe_is_told_as_json_and_one_with_a_first_stage_tells_both() -> None:
    told = RECIPES["two-stage"].to_dict()
    assert told["builder"]["network"] == "two-stage"
    assert told["first"]["builder"]["network"] == "unet"
    assert RECIPES["paper"].to_dict()["first"] is None


def test_the_two_stage_papers_inputs_have_a_first_stage_where_a_mask_is_predicted() -> None:
    has = {name: recipe.first is not None for name, recipe in RECIPES.items() if name.startswith("two-stage")}
    assert has == {
        "two-stage": True,
        "two-stage-predicted-mask": True,
        "two-stage-image": False,
        "two-stage-true-mask": False,
    }
