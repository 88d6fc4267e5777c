"""Lesions: masks, the tools that edit them, and the regions that the experts see."""
