"""Lesions: masks, the tools that edit them, and the regions the experts look at."""
