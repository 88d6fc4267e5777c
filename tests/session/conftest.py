"""Fixtures for the tests of the session: a session and a window on real files."""

from tests.windows import demo, mark, measured, open_files, read, session, small_png, window

__all__ = ["demo", "mark", "measured", "open_files", "read", "session", "small_png", "window"]
