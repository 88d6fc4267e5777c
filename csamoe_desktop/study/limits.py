"""How large a picture may be, and how much memory a decoder may take for it.

A few bytes can claim to be a picture of gigabytes: what a file declares is compared with these before anything decodes.
"""

import contextlib
import sys
from collections.abc import Iterator

from csamoe_desktop.errors import UserError

MOST_PIXELS = 2**26
"""Of a frame: 8192 x 8192. An ultrasound image has about one million."""
MOST_FRAMES = 20_000
"""Shown of one file: eleven minutes at thirty a second."""
MOST_UNPACKED = 2**29
"""Bytes that a file packed as a whole may come to."""
MOST_FILE = 2**31
"""Bytes of a picture file, which is read as a whole."""
ROOM = 768 * 2**20
"""Bytes that a decoder may take beyond the picture itself."""


def refuse_too_large(name: str, rows: int, columns: int) -> None:
    """Raise UserError for a picture of more pixels than any that is opened."""
    if rows * columns > MOST_PIXELS:
        raise UserError(
            f"{name} says that it is {columns:,} x {rows:,} pixels: more than an image can have here "
            f"({MOST_PIXELS // 10**6} million).",
            "It is damaged, or no ultrasound image. Export it again, in its usual size.",
        )


@contextlib.contextmanager
def limited_memory(honest: int) -> Iterator[None]:
    """Let this process take `honest` bytes and some room (ROOM) beyond what it has, where the system can hold it to that."""
    if sys.platform == "win32":
        yield  # one limit for good, by `limit_for_good`
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    try:
        with open("/proc/self/statm", encoding="ascii") as pages:
            taken = int(pages.read().split()[0]) * resource.getpagesize()
        most = taken + honest + ROOM
        resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    except (OSError, ValueError):
        pass  # macOS does not say how much is taken, nor hold to it; the deadline holds there
    try:
        yield
    finally:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def limit_for_good() -> None:
    """Hold this process to what the largest picture takes, where that is not done call by call (Windows), and let it leave
    no image of its memory behind where it dies."""
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
