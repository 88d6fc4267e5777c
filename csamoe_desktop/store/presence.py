"""Which other windows work with the same store, on this computer or, through a share, on another one.

Each has a small file beside the store as long as it works, and renews it. One that is left over shows that a window ended
without closing the store: the power went, or the program was ended.
"""

import json
import os
import secrets
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

_SILENT_AFTER = 120.0
"""Seconds without a sign of life after which a window counts as gone, whoever has its process number now."""
_STILL_ACTIVE, _QUERY = 259, 0x1000
"""Windows's words for a process that runs, and for asking whether it does."""

_here: set[str] = set()
"""The windows of this very process."""
_here_guard = Lock()


@dataclass(frozen=True, slots=True)
class Window:
    """Another window: its own name, the computer and the number of its process there."""

    name: str
    host: str
    process: int

    @property
    def words(self) -> str:
        """Say where it is."""
        where = "on this computer" if self.host == socket.gethostname() else f"on the computer {self.host}"
        return f"{where}, process {self.process}"


class Presence:
    """This window among those that work with the store in `file`."""

    def __init__(self, file: Path) -> None:
        self._folder = file.with_name(f"{file.stem}.windows")
        self._name = secrets.token_hex(8)
        self._mine = self._folder / f"{self._name}.json"
        self._known: set[str] = set()

    def enter(self) -> bool:
        """Begin to be there, or go on; return whether a window has gone without leaving.

        Where nothing may be written nobody is seen, and nobody can do harm.
        """
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            told = {"host": socket.gethostname(), "process": os.getpid(), "begun": datetime.now(UTC).isoformat()}
            if not self._mine.exists():
                self._write(json.dumps(told))
            os.utime(self._mine)
            with _here_guard:
                _here.add(self._name)
            gone = [one for one in self._others() if not self._alive(one)]
            for one in gone:
                one.unlink(missing_ok=True)
            return bool(gone)
        return False

    def _write(self, told: str) -> None:
        # Whole from its first moment: half a file would count as one of a window that has gone.
        draft = self._mine.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8") as opened:
            opened.write(told)
        draft.replace(self._mine)

    def newcomers(self) -> list[Window]:
        """Return the other windows that were not there when this was last asked."""
        there = [window for one in self._others() if self._alive(one) and (window := _window(one)) is not None]
        new = [window for window in there if window.name not in self._known]
        self._known = {window.name for window in there}
        return new

    def leave(self) -> None:
        """Be there no longer: the store was closed as it should be."""
        with _here_guard:
            _here.discard(self._name)
        with suppress(OSError):
            self._mine.unlink(missing_ok=True)
            self._folder.rmdir()

    def _others(self) -> list[Path]:
        try:
            return sorted(one for one in self._folder.glob("*.json") if one != self._mine)
        except OSError:
            return []

    def _alive(self, one: Path) -> bool:
        window = _window(one)
        if window is None:
            return False
        if window.host == socket.gethostname():
            if window.process == os.getpid():
                with _here_guard:
                    return window.name in _here
            if not _runs(window.process):
                return False
        try:
            # Both times are by the clock of the computer on which the folder is.
            return self._mine.stat().st_mtime - one.stat().st_mtime < _SILENT_AFTER
        except OSError:
            return False


def _window(one: Path) -> Window | None:
    try:
        told = json.loads(one.read_text(encoding="utf-8"))
        return Window(one.stem, str(told["host"]), int(told["process"]))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _runs(process: int) -> bool:
    """Return whether a process of this number runs on this computer."""
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(_QUERY, False, process)
        if not handle:
            return False
        code = ctypes.c_ulong()
        kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        kernel.CloseHandle(handle)
        return code.value == _STILL_ACTIVE
    if process <= 0:
        return False
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
