"""The local store: the reader's work on each image, saved from the first stroke on, in one SQLite file per user."""
