"""Inference: the only place where NumPy arrays become tensors and back. Importing this package does not load torch."""
