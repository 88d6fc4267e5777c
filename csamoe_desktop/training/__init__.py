"""Training and evaluation: dataset folders, splits, augmentation, the loop, metrics."""
