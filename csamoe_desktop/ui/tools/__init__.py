"""The tools that mark a lesion with the mouse, one a module; `toolbox` makes them all for a canvas."""
