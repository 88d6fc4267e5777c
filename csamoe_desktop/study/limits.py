"""Limits on the size of a picture and on the memory that its decoder may take.

A few bytes can declare a picture of gigabytes, so the declared size is checked before anything is decoded.
"""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from csamoe_desktop.errors import UserError

MOST_PIXELS = 2**26
"""Pixels of a frame: 8192 x 8192. An ultrasound image has about one million."""
MOST_FRAMES = 20_000
"""Frames shown of one file: eleven minutes at thirty a second."""
MOST_UNPACKED = 2**29
"""Bytes that a file compressed as a whole (deflated) may unpack to."""
MOST_FILE = 2**31
"""Bytes of a picture file, which is read into memory as a whole."""
ROOM = 768 * 2**20
"""Bytes that a decoder may take beyond the picture itself."""


def refuse_too_large(name: str, rows: int, columns: int) -> None:
    """Raise UserError for a picture of more than MOST_PIXELS pixels."""
    if rows * columns > MOST_PIXELS:
        raise UserError(
            f"{name} declares {columns:,} x {rows:,} pixels, more than the {MOST_PIXELS // 10**6} million that can be "
            "opened.",
            "The file is damaged or is not an ultrasound image. Export it again at its original size.",
        )


@contextlib.contextmanager
def limited_memory(decoded_bytes: int) -> Iterator[None]:
    """Limit this process to `decoded_bytes` + ROOM bytes beyond what it has, where the system can enforce that."""
    if sys.platform == "win32":
        yield  # `limit_for_good` has set one limit for all calls
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    try:
        with Path("/proc/self/statm").open(encoding="ascii") as pages:
            taken = int(pages.read().split()[0]) * resource.getpagesize()
        most = taken + decoded_bytes + ROOM
        resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    except (OSError, ValueError):
        pass  # macOS neither reports nor limits it; there the deadline is the only protection
    try:
        yield
    finally:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def limit_for_good() -> None:
    """Limit this process for its lifetime: on Windows to the memory of the largest picture; elsewhere, where memory is
    limited call by call, to no core dump."""
    if sys.platform == "win32":
        _job_of_its_own(2 * ROOM + 8 * MOST_PIXELS)
        return
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    class _Basic(ctypes.Structure):
        _fields_ = (
            ("PerProcessUserTimeLimit", ctypes.c_int64),
            ("PerJobUserTimeLimit", ctypes.c_int64),
            ("LimitFlags", wintypes.DWORD),
            ("MinimumWorkingSetSize", ctypes.c_size_t),
            ("MaximumWorkingSetSize", ctypes.c_size_t),
            ("ActiveProcessLimit", wintypes.DWORD),
            ("Affinity", ctypes.c_size_t),
            ("PriorityClass", wintypes.DWORD),
            ("SchedulingClass", wintypes.DWORD),
        )

    class _Extended(ctypes.Structure):
        _fields_ = (
            ("BasicLimitInformation", _Basic),
            ("IoInfo", ctypes.c_uint64 * 6),
            ("ProcessMemoryLimit", ctypes.c_size_t),
            ("JobMemoryLimit", ctypes.c_size_t),
            ("PeakProcessMemoryUsed", ctypes.c_size_t),
            ("PeakJobMemoryUsed", ctypes.c_size_t),
        )

    def _job_of_its_own(most: int) -> None:
        """Put this process into a job object that lets it commit `most` bytes (JOB_OBJECT_LIMIT_PROCESS_MEMORY)."""
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateJobObjectW.restype = kernel.GetCurrentProcess.restype = wintypes.HANDLE
        limits = _Extended()
        limits.BasicLimitInformation.LimitFlags = 0x100
        limits.ProcessMemoryLimit = most
        job = wintypes.HANDLE(kernel.CreateJobObjectW(None, None))
        kernel.SetInformationJobObject(job, 9, ctypes.byref(limits), ctypes.sizeof(limits))
        kernel.AssignProcessToJobObject(job, wintypes.HANDLE(kernel.GetCurrentProcess()))
