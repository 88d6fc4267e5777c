"""What every test has: Qt without a display, a user's folder of its own, and no window left over by another test."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QWidget

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(autouse=True, scope="session")
def application(qapp: QApplication) -> QApplication:
    """The one application, made before a test that runs the command line makes one that can show no widget."""
    return qapp


@pytest.fixture(autouse=True)
def user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh settings folder, so that no test sees another's settings or the developer's own."""
    folder = tmp_path / "user"
    monkeypatch.setenv("CSAMOE_USER_FOLDER", str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_widget_left(application: QApplication) -> Iterator[None]:
    """Fail a test that leaves a top-level widget behind: it would go on living, and listening, in the tests after it."""
    before = set(_top_level())
    yield
    left = set(_top_level()) - before
    if left:
        # What only holds itself is no leak.
        gc.collect()
        left = set(_top_level()) - before
    # Not deleted here: work may still be going on behind it. The next test takes it for granted.
    names = sorted(f"{type(widget).__name__} {widget.windowTitle()!r}" for widget in left)
    assert not names, f"left behind: {', '.join(names)}"


def _top_level() -> list[QWidget]:
    """Return the widgets without a parent, those excepted that are on their way out."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    return [widget for widget in QApplication.topLevelWidgets() if widget.parent() is None]
