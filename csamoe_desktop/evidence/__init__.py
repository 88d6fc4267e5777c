"""Measurement: figures with intervals, run records, and the result pages made from them."""
