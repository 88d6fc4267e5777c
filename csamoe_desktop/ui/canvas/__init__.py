"""The view of the frame, with its layers."""
