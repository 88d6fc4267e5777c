"""The session: what is open and everything the user does with it, as QtCore objects without a widget."""
