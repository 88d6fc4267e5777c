"""Outlines that the program proposes on the current frame. They are computed in a worker and only offered: none is a
mask before the reader accepts it."""

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
from csamoe_desktop.session.loaded_outliner import CancellableFinder, LoadedOutliner
from csamoe_desktop.session.mask_editor import MaskEditor
from csamoe_desktop.session.scene import Scene
from csamoe_desktop.study.model import Frame

if TYPE_CHECKING:
    from csamoe_desktop.session.frame_lesions import FrameLesions

PROPOSING = "proposing"

_REST = 150
"""Milliseconds for which a frame must stay in view before the program looks for lesions, so that scrolling and cine
start no search."""
_SLOW = 500
"""Milliseconds after which a search is shown as running, so that nothing flickers on every frame."""

Search = Callable[[NDArray[np.uint8], Finder, float], list[Proposal]]
"""Takes a frame's pixels, a network, and the ratio of a pixel's height to its width."""


class Stage(Enum):
    """The state of the proposals on the current frame."""

    IDLE = auto()
    LOOKING = auto()
    OFFERED = auto()
    NONE = auto()
    """The whole frame was searched, and nothing was found."""
    NONE_THERE = auto()
    """Nothing was found at the place that the reader chose."""
    NO_BREAST = auto()
    """Not searched: the file says that this is not an image of the breast."""


class Proposals(QObject):
    """The proposals on the session's current frame, without those that a lesion already covers. Each is accepted,
    dismissed or left on its own; an accepted one becomes a lesion of its own.

    While the current lesion has an outline drawn by the reader, only proposals that the reader asked for are offered;
    the others are offered again with the next lesion.
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
        self._frame_lesions: FrameLesions | None = None
        """The frame that these proposals belong to."""
        self._network = ""
        self._selected = 0
        self._hovered = -1
        self._requested = False
        self._outcome: Stage = Stage.IDLE
        self._reported = ""
        self._last_settings = self._wanted_settings()
        self._rest_timer = _timer(self, _REST, self._search_by_itself)
        self._slow_timer = _timer(self, _SLOW, self.changed.emit)
        scene.frameChanged.connect(self._frame_changed)
        scene.currentLesionChanged.connect(self._lesion_changed)
        scene.maskChanged.connect(self._mask_changed)
        scene.settingsChanged.connect(self._settings_changed)
        self._watching = False

    def watch(self) -> None:
        """From now on search each frame that comes into view, if the settings say so."""
        self._watching = True
        self._rest_timer.start()

    def close(self) -> None:
        """Stop searching."""
        self._watching = False
        self._rest_timer.stop()
        self._stop()

    # -- state

    @property
    def stage(self) -> Stage:
        """The state; LOOKING only if the search takes a while."""
        if self._scene.jobs.busy(PROPOSING):
            return Stage.IDLE if self._slow_timer.isActive() else Stage.LOOKING
        if not self._can_offer:
            return Stage.IDLE
        return self._outcome if self._outcome is not Stage.IDLE or not self.offered else Stage.OFFERED

    @property
    def offered(self) -> tuple[Proposal, ...]:
        """The proposals to choose from."""
        mask = self._scene.mask
        if mask is None or not self._can_offer:
            return ()
        if mask.empty or self._requested:
            return self._free
        return tuple(proposal for proposal in self._free if not (proposal.mask & mask.pixels).any())

    @property
    def selected(self) -> int:
        """The index in `offered` of the proposal that `accept` takes."""
        return min(self._selected, max(len(self.offered) - 1, 0))

    # -- the reader's actions

    def look(self) -> None:
        """Look for lesions on the whole frame, at the reader's request."""
        self._requested = True
        self._search(lambda pixels, finder, aspect: propose(pixels, finder, aspect=aspect), Stage.NONE)

    def look_in(self, box: Box) -> None:
        """Look for the lesion in a box (top, left, bottom, right), clipped at the frame."""
        if (frame := self._scene.frame) is None:
            return
        rows, columns = frame.shape
        top, left = min(max(box[0], 0), rows), min(max(box[1], 0), columns)
        bottom, right = min(max(box[2], 0), rows), min(max(box[3], 0), columns)
        if top < bottom and left < right:
            self._search_at(
                lambda pixels, finder, aspect: propose_in(pixels, (top, left, bottom, right), finder, aspect)
            )

    def look_at(self, row: int, column: int) -> None:
        """Look for the lesion at a pixel; outside the frame nothing happens."""
        frame = self._scene.frame
        if frame is not None and 0 <= row < frame.shape[0] and 0 <= column < frame.shape[1]:
            self._search_at(lambda pixels, finder, aspect: propose_at(pixels, row, column, finder, aspect))

    def select_at(self, row: int, column: int) -> bool:
        """Select the proposal at a pixel; return whether there is one."""
        index = self._index_at(row, column)
        if index >= 0:
            self._select(index)
        return index >= 0

    def hover(self, row: int, column: int) -> None:
        """Select the proposal under the mouse when the mouse enters it; `select_next` continues from there."""
        index = self._index_at(row, column)
        if index != self._hovered:
            self._hovered = index
            if index >= 0:
                self._select(index)

    def select_next(self) -> None:
        """Select the next proposal; the first follows the last."""
        if self.offered:
            self._select((self.selected + 1) % len(self.offered))

    def accept(self) -> bool:
        """Turn the selected proposal into an outline, one step of undo; return whether there was one.

        It becomes the outline of the current lesion if that has none or overlaps it; otherwise that of a new lesion.
        """
        scene, mask = self._scene, self._scene.mask
        if mask is None or not self.offered:
            return False
        chosen, network = self.offered[self.selected], self._network
        separate = not mask.empty and not (chosen.mask & mask.pixels).any()
        if separate:
            self._lesions.add()
            mask = scene.mask
        if mask is None or self._lesions.refuses():
            return False
        self._requested = False
        self._editor.apply(lambda mask: mask.replace(chosen.mask, Author.PROPOSED, network))
        self.changed.emit()
        return True

    def accept_at(self, at: Place, reach: int) -> bool:
        """Accept the proposal on which a stroke begins, within `reach` pixels, so that drawing corrects it; return
        whether there is one. Elsewhere, and once the lesion has an outline, a stroke accepts nothing."""
        mask = self._scene.mask
        if mask is None or not mask.empty:
            return False
        for index, proposal in enumerate(self.offered):
            box, covered = brush(proposal.mask.shape, at, at, reach, self._scene.aspect)
            if (proposal.mask[box.slices] & covered).any():
                self._selected = index
                return self.accept()
        return False

    def dismiss(self) -> bool:
        """Dismiss the selected proposal, or stop the search; return whether there was anything to dismiss."""
        active, offered = self.stage is not Stage.IDLE, self.offered
        if len(offered) > 1 and not self._scene.jobs.busy(PROPOSING):
            chosen = offered[self.selected]
            self._found = tuple(proposal for proposal in self._found if proposal is not chosen)
            self._keep_free()
            self.changed.emit()
            return True
        if offered and self._scene.frame_lesions is not None:
            self._scene.frame_lesions.dismissed = True
        self._forget()
        return active

    def _index_at(self, row: int, column: int) -> int:
        """Return the index of the proposal at a pixel, which may lie outside the frame; -1 if there is none."""
        for index, proposal in enumerate(self.offered):
            rows, columns = proposal.mask.shape
            if 0 <= row < rows and 0 <= column < columns and proposal.mask[row, column]:
                return index
        return -1

    def _select(self, index: int) -> None:
        if (index, Stage.IDLE) != (self._selected, self._outcome):
            self._selected, self._outcome = index, Stage.IDLE
            self.changed.emit()

    # -- searching

    @property
    def _can_offer(self) -> bool:
        mask = self._scene.mask
        return mask is not None and (
            mask.empty or self._requested or mask.author in (Author.PROPOSED, Author.CORRECTED)
        )

    def _wanted_settings(self) -> tuple[bool, str]:
        return self._scene.settings.propose_on_opening, self._scene.settings.device

    def _frame_changed(self) -> None:
        if self._frame_lesions is not None:
            # A frame with a lesion is not searched again by itself: its remaining proposals are stored with it.
            self._frame_lesions.proposed = (self._found, self._network) if self._frame_lesions.marked else ((), "")
        self._forget()
        self._frame_lesions = self._scene.frame_lesions
        if self._frame_lesions is not None:
            self._found, self._network = self._frame_lesions.proposed
        if self._watching and not self._found:
            self._rest_timer.start()

    def _lesion_changed(self) -> None:
        self._requested = False
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
            # The reader is about to mark another lesion: look for one.
            self._rest_timer.start()
        self.changed.emit()

    def _keep_free(self) -> None:
        """Offer only the proposals that no other lesion covers."""
        others = tuple(work for work in self._lesions.on_frame if work is not self._scene.work)
        self._free = tuple(proposal for proposal in self._found if not overlaps(proposal.mask, others))

    def _mask_changed(self) -> None:
        mask, asked = self._scene.mask, self._requested
        # Drawing ends a request beside an outline; proposals offered before the outline stay in the background.
        self._requested = asked and (mask is None or mask.empty)
        if asked or self._found or self._outcome is not Stage.IDLE:
            self.changed.emit()

    def _settings_changed(self) -> None:
        if self._wanted_settings() == self._last_settings:
            return
        self._last_settings, self._reported = self._wanted_settings(), ""
        if not self._last_settings[0] and not self._requested:
            self._forget()
        elif self._watching and not self._found:
            self._rest_timer.start()

    def _search_by_itself(self) -> None:
        scene = self._scene
        if scene.frame is None or scene.mask is None or not scene.mask.empty or self._requested:
            return
        if not scene.settings.propose_on_opening:
            return
        if has_outliner():
            self._search(lambda pixels, finder, aspect: propose(pixels, finder, aspect=aspect), Stage.NONE)
        elif not self._reported:
            self._reported = "missing"
            scene.noted.emit(
                f"No outlines are proposed: the model {OUTLINER} is not installed. Draw outlines or import a mask."
            )

    def _search_at(self, search: Search) -> None:
        """Search at the place the reader chose; proposals offered before and not found again stay."""
        before = self.offered
        self._requested = True
        self._search(search, Stage.NONE_THERE, before)

    def _search(self, search: Search, nothing: Stage, before: Sequence[Proposal] = ()) -> None:
        scene, frame, asked = self._scene, self._scene.frame, self._requested
        if frame is None:
            return
        self._rest_timer.stop()
        if reason := withheld_because(check_origin(frame)):
            self._forget()
            self._outcome = Stage.NO_BREAST
            self.changed.emit()
            scene.noted.emit(f"No outlines are proposed on this image. {reason}")
            return
        device = scene.settings.device

        def work(job: Job) -> tuple[list[Proposal], list[str], str]:
            outliner = self._outliner.get(device, job)
            card = outliner.card
            found, warnings = _checked(
                frame, search(frame.pixels, CancellableFinder(outliner, job), frame.scale.aspect)
            )
            return found, warnings, f"{card.name} {card.version}"

        def done(result: tuple[list[Proposal], list[str], str]) -> None:
            found, warnings, self._network = result
            for warning in warnings:
                scene.noted.emit(warning)
            earlier = [old for old in before if not any((old.mask & new.mask).any() for new in found)]
            self._found, self._selected, self._hovered, self._reported = (*found, *earlier), 0, -1, ""
            # Earlier proposals do not count as a result of this search.
            self._outcome = nothing if not found else Stage.IDLE
            self._keep_free()
            self._slow_timer.stop()
            self.changed.emit()

        def failed(problem: BaseException) -> None:
            self._slow_timer.stop()
            self._requested = False
            self.changed.emit()
            if asked or str(problem) != self._reported:
                self._reported = str(problem)
                scene.failed.emit(problem)

        scene.jobs.submit(PROPOSING, work, Outcome(done, failed))
        self._slow_timer.start()
        self.changed.emit()

    def _forget(self) -> None:
        self._stop()
        self._found, self._free, self._selected, self._requested, self._outcome = (), (), 0, False, Stage.IDLE
        self.changed.emit()

    def _stop(self) -> None:
        self._slow_timer.stop()
        self._scene.jobs.cancel(PROPOSING)


def _checked(frame: Frame, found: list[Proposal]) -> tuple[list[Proposal], list[str]]:
    """Return the proposals that pass the guard's checks of file and size, and the warnings for the reader."""
    passed, warnings = [], []
    for proposal in found:
        findings = check_origin(frame, proposal.mask)
        if reason := withheld_because(findings):
            warnings.append(f"A proposed outline was left out. {reason}")
        else:
            passed.append(proposal)
            warnings += [finding.sentence for finding in findings]
    return passed, list(dict.fromkeys(warnings))


def _timer(parent: QObject, wait: int, run: Callable[[], object]) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(wait)
    timer.timeout.connect(run)
    return timer
