"""Studies: files on disk become a Study of Frames with pixels, spacing and provenance."""
