"""The format of a bundle's weights on disk: half precision, or 8 bits to keep the installation small.

With 8 bits, each tensor of two or more dimensions is stored as int8 with one scale per output channel (its largest absolute
value over 127), in a tensor of the same name with `.scale` appended. Figures on a card are measured with the weights as stored.
"""

from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import load_file
from torch import Tensor

Storage = Literal["float16", "int8"]
_SCALE = ".scale"


def stored(state: dict[str, Tensor], storage: Storage = "float16") -> dict[str, Tensor]:
    """Return the tensors of `state` in the format of a bundle."""
    tensors: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if not tensor.is_floating_point():
            tensors[name] = tensor
        elif storage == "int8" and tensor.dim() > 1:
            scale = tensor.float().flatten(1).abs().amax(1).clamp(min=1e-12) / 127
            shape = (-1, *[1] * (tensor.dim() - 1))
            tensors[name] = (tensor.float() / scale.view(shape)).round().to(torch.int8)
            tensors[name + _SCALE] = scale
        else:
            tensors[name] = tensor.to(torch.float16)
    return tensors


def read_weights(file: Path) -> dict[str, Tensor]:
    """Return the tensors of a bundle's file as float32; integer counters stay as they are.

    Raises:
        SafetensorError, OSError: the file is damaged or missing.
    """
    tensors = load_file(file)
    weights: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if tensor.dtype == torch.int8:
            scale = tensors[name + _SCALE].float()
            weights[name] = tensor.float() * scale.view(-1, *[1] * (tensor.dim() - 1))
        elif not (name.endswith(_SCALE) and name.removesuffix(_SCALE) in tensors):
            weights[name] = tensor.float() if tensor.is_floating_point() else tensor
    return weights
