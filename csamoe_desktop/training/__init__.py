"""Training: recipes, augmentation, the loop, and the step from a finished run to a model bundle."""
