"""Reads studies: turns files on disk into a Study of Frames with pixels, spacing and provenance."""
