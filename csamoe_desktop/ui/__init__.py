"""The window. This package alone knows Qt's widgets; importing it does not load torch."""
