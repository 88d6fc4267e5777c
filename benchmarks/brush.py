"""How long a move of the brush and the repaint after it take, beside pyqtgraph's own drawing (and napari's, if there).

    python benchmarks/brush.py [--moves 300] [--radius 20] [--clock wall]

A move of ours is the mouse event as the canvas in the program's window gets it, with all that hangs on it: the mask,
the session's listeners, the ring. Its peers' moves are `ImageItem.drawAt` with a kernel of the same disc, and napari's
`Labels.paint`. A repaint is what Qt paints anew after that move, software-rendered, in a view of 1000 x 700; napari's
is done by its viewer on a graphics card, so none is timed. All draw the same zigzag in one stroke.

Of ours it is told too how long the press takes that begins the stroke, how long the release that ends it, and the
longest that the window is deaf at a stretch in the two seconds after, in which the outline is measured and stored: in
workers, so what is left is what they hand in and the panels that show it.

On a machine that does other work too, `--clock cpu` counts only the time that this program's own thread was at work.
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
from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from csamoe_desktop.lesion.tools import brush
from csamoe_desktop.settings import Settings
from csamoe_desktop.study.model import Study
from csamoe_desktop.ui.shell.app import make_window
from csamoe_desktop.ui.tools.base import Tool

SHAPES = ((600, 800), (1250, 1600), (2500, 3200))
"""Rows and columns: 0.5, 2 and 8 megapixels."""
VIEW = (1000, 700)

Place = tuple[float, float]
Timed = tuple[list[float], list[float]]
"""Seconds each move took, and each repaint."""
AFTER = 2.0
"""Seconds after a stroke in which its end is watched."""
Clock = Callable[[], float]
CLOCKS: dict[str, Clock] = {"wall": time.perf_counter, "cpu": time.thread_time}


def zigzag(shape: tuple[int, int], moves: int) -> list[Place]:
    """Return places (row, column) on a frame that a stroke goes through: to and fro across its middle."""
    share = np.arange(moves) / moves
    rows = shape[0] * (0.25 + 0.5 * share)
    columns = shape[1] * (0.5 + 0.3 * np.sin(share * 2 * np.pi * 5))
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


class Painted(QObject):
    """Counts how often a widget was painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Count."""
        self.count += event.type() == QEvent.Type.Paint
        return False


def timed(places: list[Place], move: Callable[[Place], object], view: QWidget, clock: Clock) -> Timed:
    """Move to each place, let Qt repaint what changed, and return how long each took."""
    painted, moving, painting = Painted(view), [], []
    for place in places:
        QApplication.processEvents()
        before = painted.count
        start = clock()
        move(place)
        between = clock()
        while painted.count == before:
            QApplication.processEvents()
        moving.append(between - start)
        painting.append(clock() - between)
    return moving, painting


def longest_stall(clock: Clock) -> float:
    """Return how long Qt is busy at most with what it finds to do at once, after a stroke has ended."""
    longest, until = 0.0, time.perf_counter() + AFTER
    while time.perf_counter() < until:
        start = clock()
        QApplication.processEvents()
        longest = max(longest, clock() - start)
        # The workers are to have their turn; nobody moves the mouse now.
        time.sleep(0.001)
    return longest


def ours(pixels: NDArray[np.uint8], radius: int, moves: int, clock: Clock, ends: list[float]) -> Timed:
    """Time one stroke on the canvas of our window; `ends` takes how long begin, end and what follows take."""
    window = make_window(Settings(brush_radius=radius, propose_on_opening=False))
    session, canvas = window.session, window.canvas
    canvas.setFixedSize(*VIEW)
    window.resize(VIEW[0] + 800, VIEW[1] + 300)  # or its panels lie over it
    window.show()
    study = Study(Path("made.png"), "made", 1, pixels.shape[0], pixels.shape[1], decode=lambda index: pixels)
    session.open_studies.show(study, study.frame(0), study.path)
    canvas.set_tool(Tool.BRUSH)
    while session.jobs.busy("thumbnails"):
        QApplication.processEvents()
    view = canvas.viewport()
    places = zigzag((pixels.shape[0], pixels.shape[1]), moves)

    def send(kind: QEvent.Type, place: Place, button: Qt.MouseButton, held: Qt.MouseButton) -> None:
        at = QPointF(canvas.widget_position(int(place[0]), int(place[1])))
        where = QPointF(view.mapToGlobal(at.toPoint()))
        event = QMouseEvent(kind, at, where, button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(view, event)

    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    QApplication.processEvents()
    before = clock()
    send(QEvent.Type.MouseButtonPress, places[0], left, left)
    ends.append(clock() - before)
    times = timed(places[1:], lambda place: send(QEvent.Type.MouseMove, place, none, left), view, clock)
    before = clock()
    send(QEvent.Type.MouseButtonRelease, places[-1], left, none)
    ends.append(clock() - before)
    ends.append(longest_stall(clock))
    assert session.mask is not None and session.mask.can_undo, "nothing was drawn"
    window.close_now()
    window.deleteLater()
    QApplication.processEvents()
    return times


def pyqtgraphs(pixels: NDArray[np.uint8], radius: int, moves: int, clock: Clock) -> Timed:
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
    times = timed(places[1:], lambda place: mask.drawAt(pg.Point(place[1], place[0])), widget.viewport(), clock)
    assert mask.image.any(), "nothing was drawn"
    QWidget.close(widget)
    widget.deleteLater()
    QApplication.processEvents()
    return times


def naparis(pixels: NDArray[np.uint8], radius: int, moves: int, clock: Clock) -> Timed:
    """Time the same places with `Labels.paint`."""
    from napari.layers import Labels  # type: ignore[import-not-found]

    layer = Labels(np.zeros(pixels.shape, np.uint8))
    layer.brush_size = 2 * radius
    moving = []
    for place in zigzag((pixels.shape[0], pixels.shape[1]), moves)[1:]:
        start = clock()
        layer.paint(place, 1)
        moving.append(clock() - start)
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
    asked.add_argument("--clock", choices=CLOCKS, default="wall")
    given = asked.parse_args()
    pg.setConfigOptions(useNumba=False)
    application = QApplication.instance() or QApplication([])
    peers = {"pyqtgraph drawAt": pyqtgraphs}
    if importlib.util.find_spec("napari") is not None:
        peers["napari Labels.paint"] = naparis
    else:
        print("napari is not installed: left out.")
    print(
        f"{given.moves} moves of a brush of radius {given.radius}, milliseconds ({given.clock} clock); load {os.getloadavg()[0]:.1f}"
    )
    print(f"{'':8}{'':22}{'move':>17} {'repaint':>17}")
    print(f"{'Mpx':>6}  {'':22}{'median':>8} {'p99':>8} {'median':>8} {'p99':>8}")
    draw, ends = np.random.default_rng(0), dict[str, list[float]]()
    for shape in SHAPES:
        pixels = draw.integers(0, 256, shape, np.uint8)
        size, clock = f"{shape[0] * shape[1] / 1e6:6.1f}", CLOCKS[given.clock]
        moving, painting = ours(pixels, given.radius, given.moves, clock, ends.setdefault(size, []))
        print(f"{size}  {'this program':22}{words(moving)} {words(painting)}", flush=True)
        for name, run in peers.items():
            moving, painting = run(pixels, given.radius, given.moves, clock)
            print(f"{size}  {name:22}{words(moving)} {words(painting)}", flush=True)
    print(f"{'':8}{'':22}{'press':>8} {'release':>8} {'longest stall after it':>26}")
    for size, taken in ends.items():
        press, release, stall = (seconds * 1e3 for seconds in taken)
        print(f"{size}  {'this program':22}{press:8.2f} {release:8.2f} {stall:26.2f}")
    del application


if __name__ == "__main__":
    main()
