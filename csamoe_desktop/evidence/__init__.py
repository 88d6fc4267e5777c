"""What was measured: figures with intervals, run records, and the tables and figures made from them."""
