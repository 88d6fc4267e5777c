"""Import torchvision's networks even if its compiled operators do not match the installed torch.

torchvision's wheel from PyPI is built for one build of torch. With another build its C++ operators are missing, and
`import torchvision` fails with "operator torchvision::nms does not exist". This program does not use those operators, so their
names are declared and the import is tried again.
"""

import importlib
import sys
from types import ModuleType

import torch

# The declared operators exist as long as this object.
_declared: torch.library.Library | None = None

_NMS = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def torchvision_models() -> ModuleType:
    """Return `torchvision.models`.

    Raises:
        ImportError: torchvision is not installed.
    """
    try:
        return importlib.import_module("torchvision.models")
    except RuntimeError as problem:
        if "torchvision::nms" not in str(problem):
            raise
    _declare_operators()
    return importlib.import_module("torchvision.models")


def _declare_operators() -> None:
    global _declared
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    if _declared is None:
        _declared = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
        for operator in ("nms", "qnms"):
            _declared.define(operator + _NMS)  # type: ignore[no-untyped-call]
