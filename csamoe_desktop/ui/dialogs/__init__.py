"""Dialogs and separate windows, one per file."""
