"""The canvas: the current frame, its overlays and notes, and the mouse and keyboard on it."""
