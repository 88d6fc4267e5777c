"""The two side columns: studies and frames; lesion, assessment, AI result and report."""
