"""Makes docs/screenshots/panel-dark.png and panel-light.png: the panel of the AI result in each of its states.

.venv/bin/python docs/make_panel_pictures.py

The AI result is the default model's, of the demo study. For the states that this result does not show (another category,
experts or views that disagree), its numbers are changed.
"""

import dataclasses
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from csamoe_desktop.assess import AIResult, categorise
from csamoe_desktop.lesion.description import Description
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.session.lesion_work import ResultState
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.phantom import DemoStudy, write_demo_study
from csamoe_desktop.ui.shell import demo
from csamoe_desktop.ui.shell.app import make_window
from csamoe_desktop.ui.shell.main_window import MainWindow
from csamoe_desktop.ui.widgets import theme

FOLDER = Path(__file__).parent / "screenshots"
_WIDTH, _GAP, _COLUMNS = 344, 16, 5


def main() -> None:
    """Take the pictures of both themes."""
    with tempfile.TemporaryDirectory() as scratch:
        study = write_demo_study(Path(scratch))
        for name in ("dark", "light"):
            # A folder for each theme, so that the second window does not find the outlines of the first.
            os.environ["CSAMOE_USER_FOLDER"] = str(Path(scratch) / name)
            window = make_window(Settings(theme=name, assessment_first=False, propose_on_opening=False))
            window.resize(1440, 1400)
            window.show()
            file = FOLDER / f"panel-{name}.png"
            sheet(states(window, study)).save(str(file))
            window.close_now()
            # 256 colours are enough for a page in a browser.
            Image.open(file).convert("RGB").quantize(256).save(file, optimize=True)


def states(window: MainWindow, study: DemoStudy) -> list[tuple[str, QImage]]:
    """Return the pictures of the panel, each with the name of its state."""
    session, pictures = window.session, []

    def take(name: str) -> None:
        for _ in range(5):
            QApplication.processEvents()
        window.result.setFixedWidth(_WIDTH)
        pictures.append((name, window.result.grab().toImage()))

    def change(edit: Callable[[AIResult], AIResult]) -> None:
        assert session.work is not None and session.work.ai_result is not None
        session.work.ai_result = edit(session.work.ai_result)
        session.emit_result_changed()

    def with_probability(share: float) -> Callable[[AIResult], AIResult]:
        def changed(result: AIResult) -> AIResult:
            prediction = dataclasses.replace(result.prediction, probability=share)
            category = categorise(share, result.card.thresholds)
            return dataclasses.replace(result, prediction=prediction, category=category, contour=None, explanation=None)

        return changed

    session.open(study.cine)
    demo.wait_until(session, lambda: session.frame is not None)
    take("no mask")
    rows, columns = session.frame.shape if session.frame else (0, 0)
    down, across = np.ogrid[:rows, :columns]
    outline = ((down - rows / 2) / 60) ** 2 + ((across - columns / 2) / 90) ** 2 < 1
    assert session.work is not None and session.mask is not None
    session.mask.replace(outline, Author.DRAWN)
    session.emit_mask_changed(None)
    take("ready")
    session.assessing.begin()
    take("running")
    demo.wait_until(session, lambda: session.shown_result.state is ResultState.DONE and _looked(window))
    unchanged = session.work.ai_result
    assert unchanged is not None
    for name, share in (("likely benign", 0.02), ("indeterminate", 0.28), ("suspicious", 0.91)):
        change(with_probability(share))
        take(name)
    explanation = unchanged.explanation
    if explanation is not None:
        alone = dict(zip(unchanged.prediction.gates, (0.02, 0.4, 0.93), strict=False))
        change(lambda _: dataclasses.replace(unchanged, explanation=dataclasses.replace(explanation, alone=alone)))
        take("experts disagree")
    identity = session.work.description.identity
    change(with_probability(0.91))
    session.navigation.to_frame(1)
    session.mask.replace(outline, Author.DRAWN)
    session.lesions.describe(session.work, Description(identity=identity))
    session.emit_mask_changed(None)
    session.assessing.begin()
    demo.wait_until(session, lambda: session.shown_result.state is ResultState.DONE and _looked(window))
    change(with_probability(0.03))
    take("two views disagree")
    session.mask.replace(outline & (down > rows / 2), Author.DRAWN)
    session.emit_mask_changed(None)
    take("outdated")
    session.work.failure, session.work.failed_version = "The lesion lies under colour Doppler.", session.mask.version
    session.work.withheld = True
    session.emit_result_changed()
    take("withheld")
    session.navigation.to_frame(2)
    session.user_settings.change(dataclasses.replace(session.settings, assessment_first=True))
    session.mask.replace(outline, Author.DRAWN)
    session.emit_mask_changed(None)
    session.assessing.begin()
    demo.wait_until(session, lambda: session.shown_result.state is ResultState.HIDDEN)
    take("hidden")
    return pictures


def sheet(pictures: list[tuple[str, QImage]]) -> QImage:
    """Return one picture of all, in rows, each below its name."""
    rows = [pictures[first : first + _COLUMNS] for first in range(0, len(pictures), _COLUMNS)]
    heights = [max(picture.height() for _, picture in row) + 24 + _GAP for row in rows]
    image = QImage(_COLUMNS * (_WIDTH + _GAP) + _GAP, sum(heights) + _GAP, QImage.Format.Format_RGB32)
    image.fill(QColor(theme.colours().window))
    painter = QPainter(image)
    painter.setPen(QColor(theme.colours().text))
    top = _GAP
    for row, height in zip(rows, heights, strict=True):
        for column, (name, picture) in enumerate(row):
            left = _GAP + column * (_WIDTH + _GAP)
            painter.drawText(left, top + 14, name)
            painter.drawImage(left, top + 24, picture)
        top += height
    painter.end()
    return image


def _looked(window: MainWindow) -> bool:
    ai_result = window.session.shown_result.result
    return ai_result is not None and ai_result.looked_closer


if __name__ == "__main__":
    sys.exit(main())
