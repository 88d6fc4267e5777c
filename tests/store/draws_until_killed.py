"""A process that draws on an image in a real session, two halves a stroke, says what it has done, and waits to be killed.

Called with the image's file. Stroke n fills row n and sets the comment to n. It says, a line each: `ready`; `found n` (so
many whole rows and nothing else are marked on opening, and the comment is n), or `found wrong ...`; `drawn n` (so many
strokes are finished); `kept n` (so many are in the store).
"""

import sys
from pathlib import Path

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from csamoe_desktop.lesion.tools import Box
from csamoe_desktop.session.session import Session
from csamoe_desktop.settings import Settings


class Drawing:
    """Draws as long as the event loop runs."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.drawn = -1
        self.kept = -1
        session.frameChanged.connect(self.opened)
        session.failed.connect(lambda problem: say(f"failed {problem}"))
        self.timer = QTimer()
        self.timer.timeout.connect(self.step)

    def opened(self) -> None:
        work = self.session.work
        assert work is not None
        whole = work.mask.pixels.all(axis=1)
        self.drawn = int(np.count_nonzero(whole))
        right = whole[: self.drawn].all() and not work.mask.pixels[self.drawn :].any()
        if right and work.comment == (str(self.drawn) if self.drawn else "") and not work.mask.can_undo:
            say(f"found {self.drawn}")
        else:
            say(f"found wrong {self.drawn} rows, {np.count_nonzero(work.mask.pixels)} pixels, comment {work.comment!r}")
        self.timer.start(7)

    def step(self) -> None:
        if self.session.autosaver.all_saved and self.kept != self.drawn:
            self.kept = self.drawn
            say(f"kept {self.kept}")
        work, editor = self.session.work, self.session.mask_editor
        assert work is not None
        columns = work.mask.pixels.shape[1]
        if not work.mask.in_stroke:
            editor.begin()
            box = Box(self.drawn, 0, self.drawn + 1, columns // 2)
            editor.paint(work.mask, (box, np.ones((1, columns // 2), bool)), True)
            return
        box = Box(self.drawn, columns // 2, self.drawn + 1, columns)
        editor.paint(work.mask, (box, np.ones((1, columns - columns // 2), bool)), True)
        editor.end(work.mask)
        self.drawn += 1
        self.session.lesions.comment(work, str(self.drawn))
        say(f"drawn {self.drawn}")


def say(line: str) -> None:
    print(line, flush=True)


def main() -> None:
    application = QApplication([])
    say("ready")
    drawing = Drawing(Session(Settings()))
    drawing.session.open(Path(sys.argv[1]))
    application.exec()


if __name__ == "__main__":
    main()
