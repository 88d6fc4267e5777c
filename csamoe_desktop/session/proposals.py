"""Outlines the program proposes on the frame in view: looked for in the worker, and only offered until the reader accepts
one. None of them is a mask before that."""

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from csamoe_desktop.inference.bundle import OUTLINER, has_outliner
from csamoe_desktop.inference.examined import check_origin
from csamoe_desktop.inference.guard import withheld_because
from csamoe_desktop.lesion.mask import Author
from csamoe_desktop.lesion.propose import Box, Finder, Proposal, propose, propose_at, propose_in
from csamoe_desktop.lesion.tools import Place, brush
from csamoe_desktop.session.jobs import Job, Outcome
from csamoe_desktop.session.lesions import Lesions, overlaps
from csamoe_desktop.session.loaded_outliner import Heeding, LoadedOutliner
from csamoe_desktop.session.mask_editor import MaskEditor
from csamoe_desktop.session.scene import Scene
from csamoe_desktop.study.model import Frame

if TYPE_CHECKING:
    from csamoe_desktop.session.frame_lesions import FrameLesions

PROPOSING = "proposing"

_AT_REST = 150
"""Milliseconds a frame is in view before it is looked at: not while the wheel or a cine runs through the frames."""
_SLOW = 500
"""Milliseconds of looking before it is said, so that nothing flickers on every frame."""

Search = Callable[[NDArray[np.uint8], Finder, float], list[Proposal]]
"""Of a frame's pixels, a network, and how high a pixel is for its width."""


class Stage(Enum):
    """Where proposing stands on the frame in view."""

    IDLE = auto()
    LOOKING = auto()
    OFFERED = auto()
    NONE = auto()
    """Looked at as a whole, and nothing was found."""
    NONE_THERE = auto()
    """Nothing was found where the reader asked."""
    NO_BREAST = auto()
    """Not looked at: the file says that this is no image of the breast."""


class Proposals(QObject):
    """What is proposed on the session's frame: nothing that a lesion covers already. Each proposal is accepted, dismissed or
    left by itself; one that is accepted becomes a lesion of its own.

    While the lesion at hand has an outline that the reader drew, only what the reader asks for is offered; what was found
    before waits, and is offered with the next lesion.
    """

    changed = Signal()
    """`stage`, `offered` or `selected` changed."""

    def __init__(self, scene: Scene, editor: MaskEditor, lesions: Lesions) -> None:
        super().__init__(scene)
        self._scene = scene
        self._editor = editor
        self._lesions = lesions
        self._outliner = LoadedOutliner()
        self._found: tuple[Proposal, ...] = ()
        self._free: tuple[Proposal, ...] = ()
        self._on: FrameLesions | None = None
        """The frame that all this is about."""
        self._by = ""
        self._place = 0
        self._hovered = -1
        self._asked = False
        self._looked: Stage = Stage.IDLE
        self._said = ""
        self._wanted = self._wants()
        self._soon = _timer(self, _AT_REST, self._look_by_itself)
        self._slow = _timer(self, _SLOW, self.changed.emit)
        scene.frameChanged.connect(self._frame_changed)
        scene.currentLesionChanged.connect(self._turned)
        scene.maskChanged.connect(self._mask_changed)
        scene.settingsChanged.connect(self._settings_changed)
        self._watching = False

    def watch(self) -> None:
        """From now on look at each frame that comes into view, where the settings want it."""
        self._watching = True
        self._soon.start()

    def close(self) -> None:
        """Look at nothing any more."""
        self._watching = False
        self._soon.stop()
        self._stop()

    # -- what there is

    @property
    def stage(self) -> Stage:
        """Where it stands; LOOKING only once that takes a while."""
        if self._scene.jobs.busy(PROPOSING):
            return Stage.IDLE if self._slow.isActive() else Stage.LOOKING
        if not self._open:
            return Stage.IDLE
        return self._looked if self._looked is not Stage.IDLE or not self.offered else Stage.OFFERED

    @property
    def offered(self) -> tuple[Proposal, ...]:
        """The candidates to choose from."""
        mask = self._scene.mask
        if mask is None or not self._open:
            return ()
        if mask.empty or self._asked:
            return self._free
        return tuple(one for one in self._free if not (one.mask & mask.pixels).any())

    @property
    def selected(self) -> int:
        """The place in `offered` of the one that `accept` takes."""
        return min(self._place, max(len(self.offered) - 1, 0))

    # -- what the reader does

    def look(self) -> None:
        """Look for lesions on the whole frame, asked by the reader."""
        self._asked = True
        self._look(lambda pixels, finder, aspect: propose(pixels, finder, aspect=aspect), Stage.NONE)

    def look_in(self, box: Box) -> None:
        """Look for the lesion in a box (top, left, bottom, right), clipped at the frame."""
        if (frame := self._scene.frame) is None:
            return
        rows, columns = frame.shape
        top, left = min(max(box[0], 0), rows), min(max(box[1], 0), columns)
        bottom, right = min(max(box[2], 0), rows), min(max(box[3], 0), columns)
        if top < bottom and left < right:
            self._ask(lambda pixels, finder, aspect: propose_in(pixels, (top, left, bottom, right), finder, aspect))

    def look_at(self, row: int, column: int) -> None:
        """Look for the lesion at a pixel; none off the frame."""
        frame = self._scene.frame
        if frame is not None and 0 <= row < frame.shape[0] and 0 <= column < frame.shape[1]:
            self._ask(lambda pixels, finder, aspect: propose_at(pixels, row, column, finder, aspect))

    def select_at(self, row: int, column: int) -> bool:
        """Select the candidate at a pixel; return whether there is one."""
        place = self._place_at(row, column)
        if place >= 0:
            self._select(place)
        return place >= 0

    def hover(self, row: int, column: int) -> None:
        """Select the candidate that the mouse comes to; while it stays there, `select_next` goes on from it."""
        place = self._place_at(row, column)
        if place != self._hovered:
            self._hovered = place
            if place >= 0:
                self._select(place)

    def select_next(self) -> None:
        """Select the next candidate, after the last the first."""
        if self.offered:
            self._select((self.selected + 1) % len(self.offered))

    def accept(self) -> bool:
        """Make the selected candidate an outline, one step of undo; return whether there was one.

        It is the outline of the lesion at hand where that has none yet, or one that it covers; else of a new lesion.
        """
        scene, mask = self._scene, self._scene.mask
        if mask is None or not self.offered:
            return False
        chosen, by = self.offered[self.selected], self._by
        alone = not mask.empty and not (chosen.mask & mask.pixels).any()
        if alone:
            self._lesions.add()
            mask = scene.mask
        if mask is None or self._lesions.refuses():
            return False
        self._asked = False
        self._editor.apply(lambda mask: mask.replace(chosen.mask, Author.PROPOSED, by))
        self.changed.emit()
        return True

    def take_up(self, at: Place, reach: int) -> bool:
        """Accept the candidate that a stroke begins on, within `reach` pixels of it, so that drawing corrects it; return
        whether there is one. Elsewhere a stroke begins an outline of its own, and beside an outline it is only that."""
        mask = self._scene.mask
        if mask is None or not mask.empty:
            return False
        for place, proposal in enumerate(self.offered):
            box, covered = brush(proposal.mask.shape, at, at, reach, self._scene.aspect)
            if (proposal.mask[box.slices] & covered).any():
                self._place = place
                return self.accept()
        return False

    def dismiss(self) -> bool:
        """Offer the selected candidate no more, or stop looking; return whether there was anything to drop."""
        there, offered = self.stage is not Stage.IDLE, self.offered
        if len(offered) > 1 and not self._scene.jobs.busy(PROPOSING):
            chosen = offered[self.selected]
            self._found = tuple(one for one in self._found if one is not chosen)
            self._keep_free()
            self.changed.emit()
            return True
        if offered and self._scene.frame_lesions is not None:
            self._scene.frame_lesions.dismissed = True
        self._forget()
        return there

    def _place_at(self, row: int, column: int) -> int:
        """Return the place of the candidate at a pixel, on the frame or off it; -1 where there is none."""
        for place, proposal in enumerate(self.offered):
            rows, columns = proposal.mask.shape
            if 0 <= row < rows and 0 <= column < columns and proposal.mask[row, column]:
                return place
        return -1

    def _select(self, place: int) -> None:
        if (place, Stage.IDLE) != (self._place, self._looked):
            self._place, self._looked = place, Stage.IDLE
            self.changed.emit()

    # -- looking

    @property
    def _open(self) -> bool:
        mask = self._scene.mask
        return mask is not None and (mask.empty or self._asked or mask.author in (Author.PROPOSED, Author.CORRECTED))

    def _wants(self) -> tuple[bool, str]:
        return self._scene.settings.propose_on_opening, self._scene.settings.device

    def _frame_changed(self) -> None:
        if self._on is not None:
            # Beside a lesion nothing is looked for by itself: what is left of the proposals stays with its frame.
            self._on.proposed = (self._found, self._by) if self._on.marked else ((), "")
        self._forget()
        self._on = self._scene.frame_lesions
        if self._on is not None:
            self._found, self._by = self._on.proposed
        if self._watching and not self._found:
            self._soon.start()

    def _turned(self) -> None:
        self._asked = False
        self._keep_free()
        mask, frame_lesions = self._scene.mask, self._scene.frame_lesions
        blank = mask is not None and mask.empty and not self._found
        if (
            self._watching
            and blank
            and frame_lesions is not None
            and frame_lesions.marked
            and not frame_lesions.dismissed
        ):
            # A lesion more is to be marked: it may be one that can be proposed.
            self._soon.start()
        self.changed.emit()

    def _keep_free(self) -> None:
        """Offer of what was found only what no other lesion covers."""
        others = tuple(one for one in self._lesions.there if one is not self._scene.work)
        self._free = tuple(one for one in self._found if not overlaps(one.mask, others))

    def _mask_changed(self) -> None:
        mask, asked = self._scene.mask, self._asked
        # Who draws has decided: what was asked for beside an outline goes; what was offered before it waits under it.
        self._asked = asked and (mask is None or mask.empty)
        if asked or self._found or self._looked is not Stage.IDLE:
            self.changed.emit()

    def _settings_changed(self) -> None:
        if self._wants() == self._wanted:
            return
        self._wanted, self._said = self._wants(), ""
        if not self._wanted[0] and not self._asked:
            self._forget()
        elif self._watching and not self._found:
            self._soon.start()

    def _look_by_itself(self) -> None:
        scene = self._scene
        if scene.frame is None or scene.mask is None or not scene.mask.empty or self._asked:
            return
        if not scene.settings.propose_on_opening:
            return
        if has_outliner():
            self._look(lambda pixels, finder, aspect: propose(pixels, finder, aspect=aspect), Stage.NONE)
        elif not self._said:
            self._said = "missing"
            scene.noted.emit(
                f"Outlines are not proposed: the model {OUTLINER} is not installed. Draw them, or import a mask."
            )

    def _ask(self, search: Search) -> None:
        """Look where the reader wants; what was offered and is not found again stays to choose from."""
        before = self.offered
        self._asked = True
        self._look(search, Stage.NONE_THERE, before)

    def _look(self, search: Search, nothing: Stage, before: Sequence[Proposal] = ()) -> None:
        scene, frame, asked = self._scene, self._scene.frame, self._asked
        if frame is None:
            return
        self._soon.stop()
        if why := withheld_because(check_origin(frame)):
            self._forget()
            self._looked = Stage.NO_BREAST
            self.changed.emit()
            scene.noted.emit(f"No outlines are proposed here. {why}")
            return
        device = scene.settings.device

        def work(job: Job) -> tuple[list[Proposal], list[str], str]:
            outliner = self._outliner.get(device, job)
            card = outliner.card
            found, warnings = _checked(frame, search(frame.pixels, Heeding(outliner, job), frame.scale.aspect))
            return found, warnings, f"{card.name} {card.version}"

        def done(result: tuple[list[Proposal], list[str], str]) -> None:
            found, warnings, self._by = result
            for warning in warnings:
                scene.noted.emit(warning)
            kept = [one for one in before if not any((one.mask & new.mask).any() for new in found)]
            self._found, self._place, self._hovered, self._said = (*found, *kept), 0, -1, ""
            # What was offered before is no answer to where the reader asked.
            self._looked = nothing if not found else Stage.IDLE
            self._keep_free()
            self._slow.stop()
            self.changed.emit()

        def failed(problem: BaseException) -> None:
            self._slow.stop()
            self._asked = False
            self.changed.emit()
            if asked or str(problem) != self._said:
                self._said = str(problem)
                scene.failed.emit(problem)

        scene.jobs.submit(PROPOSING, work, Outcome(done, failed))
        self._slow.start()
        self.changed.emit()

    def _forget(self) -> None:
        self._stop()
        self._found, self._free, self._place, self._asked, self._looked = (), (), 0, False, Stage.IDLE
        self.changed.emit()

    def _stop(self) -> None:
        self._slow.stop()
        self._scene.jobs.cancel(PROPOSING)


def _checked(frame: Frame, found: list[Proposal]) -> tuple[list[Proposal], list[str]]:
    """Return the candidates that may be lesions of the breast by what the file and their size say, and what the reader is
    to be told of them."""
    kept, warnings = [], []
    for proposal in found:
        findings = check_origin(frame, proposal.mask)
        if why := withheld_because(findings):
            warnings.append(f"A proposed outline was left out. {why}")
        else:
            kept.append(proposal)
            warnings += [one.sentence for one in findings]
    return kept, list(dict.fromkeys(warnings))


def _timer(parent: QObject, wait: int, run: Callable[[], object]) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(wait)
    timer.timeout.connect(run)
    return timer
