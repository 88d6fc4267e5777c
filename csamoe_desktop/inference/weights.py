"""A bundle's weights on disk: half precision, or 8 bits where all bundles together would be too large to install.

Eight bits: each tensor of two or more dimensions as int8 with one scale a output channel (its largest value over 127),
beside it under the same name with `.scale`. Figures on a card are measured with the weights as they are on disk.
"""

from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import load_file
from torch import Tensor

Storage = Literal["float16", "int8"]
_SCALE = ".scale"


def stored(state: dict[str, Tensor], storage: Storage = "float16") -> dict[str, Tensor]:
    """Return `state` as a bundle keeps it."""
    kept: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if not tensor.is_floating_point():
            kept[name] = tensor
        elif storage == "int8" and tensor.dim() > 1:
            scale = tensor.float().flatten(1).abs().amax(1).clamp(min=1e-12) / 127
            shape = (-1, *[1] * (tensor.dim() - 1))
            kept[name] = (tensor.float() / scale.view(shape)).round().to(torch.int8)
            kept[name + _SCALE] = scale
        else:
            kept[name] = tensor.to(torch.float16)
    return kept


def read_weights(file: Path) -> dict[str, Tensor]:
    """Return the tensors of a bundle's file as float32, counters as they are.

    Raises:
        SafetensorError, OSError: the file is damaged or missing.
    """
    kept = load_file(file)
    read: dict[str, Tensor] = {}
    for name, tensor in kept.items():
        if tensor.dtype == torch.int8:
            scale = kept[name + _SCALE].float()
            read[name] = tensor.float() * scale.view(-1, *[1] * (tensor.dim() - 1))
        elif not (name.endswith(_SCALE) and name.removesuffix(_SCALE) in kept):
            read[name] = tensor.float() if tensor.is_floating_point() else tensor
    return read
