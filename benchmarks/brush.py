"""How long a move of the brush and the repaint after it take, beside pyqtgraph's own drawing (and napari's, if there).

    python benchmarks/brush.py [--moves 300] [--radius 20]

A move of ours is the mouse event as the canvas gets it, with all that hangs on it: the mask, the session's listeners,
the ring. Its peers' moves are `ImageItem.drawAt` with a kernel of the same disc, and napari's `Labels.paint`. A
repaint is the viewport's, 1000 x 700, right after a move. Both draw the same zigzag, the brush already in the image.
"""

import argparse
import importlib.util
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("CSAMOE_USER_FOLDER", tempfile.mkdtemp())

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from csamoe_desktop.lesion.tools import brush
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.model import Study
from csamoe_desktop.ui.canvas import Canvas
from csamoe_desktop.ui.mask_tools import Tool
from csamoe_desktop.ui.session import Session

SHAPES = ((600, 800), (1250, 1600), (2500, 3200))
"""Rows and columns: 0.5, 2 and 8 megapixels."""
VIEW = (1000, 700)

Place = tuple[float, float]
Timed = tuple[list[float], list[float]]
"""Seconds each move took, and each repaint."""


def zigzag(shape: tuple[int, int], moves: int) -> list[Place]:
    """Return places (row, column) on a frame that a stroke goes through: to and fro across its middle."""
    share = np.arange(moves) / moves
    rows = shape[0] * (0.25 + 0.5 * share)
    columns = shape[1] * (0.5 + 0.3 * np.sin(share * 2 * np.pi * 5))
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def timed(places: list[Place], move: Callable[[Place], None], view: QWidget) -> Timed:
    """Move to each place, repaint, and return how long each took."""
    moving, painting = [], []
    for place in places:
        start = time.perf_counter()
        move(place)
        between = time.perf_counter()
        view.repaint()
        moving.append(between - start)
        painting.append(time.perf_counter() - between)
        QApplication.processEvents()
    return moving, painting


def ours(pixels: NDArray[np.uint8], radius: int, moves: int) -> Timed:
    """Time one stroke on our canvas."""
    session = Session(Settings(brush_radius=radius))
    canvas = Canvas(session)
    canvas.resize(*VIEW)
    canvas.show()
    study = Study(Path("made.png"), "made", 1, *pixels.shape, decode=lambda index: pixels)
    session._opened((study, study.frame(0)))
    canvas.set_tool(Tool.BRUSH)
    QApplication.processEvents()
    view = canvas.viewport()
    places = zigzag((pixels.shape[0], pixels.shape[1]), moves)

    def send(kind: QEvent.Type, place: Place, button: Qt.MouseButton, held: Qt.MouseButton) -> None:
        at = QPointF(canvas.widget_position(int(place[0]), int(place[1])))
        where = QPointF(view.mapToGlobal(at.toPoint()) + QPoint())
        event = QMouseEvent(kind, at, where, button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(view, event)

    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    send(QEvent.Type.MouseButtonPress, places[0], left, left)
    times = timed(places[1:], lambda place: send(QEvent.Type.MouseMove, place, none, left), view)
    send(QEvent.Type.MouseButtonRelease, places[-1], left, none)
    assert session.mask is not None and session.mask.can_undo, "nothing was drawn"
    session.close()
    canvas.close()
    canvas.deleteLater()
    QApplication.processEvents()
    return times


def pyqtgraphs(pixels: NDArray[np.uint8], radius: int, moves: int) -> Timed:
    """Time the same places with `ImageItem.drawAt`: a mask image over the frame, as its examples have it."""
    widget = pg.GraphicsView()
    widget.resize(*VIEW)
    area = pg.ViewBox(lockAspect=True, invertY=True)
    widget.setCentralItem(area)
    area.addItem(pg.ImageItem(pixels, axisOrder="row-major"))
    mask = pg.ImageItem(np.zeros(pixels.shape, np.uint8), axisOrder="row-major", levels=(0, 255))
    mask.setOpacity(0.4)
    area.addItem(mask)
    _, disc = brush((2 * radius, 2 * radius), (radius, radius), (radius, radius), radius)
    mask.setDrawKernel(disc.astype(np.uint8) * 255, mask=disc, center=(radius, radius), mode="set")
    widget.show()
    QApplication.processEvents()
    places = zigzag((pixels.shape[0], pixels.shape[1]), moves)
    # drawAt counts columns first, as the scene does.
    times = timed(places[1:], lambda place: mask.drawAt(pg.Point(place[1], place[0])), widget.viewport())
    assert mask.image.any(), "nothing was drawn"
    QWidget.close(widget)
    widget.deleteLater()
    QApplication.processEvents()
    return times


def naparis(pixels: NDArray[np.uint8], radius: int, moves: int) -> Timed:
    """Time the same places with `Labels.paint`; it has no repaint of its own without a viewer, so none is timed."""
    from napari.layers import Labels  # type: ignore[import-not-found]

    layer = Labels(np.zeros(pixels.shape, np.uint8))
    layer.brush_size = 2 * radius
    moving = []
    for place in zigzag((pixels.shape[0], pixels.shape[1]), moves)[1:]:
        start = time.perf_counter()
        layer.paint(place, 1)
        moving.append(time.perf_counter() - start)
    return moving, []


def words(times: list[float]) -> str:
    """Return median and 99th percentile in milliseconds."""
    if not times:
        return f"{'-':>8} {'-':>8}"
    return f"{np.median(times) * 1e3:8.2f} {np.percentile(times, 99) * 1e3:8.2f}"


def main() -> None:
    """Print the table."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--moves", type=int, default=300)
    asked.add_argument("--radius", type=int, default=20, help="in frame pixels")
    given = asked.parse_args()
    pg.setConfigOptions(useNumba=False)
    application = QApplication.instance() or QApplication([])
    peers = {"this program": ours, "pyqtgraph drawAt": pyqtgraphs}
    if importlib.util.find_spec("napari") is not None:
        peers["napari Labels.paint"] = naparis
    else:
        print("napari is not installed: left out.")
    print(f"{given.moves} moves of a brush of radius {given.radius}, milliseconds; load {os.getloadavg()[0]:.1f}")
    print(f"{'':8}{'':22}{'move':>17} {'repaint':>17}")
    print(f"{'Mpx':>6}  {'':22}{'median':>8} {'p99':>8} {'median':>8} {'p99':>8}")
    draw = np.random.default_rng(0)
    for shape in SHAPES:
        pixels = draw.integers(0, 256, shape, np.uint8)
        for name, run in peers.items():
            moving, painting = run(pixels, given.radius, given.moves)
            print(f"{shape[0] * shape[1] / 1e6:6.1f}  {name:22}{words(moving)} {words(painting)}", flush=True)
    del application


if __name__ == "__main__":
    main()
