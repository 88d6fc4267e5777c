"""The small data set of the training tests."""

from tests.training.conftest import dataset_folder, samples

__all__ = ["dataset_folder", "samples"]
