"""The window on real files, for the tests of this room."""

from tests.windows import demo, mark, measured, open_files, read, session, small_png, window

__all__ = ["demo", "mark", "measured", "open_files", "read", "session", "small_png", "window"]
