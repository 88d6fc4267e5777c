"""DICOM files made for the tests: every attribute given, none of a real person."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, generate_uid

MakeDicom = Callable[..., Path]


@pytest.fixture
def make_dicom(tmp_path: Path) -> MakeDicom:
    """Return make(pixels, photometric="MONOCHROME2", syntax=..., name=..., signed=False, **attributes) -> path."""

    def make(
        pixels: NDArray[np.generic],
        photometric: str = "MONOCHROME2",
        *,
        frames: int = 1,
        syntax: str = ExplicitVRLittleEndian,
        name: str = "image.dcm",
        bits: int | None = None,
        **attributes: object,
    ) -> Path:
        shape = pixels.shape[1:] if frames > 1 else pixels.shape
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID = UltrasoundImageStorage
        dataset.SOPInstanceUID = generate_uid(entropy_srcs=[name])
        dataset.Rows, dataset.Columns = shape[:2]
        dataset.SamplesPerPixel = shape[2] if len(shape) == 3 else 1
        if dataset.SamplesPerPixel > 1:
            dataset.PlanarConfiguration = 0
        dataset.PhotometricInterpretation = photometric
        dataset.BitsAllocated = pixels.dtype.itemsize * 8
        dataset.BitsStored = bits or dataset.BitsAllocated
        dataset.HighBit = dataset.BitsStored - 1
        dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
        if frames > 1:
            dataset.NumberOfFrames = frames
        data = pixels.tobytes()
        dataset.PixelData = data + b"\0" * (len(data) % 2)
        dataset["PixelData"].VR = "OW" if dataset.BitsAllocated > 8 else "OB"
        for keyword, value in attributes.items():
            setattr(dataset, keyword, value)
        if syntax != ExplicitVRLittleEndian:
            dataset.compress(syntax, pixels if frames > 1 else None)
        path = tmp_path / name
        dataset.save_as(path, enforce_file_format=True)
        return path

    return make
