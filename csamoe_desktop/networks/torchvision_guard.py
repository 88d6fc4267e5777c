"""torchvision's networks, also where its compiled operators do not match the installed torch.

torchvision's wheel from PyPI is built against one build of torch; beside another its C++ operators are missing and
`import torchvision` stops at "operator torchvision::nms does not exist". Nothing here uses those operators, so
their names are declared and the import is tried again.
"""

import importlib
import sys
from types import ModuleType

import torch

# The declared operators live as long as this object does.
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
