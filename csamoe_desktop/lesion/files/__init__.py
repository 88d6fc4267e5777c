"""Mask files: reading and writing the formats that other programs use."""
