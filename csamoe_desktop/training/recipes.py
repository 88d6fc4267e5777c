"""The named recipes: what `csamoe-desktop train --recipe NAME` does."""

from csamoe_desktop.training.loop import Recipe

RECIPES: dict[str, Recipe] = {
    # CSA-MoE-Net, section III-A2.
    "paper": Recipe(),
    # The same network, to survive another hospital and another pen: only the lesion's surroundings are read, so that
    # its size in the frame does not matter; outlines and scanner settings vary; a short one-cycle schedule; averaged
    # weights.
    "plus": Recipe(
        field=2.2,
        augmentation="strong",
        epochs=8,
        learning_rate=3e-4,
        weight_decay=0.05,
        schedule="one-cycle",
        average=0.98,
    ),
}
