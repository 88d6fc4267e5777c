"""The report inputs of the report tests."""

from tests.report.conftest import application, make, several, two_views

__all__ = ["application", "make", "several", "two_views"]
