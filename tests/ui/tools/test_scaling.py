"""Runs the tests of all tools at 200 %, in another process, as Qt reads the scaling only when it starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif("QT_SCALE_FACTOR" in os.environ, reason="this is that process")
def test_every_tool_works_at_200_percent() -> None:
    tests = [str(Path(__file__).with_name(name)) for name in ("test_tools.py", "test_touch.py", "test_steps.py")]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
        env={**os.environ, "QT_SCALE_FACTOR": "2", "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]
