"""Dialogs and windows of their own, one a file."""
