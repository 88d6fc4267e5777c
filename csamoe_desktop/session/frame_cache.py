"""Decoded frames: fast ones are decoded at once, slow ones in a worker, some of them ahead of time."""

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
"""Seconds to wait for a frame that another thread decodes; the deadline of a single frame is shorter."""
MOST_BYTES = 256 * 2**20
"""Limit on the bytes of pixels in the cache, for all open studies together."""


class DecodedFrames:
    """The frames decoded last, as many as fit in memory; usable from any thread."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = Lock()
        # The study is stored too, so that its id is not reused.
        self._frames: OrderedDict[tuple[int, int], tuple[Study, Frame]] = OrderedDict()
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """The bytes of pixels in the cache."""
        return self._bytes

    def get(self, study: Study, index: int) -> Frame | None:
        """Return a frame, or None if it is not in the cache."""
        with self._lock:
            key = (id(study), index)
            if key not in self._frames:
                return None
            self._frames.move_to_end(key)
            return self._frames[key][1]

    def put(self, study: Study, frame: Frame) -> None:
        """Store a frame, and drop the least recently used ones if there is no room."""
        with self._lock:
            self._drop((id(study), frame.index))
            self._frames[id(study), frame.index] = study, frame
            self._bytes += frame.pixels.nbytes
            while self._bytes > self._most_bytes:
                self._drop(next(iter(self._frames)))

    def keep_only(self, studies: Iterable[Study]) -> None:
        """Drop the frames of all other studies."""
        ids = {id(study) for study in studies}
        with self._lock:
            for key in [key for key in self._frames if key[0] not in ids]:
                self._drop(key)

    def _drop(self, key: tuple[int, int]) -> None:
        if key in self._frames:
            self._bytes -= self._frames.pop(key)[1].pixels.nbytes


class FrameCache(QObject):
    """The frames of the session's studies. Frames of a quick study are decoded from its file on each request; the
    others are cached, and requested one at a time: the newest request wins."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._scene = scene
        self.cache = DecodedFrames()
        # Frames that the reader waits for have their own process, so that thumbnails and decoding ahead never delay them.
        # The other process is the shared one: it is running already, as it opens the files.
        self._process, self._process_ahead = DecodingProcess(), shared()
        self._lock, self._ahead_lock = Lock(), Lock()
        self._decoding: dict[tuple[int, int], Event] = {}
        self._requested: tuple[Study, int] | None = None
        self._next_request: tuple[int, Came, Failed] | None = None
        self._shown_before: tuple[Study, int] | None = None
        scene.studyChanged.connect(self._drop_closed)
        scene.frameChanged.connect(self._look_ahead)

    @property
    def awaited(self) -> tuple[Study, int] | None:
        """The study and index of the frame that will be shown next; None if no frame is being decoded for that."""
        if self._requested is None or self._next_request is None:
            return self._requested
        return self._requested[0], self._next_request[0]

    def at_once(self, study: Study, index: int) -> Frame | None:
        """Return a frame that is available without waiting, or None.

        Raises:
            UserError: it cannot be decoded.
        """
        return study.frame(index) if study.quick else self.cache.get(study, index)

    def decoded(self, study: Study, index: int, urgent: bool = False) -> Frame:
        """Return a frame from the cache, or decode it now. For workers. An `urgent` request waits for no other frame.

        Raises:
            UserError: it cannot be decoded.
        """
        if study.quick:
            return study.frame(index)
        if urgent:
            return self._decoded(study, index, self._process)
        # One at a time, so that a frame found in progress is not itself waiting for another one.
        with self._ahead_lock:
            return self._decoded(study, index, self._process_ahead)

    def want(
        self,
        study: Study,
        index: int,
        came: Came,
        failed: Failed,
        by_steps: bool = False,
    ) -> None:
        """Have a frame decoded in a worker, then call `came` or `failed`; this replaces an earlier request.

        Only a request made `by_steps` lets the earlier frame of the same study come first, so that the frames passed
        while a key is held down are visible.
        """
        if by_steps and self._requested not in (None, (study, index)) and self._requested[0] is study:
            self._next_request = (index, came, failed)
            return
        self.forget()
        self._scene.jobs.cancel(AHEAD)
        self._requested = (study, index)

        def done(frame: Frame) -> None:
            next_request, self._next_request, self._requested = self._next_request, None, None
            came(frame)
            if next_request is not None and self._requested is None and self._scene.study is study:
                self.want(study, *next_request)

        def refused(problem: BaseException) -> None:
            self._requested = self._next_request = None
            failed(problem)

        self._scene.jobs.submit(DECODING, lambda job: self.decoded(study, index, urgent=True), Outcome(done, refused))

    def forget(self) -> bool:
        """Cancel the request; return whether there was one."""
        requested, self._requested, self._next_request = self._requested, None, None
        self._scene.jobs.cancel(DECODING)
        return requested is not None

    def close(self) -> None:
        """End the process that decodes for the reader; the shared process ends with the program."""
        self._process.close()

    def _decoded(self, study: Study, index: int, process: DecodingProcess) -> Frame:
        """Return a frame from the cache, from the thread that decodes it now, or decode it."""
        key = (id(study), index)
        with self._lock:
            if (cached := self.cache.get(study, index)) is not None:
                return cached
            others_event = self._decoding.get(key)
            if others_event is None:
                own_event = self._decoding[key] = Event()
        if others_event is not None:
            others_event.wait(_PATIENCE)
            if (cached := self.cache.get(study, index)) is not None:
                return cached
            # Decoding failed in the other thread; it fails here too, with its error.
            return _decode(study, index, process)
        try:
            frame = _decode(study, index, process)
            self.cache.put(study, frame)
            return frame
        finally:
            with self._lock:
                del self._decoding[key]
            own_event.set()

    def _drop_closed(self) -> None:
        self.cache.keep_only(self._scene.studies)
        if self._shown_before is not None and self._shown_before[0] not in self._scene.studies:
            self._shown_before = None

    def _look_ahead(self) -> None:
        """Decode the frames likely to be needed next: two in the direction of travel and one behind."""
        scene, before = self._scene, self._shown_before
        study, frame = scene.study, scene.frame
        if study is None or frame is None or study.quick:
            return
        self._shown_before = (study, frame.index)
        back = before is not None and before[0] is study and frame.index < before[1]
        # The first frame follows the last, as in a cine; twice as far ahead as back.
        indices = dict.fromkeys((frame.index + (-step if back else step)) % study.frame_count for step in (1, -1, 2))
        missing = [index for index in indices if index != frame.index and self.cache.get(study, index) is None]

        def work(job: Job) -> None:
            if study.apart:
                self._process.start()
            for index in missing:
                if job.cancelled:
                    return
                try:
                    self.decoded(study, index)
                except UserError:
                    # The error is shown when the frame is requested.
                    continue

        if missing:
            scene.jobs.submit(AHEAD, work, Outcome(lambda nothing: None, scene.failed.emit))


def _decode(study: Study, index: int, process: DecodingProcess) -> Frame:
    return study.frame(index, (lambda index: process.pixels(study.decode, index)) if study.apart else None)
