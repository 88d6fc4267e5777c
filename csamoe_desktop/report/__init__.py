"""Reports: what is said of a reading, once, and the writers that put it on paper."""
