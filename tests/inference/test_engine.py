"""Which device is used, and what is said where it is not the one asked for."""

import pytest
import torch

from csamoe_desktop.errors import UserError
from csamoe_desktop.inference.engine import choose_device


def test_auto_takes_what_there_is() -> None:
    device = choose_device("auto")
    expected = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert device.kind == expected
    assert device.words.startswith("CPU" if expected == "cpu" else "GPU")


def test_the_cpu_is_always_there() -> None:
    assert choose_device("cpu").kind == "cpu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_gpu_that_is_not_there_is_refused_not_replaced() -> None:
    with pytest.raises(UserError, match="no CUDA device") as refused:
        choose_device("cuda")
    assert "auto or cpu" in refused.value.hint


def test_a_device_that_is_none_is_refused() -> None:
    with pytest.raises(UserError, match="no compute device 'tpu'"):
        choose_device("tpu")
