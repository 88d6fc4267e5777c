"""The content of a report as data, shared by text, JSON, PDF and the panels of the window."""
