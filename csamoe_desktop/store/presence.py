"""Finds other windows that use the same store, on this computer or, through a network share, on another one.

Each window has a small file beside the store while it runs, and renews it. A leftover file shows that a window ended without
closing the store, for example through a power failure or a killed process.
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
"""Seconds without a sign of life after which a window counts as ended, even if its process number is in use."""
_STILL_ACTIVE, _QUERY = 259, 0x1000
"""Windows constants: STILL_ACTIVE and PROCESS_QUERY_LIMITED_INFORMATION."""

_here: set[str] = set()
"""The windows of this process."""
_here_guard = Lock()


@dataclass(frozen=True, slots=True)
class Window:
    """Another window: its name, its computer and its process number there."""

    name: str
    host: str
    process: int

    @property
    def words(self) -> str:
        """The computer and process in words."""
        where = "on this computer" if self.host == socket.gethostname() else f"on the computer {self.host}"
        return f"{where}, process {self.process}"


class Presence:
    """This window's presence among the windows that use the store in `file`."""

    def __init__(self, file: Path) -> None:
        self._folder = file.with_name(f"{file.stem}.windows")
        self._name = secrets.token_hex(8)
        self._mine = self._folder / f"{self._name}.json"
        self._known: set[str] = set()

    def enter(self) -> bool:
        """Register this window, or renew its sign of life; return whether a window ended without closing the store.

        In a read-only folder no window is registered, and none can change the store.
        """
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            entry = {"host": socket.gethostname(), "process": os.getpid(), "begun": datetime.now(UTC).isoformat()}
            if not self._mine.exists():
                self._write(json.dumps(entry))
            os.utime(self._mine)
            with _here_guard:
                _here.add(self._name)
            ended = [file for file in self._others() if not self._alive(file)]
            for file in ended:
                file.unlink(missing_ok=True)
            return bool(ended)
        return False

    def _write(self, text: str) -> None:
        # Written atomically: a partial file would count as that of an ended window.
        draft = self._mine.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8") as opened:
            opened.write(text)
        draft.replace(self._mine)

    def newcomers(self) -> list[Window]:
        """Return the other windows that have opened the store since the last call."""
        others = [window for file in self._others() if self._alive(file) and (window := _window(file)) is not None]
        new = [window for window in others if window.name not in self._known]
        self._known = {window.name for window in others}
        return new

    def leave(self) -> None:
        """Unregister this window after it has closed the store."""
        with _here_guard:
            _here.discard(self._name)
        with suppress(OSError):
            self._mine.unlink(missing_ok=True)
            self._folder.rmdir()

    def _others(self) -> list[Path]:
        try:
            return sorted(file for file in self._folder.glob("*.json") if file != self._mine)
        except OSError:
            return []

    def _alive(self, file: Path) -> bool:
        window = _window(file)
        if window is None:
            return False
        if window.host == socket.gethostname():
            if window.process == os.getpid():
                with _here_guard:
                    return window.name in _here
            if not _runs(window.process):
                return False
        try:
            # Both times are from the clock of the computer that has the folder.
            return self._mine.stat().st_mtime - file.stat().st_mtime < _SILENT_AFTER
        except OSError:
            return False


def _window(file: Path) -> Window | None:
    try:
        entry = json.loads(file.read_text(encoding="utf-8"))
        return Window(file.stem, str(entry["host"]), int(entry["process"]))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _runs(process: int) -> bool:
    """Return whether a process with this number runs on this computer."""
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
