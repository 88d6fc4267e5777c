"""The named recipes of `csamoe-desktop train --recipe NAME`."""

from dataclasses import replace

from csamoe_desktop.networks.cards import Builder, Normalisation
from csamoe_desktop.training.recipe import Recipe

_PAPER = Recipe()
_AS_THEY_ARE = Normalisation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
_THREE_CLASSES = ("normal", "benign", "malignant")

# The first stage of the two-stage network, also the bundle `unet` (Long, Guan and Holden, section III): BCE, 1e-3.
_UNET = Recipe(
    builder=Builder("unet"),
    views=("image",),
    size=128,
    normalisation=_AS_THEY_ARE,
    task="outlining",
    classes=_THREE_CLASSES,
    epochs=25,
    batch=16,
    learning_rate=1e-3,
)
_TWO_STAGE = Recipe(
    # No ImageNet weights of DenseNet-201 were available, and frozen random features are useless, so they are trained.
    builder=Builder("two-stage", {"frozen_features": False}),
    views=("image",),
    size=128,
    normalisation=_AS_THEY_ARE,
    classes=_THREE_CLASSES,
    epochs=8,
    batch=16,
    learning_rate=3e-4,
    weight_decay=0.01,
    schedule="one-cycle",
    first=_UNET,
)


def _two_stage(inputs: str) -> Recipe:
    """Return the recipe for a row of the two-stage paper's Table I; only inputs with a predicted mask have a first stage."""
    builder = Builder("two-stage", {"frozen_features": False, "inputs": inputs})
    return replace(_TWO_STAGE, builder=builder, first=_UNET if inputs.startswith("predicted") else None)


def _experts(*names: str) -> Recipe:
    return replace(_PAPER, builder=Builder("csa-moe-net", {"experts": list(names)}), views=names)


_PLUS = Recipe(
    field=2.2,
    augmentation="strong",
    epochs=8,
    learning_rate=3e-4,
    weight_decay=0.05,
    schedule="one-cycle",
    average=0.98,
)

RECIPES: dict[str, Recipe] = {
    # CSA-MoE-Net, section III-A2.
    "paper": _PAPER,
    # The same network, robust against another hospital and another reader's outlines: it sees only the surroundings of the
    # lesion, so that the lesion's size in the frame does not matter; outlines and scanner settings vary; a short one-cycle
    # schedule; averaged weights.
    "plus": _PLUS,
    # One change each, to be evaluated by leaving a hospital out (docs/training.md).
    "plus-balanced": replace(_PLUS, balance_hospitals=True),
    "plus-look": replace(_PLUS, borrowed_look=0.5),
    "plus-mixstyle": replace(_PLUS, mixstyle=True),
    "plus-smoothing": replace(_PLUS, smoothing=0.1),
    "plus-all": replace(_PLUS, balance_hospitals=True, borrowed_look=0.5, mixstyle=True, smoothing=0.1),
    # Its baseline and ablations (Tables II to IV), each by the paper's recipe.
    "resnet18": replace(_PAPER, builder=Builder("resnet18"), views=("image",)),
    "resnet-moe": replace(_PAPER, builder=Builder("csa-moe-net", {"attention": False})),
    "expert-image": _experts("image"),
    "experts-image-core": _experts("image", "core"),
    "experts-image-boundary": _experts("image", "boundary"),
    # Fus2Net: Adam, batch 16; the network has its own L2 penalty, and flips balance the classes.
    "fus2net": Recipe(
        builder=Builder("fus2net"),
        views=("image",),
        size=299,
        normalisation=Normalisation(per_image=True),
        augmentation="flips",
        balance=True,
        epochs=8,
        batch=16,
        learning_rate=1e-3,
    ),
    "unet": _UNET,
    "two-stage": _TWO_STAGE,
    "two-stage-image": _two_stage("image"),
    "two-stage-predicted-mask": _two_stage("predicted_mask"),
    "two-stage-true-mask": _two_stage("true_mask_and_image"),
    # The network that proposes outlines in the window.
    "outline": Recipe(
        builder=Builder("mobile-unet"),
        views=("image",),
        size=192,
        task="outlining",
        overlap=1.0,
        augmentation="framing",
        classes=_THREE_CLASSES,  # normal images are learned too, if the data has them
        epochs=14,
        batch=16,
        learning_rate=2e-3,
        weight_decay=0.01,
        schedule="one-cycle",
        average=0.99,
    ),
    # LA-Net: a teacher learns outlines from the available masks; its pseudo-masks replace the missing ones.
    "la-net": Recipe(
        builder=Builder("la-net"),
        views=("image",),
        task="reading and outlining",
        overlap=1.0,
        epochs=5,
        learning_rate=2e-4,
        weight_decay=0.05,
        schedule="one-cycle",
        first=Recipe(
            builder=Builder("la-net"),
            views=("image",),
            task="outlining",
            overlap=1.0,
            epochs=3,
            learning_rate=5e-4,
            weight_decay=0.05,
            schedule="one-cycle",
        ),
    ),
    # CSASN for the breast: malignancy, and BI-RADS as the second task; one ViT block of twelve.
    "csasn": Recipe(
        builder=Builder("csasn", {"blocks": 1}),
        views=("image",),
        task="two readings",
        epochs=3,
        learning_rate=5e-4,
        weight_decay=0.05,
        schedule="one-cycle",
    ),
}
