"""Inference: the only border between NumPy arrays and tensors. Importing this package does not load torch."""
