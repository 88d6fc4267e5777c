"""What every test has: Qt without a display, and a user's folder of its own."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(autouse=True)
def user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh settings folder, so that no test sees another's settings or the developer's own."""
    folder = tmp_path / "user"
    monkeypatch.setenv("CSAMOE_USER_FOLDER", str(folder))
    return folder
