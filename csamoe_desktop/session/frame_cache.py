"""Decoded frames: those that come soon enough at once, the others from the worker, a few of them before they are asked for."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Event, Lock

from PySide6.QtCore import QObject

from csamoe_desktop.errors import UserError
from csamoe_desktop.session.jobs import Job, Outcome
from csamoe_desktop.session.scene import Scene
from csamoe_desktop.study.decoding import DecodingProcess, shared
from csamoe_desktop.study.model import Frame, Study

DECODING, AHEAD = "decoding", "decoding ahead"
Came = Callable[[Frame], None]
Failed = Callable[[BaseException], None]
_PATIENCE = 20.0
"""Seconds that one who waits for another's frame gives it; a frame's own deadline is shorter."""
MOST_BYTES = 256 * 2**20
"""Of pixels kept, of all open studies together."""


class DecodedFrames:
    """The frames decoded last, as many as fit; for any thread."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = Lock()
        # With its study, so that no other one can get its id.
        self._kept: OrderedDict[tuple[int, int], tuple[Study, Frame]] = OrderedDict()
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """How many are kept."""
        return self._bytes

    def get(self, study: Study, index: int) -> Frame | None:
        """Return a frame, or None where it is not kept."""
        with self._lock:
            key = (id(study), index)
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][1]

    def put(self, study: Study, frame: Frame) -> None:
        """Keep a frame, in the place of those not asked for the longest."""
        with self._lock:
            self._drop((id(study), frame.index))
            self._kept[id(study), frame.index] = study, frame
            self._bytes += frame.pixels.nbytes
            while self._bytes > self._most_bytes:
                self._drop(next(iter(self._kept)))

    def keep_only(self, studies: Iterable[Study]) -> None:
        """Let go of the frames of all other studies."""
        ids = {id(study) for study in studies}
        with self._lock:
            for key in [key for key in self._kept if key[0] not in ids]:
                self._drop(key)

    def _drop(self, key: tuple[int, int]) -> None:
        if key in self._kept:
            self._bytes -= self._kept.pop(key)[1].pixels.nbytes


class FrameCache(QObject):
    """The frames of the session's studies. Those of a study that is quick are decoded when they are asked for, always
    from its file; the others are kept, and wanted one at a time: the newest wins."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._scene = scene
        self.cache = DecodedFrames()
        # What the reader waits for has a process of its own, which thumbnails and looking ahead never hold up.
        # The other one is that of whoever opens a file: it runs by then.
        self._process, self._process_ahead = DecodingProcess(), shared()
        self._lock, self._one_ahead = Lock(), Lock()
        self._under_way: dict[tuple[int, int], Event] = {}
        self._wanted: tuple[Study, int] | None = None
        self._further: tuple[int, Came, Failed] | None = None
        self._before: tuple[Study, int] | None = None
        scene.studyChanged.connect(self._let_go)
        scene.frameChanged.connect(self._look_ahead)

    @property
    def awaited(self) -> tuple[Study, int] | None:
        """The study and index of the frame that will come into view; None while none is being decoded for that."""
        if self._wanted is None or self._further is None:
            return self._wanted
        return self._wanted[0], self._further[0]

    def at_once(self, study: Study, index: int) -> Frame | None:
        """Return a frame that need not be waited for, or None.

        Raises:
            UserError: it cannot be decoded.
        """
        return study.frame(index) if study.quick else self.cache.get(study, index)

    def decoded(self, study: Study, index: int, urgent: bool = False) -> Frame:
        """Return a frame, decoded now unless it is kept: for workers. What is `urgent` waits for no other frame.

        Raises:
            UserError: it cannot be decoded.
        """
        if study.quick:
            return study.frame(index)
        if urgent:
            return self._decoded(study, index, self._process)
        # Whoever finds a frame under way here can rely on it: it does not wait for another one first.
        with self._one_ahead:
            return self._decoded(study, index, self._process_ahead)

    def want(
        self,
        study: Study,
        index: int,
        came: Came,
        failed: Failed,
        by_steps: bool = False,
    ) -> None:
        """Have a frame decoded in the worker for `came`, or `failed`; what was wanted before is not any more.

        Only one that is wanted `by_steps` lets the one before come still, on the way: who holds a key down sees where
        they are.
        """
        if by_steps and self._wanted not in (None, (study, index)) and self._wanted[0] is study:
            self._further = (index, came, failed)
            return
        self.forget()
        self._scene.jobs.cancel(AHEAD)
        self._wanted = (study, index)

        def done(frame: Frame) -> None:
            further, self._further, self._wanted = self._further, None, None
            came(frame)
            if further is not None and self._wanted is None and self._scene.study is study:
                self.want(study, *further)

        def refused(problem: BaseException) -> None:
            self._wanted = self._further = None
            failed(problem)

        self._scene.jobs.submit(DECODING, lambda job: self.decoded(study, index, urgent=True), Outcome(done, refused))

    def forget(self) -> bool:
        """Want no frame any more; return whether one was wanted."""
        wanted, self._wanted, self._further = self._wanted, None, None
        self._scene.jobs.cancel(DECODING)
        return wanted is not None

    def close(self) -> None:
        """End the process that decodes for the reader; the shared one ends with the program."""
        self._process.close()

    def _decoded(self, study: Study, index: int, process: DecodingProcess) -> Frame:
        """Return a frame that is kept, being decoded, or decoded now."""
        key = (id(study), index)
        with self._lock:
            if (kept := self.cache.get(study, index)) is not None:
                return kept
            other = self._under_way.get(key)
            if other is None:
                mine = self._under_way[key] = Event()
        if other is not None:
            other.wait(_PATIENCE)
            if (kept := self.cache.get(study, index)) is not None:
                return kept
            # It failed there, and will here.
            return _decode(study, index, process)
        try:
            frame = _decode(study, index, process)
            self.cache.put(study, frame)
            return frame
        finally:
            with self._lock:
                del self._under_way[key]
            mine.set()

    def _let_go(self) -> None:
        self.cache.keep_only(self._scene.studies)
        if self._before is not None and self._before[0] not in self._scene.studies:
            self._before = None

    def _look_ahead(self) -> None:
        """Decode what may be wanted next: the two frames in the direction of travel, and the one behind."""
        scene, before = self._scene, self._before
        study, frame = scene.study, scene.frame
        if study is None or frame is None or study.quick:
            return
        self._before = (study, frame.index)
        back = before is not None and before[0] is study and frame.index < before[1]
        # After the last the first, as a cine goes on; twice as far ahead as back.
        places = dict.fromkeys((frame.index + (-step if back else step)) % study.frame_count for step in (1, -1, 2))
        missing = [index for index in places if index != frame.index and self.cache.get(study, index) is None]

        def work(job: Job) -> None:
            if study.apart:
                self._process.start()
            for index in missing:
                if job.cancelled:
                    return
                try:
                    self.decoded(study, index)
                except UserError:
                    # Told when it is wanted.
                    continue

        if missing:
            scene.jobs.submit(AHEAD, work, Outcome(lambda nothing: None, scene.failed.emit))


def _decode(study: Study, index: int, process: DecodingProcess) -> Frame:
    return study.frame(index, (lambda index: process.pixels(study.decode, index)) if study.apart else None)
