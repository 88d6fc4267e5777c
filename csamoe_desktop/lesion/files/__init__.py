"""Mask files: reads and writes the formats of other programs."""
