"""The tools of the left mouse button, one per module or kind; `toolbox` makes all tools of a canvas."""
