"""Dataset folders, their splits and protocols, and other outlines of their lesions."""
