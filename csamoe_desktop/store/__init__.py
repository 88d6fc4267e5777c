"""The local store: what the reader has done on each image, kept from the first stroke on, in one file of the user's."""
