"""Measure how long a move of the brush and its repaint take, compared with pyqtgraph and, if installed, napari.

    python benchmarks/brush.py [--moves 300] [--radius 20] [--clock wall]

A move of this program is a mouse event on the canvas in its window, with everything it causes: the change of the mask,
the session's listeners, the ring. The moves of the others are `ImageItem.drawAt` with a disc of the same size, and
napari's `Labels.paint`. A repaint is the software-rendered paint by Qt after the move, in a view of 1000 x 700.
napari's viewer paints on the graphics card, so its repaint is not timed. All draw the same zigzag in one stroke.

For this program the table also shows the time of the press that begins the stroke, the time of the release that ends
it, and the longest time for which the window does not respond in the two seconds after it. In these seconds workers
measure and store the outline, so only the delivery of their results and the update of the panels take time in the GUI
thread.

On a machine with other load, `--clock cpu` counts only the CPU time of this program's own thread.
"""

import argparse
import importlib.util
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

FOLDER = Path(tempfile.mkdtemp())
# A screen that the whole canvas fits on: what lies beyond it is not repainted.
SCREEN = {
    "name": "large",
    "x": 0,
    "y": 0,
    "width": 2000,
    "height": 1400,
    "logicalDpi": 96,
    "logicalBaseDpi": 96,
    "dpr": 1,
}
(FOLDER / "screens.json").write_text(json.dumps({"screens": [SCREEN]}))
os.environ.setdefault("QT_QPA_PLATFORM", f"offscreen:configfile={FOLDER / 'screens.json'}")
os.environ.setdefault("CSAMOE_USER_FOLDER", str(FOLDER))

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
"""Seconds of each move, and of each repaint."""
AFTER = 2.0
"""Seconds for which the window is watched after a stroke."""
Clock = Callable[[], float]
CLOCKS: dict[str, Clock] = {"wall": time.perf_counter, "cpu": time.thread_time}


def zigzag(shape: tuple[int, int], moves: int) -> list[Place]:
    """Return the places (row, column) of a stroke that zigzags across the middle of a frame."""
    share = np.arange(moves) / moves
    rows = shape[0] * (0.25 + 0.5 * share)
    columns = shape[1] * (0.5 + 0.3 * np.sin(share * 2 * np.pi * 5))
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


class PaintCounter(QObject):
    """Counts how often a widget is painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Count paint events."""
        self.count += event.type() == QEvent.Type.Paint
        return False


def timed(places: list[Place], move: Callable[[Place], object], view: QWidget, clock: Clock) -> Timed:
    """Move to each place, let Qt repaint, and return the times of moves and repaints, in seconds."""
    counter, move_times, repaint_times = PaintCounter(view), [], []
    for place in places:
        QApplication.processEvents()
        count = counter.count
        start = clock()
        move(place)
        moved = clock()
        while counter.count == count:
            QApplication.processEvents()
        move_times.append(moved - start)
        repaint_times.append(clock() - moved)
    return move_times, repaint_times


def longest_stall(clock: Clock) -> float:
    """Return the longest time, in seconds, that Qt handles events without a pause after a stroke."""
    longest, until = 0.0, time.perf_counter() + AFTER
    while time.perf_counter() < until:
        start = clock()
        QApplication.processEvents()
        longest = max(longest, clock() - start)
        # Let the workers run.
        time.sleep(0.001)
    return longest


def run_program(pixels: NDArray[np.uint8], radius: int, moves: int, clock: Clock, ends: list[float]) -> Timed:
    """Time one stroke on the canvas of this program's window; the times of press, release and longest stall are
    appended to `ends`."""
    window = make_window(Settings(brush_radius=radius, propose_on_opening=False))
    session, canvas = window.session, window.canvas
    canvas.setFixedSize(*VIEW)
    window.resize(VIEW[0] + 800, VIEW[1] + 300)  # leaves room for the panels beside the canvas
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
        global_position = QPointF(view.mapToGlobal(at.toPoint()))
        event = QMouseEvent(kind, at, global_position, button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(view, event)

    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    QApplication.processEvents()
    start = clock()
    send(QEvent.Type.MouseButtonPress, places[0], left, left)
    ends.append(clock() - start)
    times = timed(places[1:], lambda place: send(QEvent.Type.MouseMove, place, none, left), view, clock)
    start = clock()
    send(QEvent.Type.MouseButtonRelease, places[-1], left, none)
    ends.append(clock() - start)
    ends.append(longest_stall(clock))
    assert session.mask is not None and session.mask.can_undo, "nothing was drawn"
    window.close_now()
    window.deleteLater()
    QApplication.processEvents()
    return times


def run_pyqtgraph(pixels: NDArray[np.uint8], radius: int, moves: int, clock: Clock) -> Timed:
    """Time the same stroke with `ImageItem.drawAt` on a mask image over the frame, as in pyqtgraph's examples."""
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
    # drawAt expects the column first, as the scene does.
    times = timed(places[1:], lambda place: mask.drawAt(pg.Point(place[1], place[0])), widget.viewport(), clock)
    assert mask.image.any(), "nothing was drawn"
    QWidget.close(widget)
    widget.deleteLater()
    QApplication.processEvents()
    return times


def run_napari(pixels: NDArray[np.uint8], radius: int, moves: int, clock: Clock) -> Timed:
    """Time the same stroke with `Labels.paint`; there are no times of repaints."""
    from napari.layers import Labels  # type: ignore[import-not-found]

    layer = Labels(np.zeros(pixels.shape, np.uint8))
    layer.brush_size = 2 * radius
    move_times = []
    for place in zigzag((pixels.shape[0], pixels.shape[1]), moves)[1:]:
        start = clock()
        layer.paint(place, 1)
        move_times.append(clock() - start)
    return move_times, []


def columns(times: list[float]) -> str:
    """Return median and 99th percentile in milliseconds, as two columns of the table."""
    if not times:
        return f"{'-':>8} {'-':>8}"
    return f"{np.median(times) * 1e3:8.2f} {np.percentile(times, 99) * 1e3:8.2f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moves", type=int, default=300, help="moves in the stroke (default: 300)")
    parser.add_argument("--radius", type=int, default=20, help="radius in frame pixels (default: 20)")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="elapsed time or CPU time (default: wall)")
    options = parser.parse_args()
    pg.setConfigOptions(useNumba=False)
    application = QApplication.instance() or QApplication([])
    peers = {"pyqtgraph drawAt": run_pyqtgraph}
    if importlib.util.find_spec("napari") is not None:
        peers["napari Labels.paint"] = run_napari
    else:
        print("napari is not installed and is left out.")
    print(
        f"{options.moves} moves of a brush of radius {options.radius}, milliseconds ({options.clock} clock);"
        f" load {os.getloadavg()[0]:.1f}"
    )
    print(f"{'':8}{'':22}{'move':>17} {'repaint':>17}")
    print(f"{'Mpx':>6}  {'':22}{'median':>8} {'p99':>8} {'median':>8} {'p99':>8}")
    generator, ends = np.random.default_rng(0), dict[str, list[float]]()
    for shape in SHAPES:
        pixels = generator.integers(0, 256, shape, np.uint8)
        size, clock = f"{shape[0] * shape[1] / 1e6:6.1f}", CLOCKS[options.clock]
        moves, repaints = run_program(pixels, options.radius, options.moves, clock, ends.setdefault(size, []))
        print(f"{size}  {'this program':22}{columns(moves)} {columns(repaints)}", flush=True)
        for name, run in peers.items():
            moves, repaints = run(pixels, options.radius, options.moves, clock)
            print(f"{size}  {name:22}{columns(moves)} {columns(repaints)}", flush=True)
    print(f"{'':8}{'':22}{'press':>8} {'release':>8} {'longest stall after it':>26}")
    for size, times in ends.items():
        press, release, stall = (seconds * 1e3 for seconds in times)
        print(f"{size}  {'this program':22}{press:8.2f} {release:8.2f} {stall:26.2f}")
    del application


if __name__ == "__main__":
    main()
