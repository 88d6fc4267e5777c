"""Run by test_team.py, alone or through torchrun: train a tiny network without batch norm and save what it became."""

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from csamoe_desktop.datasets.folder import Example, Sample
from csamoe_desktop.networks.csamoe import NetworkOutput
from csamoe_desktop.training.loop import seed_everything, train
from csamoe_desktop.training.recipe import Recipe


class Tiny(nn.Module):
    """One convolution and one layer: nothing in it looks at the other images of a batch."""

    expert_names = ("image",)

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Conv2d(3, 4, 5, stride=4)
        self.head = nn.Linear(4, 2)

    def forward(self, views: Tensor) -> NetworkOutput:
        seen = torch.relu(self.look(views[:, 0]))
        vector = seen.mean((2, 3))
        ones = vector.new_ones(len(vector), 1)
        return NetworkOutput(self.head(vector), ones, vector.new_zeros(len(vector), 1, 4), seen.unsqueeze(1), vector)


def examples(count: int) -> list[Example]:
    """Return frames with a square lesion, bright in every second one."""
    made = []
    for number in range(count):
        pixels = np.random.default_rng(number).integers(0, 90, (40, 48)).astype(np.uint8)
        mask = np.zeros(pixels.shape, bool)
        mask[10:28, 12:30] = True
        pixels[mask] += 120 * (number % 2)
        name = f"{number}.png"
        made.append(Example(Sample(Path(name), Path(name), "", name, {"image": name}), pixels, mask, number % 2))
    return made


def main(folder: Path) -> None:
    """Train for two epochs in `folder` and save the network there."""
    recipe = Recipe(views=("image",), size=32, epochs=2, batch=8, learning_rate=1e-2, bfloat16=False)
    seed_everything(recipe.seed, 0)
    network = Tiny()
    train(recipe, network, examples(24), examples(8), folder, torch.device("cpu"), show_progress=False)
    if not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0:
        state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
        save_file(state, folder / "network.safetensors")
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
