"""Writes the demo study: a synthetic breast with a smooth or a spiculated lesion. It shows no patient.

The DICOM files are Ultrasound Image and Ultrasound Multi-frame Image objects (PS3.3 A.6, A.7) with a region calibration.
"""

import dataclasses
import uuid
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage

from csamoe_desktop.files import check_output, write_whole
from csamoe_desktop.study.anatomy import DEPTH_MM, Kind, make_breast
from csamoe_desktop.study.bmode import Scatterers, Tissue, scan, scatterers

_MARGIN = 16
"""Extra columns on either side, so that the probe can move."""

_CINE_SHAPE = (360, 420)
_CINE_FRAMES = 12
_CINE_FRAME_MS = 66

_SCANNER = "B-mode phantom"


@dataclass(frozen=True, slots=True, eq=False)
class Phantom:
    """A synthetic image.

    Attributes:
        pixels: uint8 (rows, columns).
        mask: bool (rows, columns), the lesion including the roots of its spicules.
        spacing_mm: millimetres per pixel, (row, column).
    """

    pixels: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    spacing_mm: tuple[float, float]


@dataclass(frozen=True, slots=True)
class DemoStudy:
    """The files of a written demo study."""

    smooth: Path
    spiculated: Path
    cine: Path
    smooth_png: Path
    smooth_mask: Path
    spiculated_png: Path
    spiculated_mask: Path

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files, the DICOM image of the spiculated lesion first."""
        return (
            self.spiculated,
            self.smooth,
            self.cine,
            self.spiculated_png,
            self.spiculated_mask,
            self.smooth_png,
            self.smooth_mask,
        )


@dataclass(frozen=True, slots=True, eq=False)
class PhantomScene:
    """A synthetic breast, wider than the image by a margin on either side, so that the probe can move over it."""

    tissue: Tissue
    mask: NDArray[np.bool_]
    fields: tuple[Scatterers, Scatterers]
    noise_seed: int
    spacing: float

    def scan(self, shift: int = 0, tilt: float = 0.0, number: int = 0) -> Phantom:
        """Return the image with the probe moved by `shift` columns (16 at most) and tilted; a `tilt` of pi/2 gives entirely
        different speckle. `number` seeds the noise of each frame of a cine."""
        rows, wide = self.mask.shape
        window = np.s_[:, _MARGIN + shift : wide - _MARGIN + shift]
        here = (..., window[1])
        tissue = Tissue(self.tissue.scatter[window], self.tissue.interface[window], self.tissue.attenuation[window])
        field = np.cos(tilt) * self.fields[0][here] + np.sin(tilt) * self.fields[1][here]
        noise = scatterers(np.random.default_rng([self.noise_seed, number]), (rows, wide - 2 * _MARGIN))
        pixels = scan(tissue, np.asarray(field, np.complex64), noise, self.spacing)
        return Phantom(pixels, np.ascontiguousarray(self.mask[window]), (self.spacing, self.spacing))


def make_scene(kind: Kind, seed: int = 1, shape: tuple[int, int] = (480, 560)) -> PhantomScene:
    """Return a synthetic breast for images of `shape` (rows, columns) and 36 mm depth."""
    generator = np.random.default_rng([seed, len(kind)])
    spacing = DEPTH_MM / shape[0]
    wide = (shape[0], shape[1] + 2 * _MARGIN)
    tissue, mask = make_breast(kind, generator, wide, spacing)
    fields = (scatterers(generator, wide), scatterers(generator, wide))
    return PhantomScene(tissue, mask, fields, int(generator.integers(2**31)), spacing)


def make_phantom(kind: Kind, seed: int = 1, shape: tuple[int, int] = (480, 560)) -> Phantom:
    """Return a synthetic image of 36 mm depth with a lesion; the same arguments give the same image."""
    return make_scene(kind, seed, shape).scan()


def make_cine(
    kind: Kind, seed: int = 1, shape: tuple[int, int] = _CINE_SHAPE, frames: int = _CINE_FRAMES
) -> list[Phantom]:
    """Return the frames of a cine in which the probe slides back and forth over the lesion by about a millimetre."""
    scene = make_scene(kind, seed, shape)
    turns = [2 * np.pi * number / frames for number in range(frames)]
    return [
        scene.scan(shift=round(0.8 * np.sin(turn) / scene.spacing), tilt=0.25 * (1 - np.cos(turn)), number=number)
        for number, turn in enumerate(turns)
    ]


def write_demo_study(folder: Path) -> DemoStudy:
    """Write the demo study into a folder, which is created if necessary: two images and a cine as DICOM, the images also
    as PNG with their masks; about four megabytes.

    Raises:
        UserError: a file cannot be written, or a file of that name exists that is not part of a demo study.
    """
    written = DemoStudy(
        smooth=folder / "smooth.dcm",
        spiculated=folder / "spiculated.dcm",
        cine=folder / "cine.dcm",
        smooth_png=folder / "smooth.png",
        smooth_mask=folder / "smooth_mask.png",
        spiculated_png=folder / "spiculated.png",
        spiculated_mask=folder / "spiculated_mask.png",
    )
    for field in dataclasses.fields(written):
        check_output(getattr(written, field.name), (), _is_demo)
    smooth, spiculated, cine = make_phantom("smooth"), make_phantom("spiculated"), make_cine("spiculated")
    for path, data in (
        (written.smooth, _dicom(_dataset([smooth], "Smooth", 1, 1))),
        (written.spiculated, _dicom(_dataset([spiculated], "Spiculated", 2, 1))),
        (written.cine, _dicom(_dataset(cine, "Spiculated", 2, 2))),
        (written.smooth_png, _png(smooth.pixels)),
        (written.smooth_mask, _png(smooth.mask.astype(np.uint8) * 255)),
        (written.spiculated_png, _png(spiculated.pixels)),
        (written.spiculated_mask, _png(spiculated.mask.astype(np.uint8) * 255)),
    ):
        write_whole(path, partial(Path.write_bytes, data=data))
    return written


def _is_demo(file: Path) -> bool:
    """Return whether a file is part of a demo study; a picture is recognised by the DICOM file next to it."""
    try:
        with (file if file.suffix == ".dcm" else file.with_name("smooth.dcm")).open("rb") as opened:
            return _SCANNER.encode() in opened.read(4096)
    except OSError:
        return False


def _dicom(dataset: Dataset) -> bytes:
    encoded = BytesIO()
    dataset.save_as(encoded, enforce_file_format=True)
    return encoded.getvalue()


def _png(pixels: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".png", pixels)[1].tobytes()


def _dataset(frames: list[Phantom], name: str, patient: int, series: int) -> Dataset:
    """Return the DICOM object of one image, or of a cine if there are several frames."""
    several = len(frames) > 1
    dataset = Dataset()
    dataset.SOPClassUID = UltrasoundMultiFrameImageStorage if several else UltrasoundImageStorage
    dataset.SOPInstanceUID = _uid("instance", patient, series)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian

    # Patient, study, series, equipment (PS3.3 C.7.1 to C.7.5): clearly fictitious.
    dataset.PatientName = f"Phantom^{name}"
    dataset.PatientID = f"PHANTOM-{patient}"
    dataset.PatientBirthDate = ""
    dataset.PatientSex = "O"
    dataset.StudyInstanceUID = _uid("study", patient)
    dataset.StudyID = str(patient)
    dataset.StudyDate = dataset.ContentDate = "20260105"
    dataset.StudyTime = dataset.ContentTime = f"0900{series:02d}"
    dataset.StudyDescription = "Synthetic breast ultrasound, no patient"
    dataset.AccessionNumber = f"DEMO-{patient}"
    dataset.ReferringPhysicianName = ""
    dataset.Modality = "US"
    dataset.SeriesInstanceUID = _uid("series", patient, series)
    dataset.SeriesNumber = series
    dataset.Laterality = "L"
    dataset.PatientOrientation = ""
    dataset.Manufacturer = "CSA-MoE Desktop"
    dataset.ManufacturerModelName = _SCANNER
    dataset.InstitutionName = "No institution"
    dataset.InstanceNumber = 1
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "BREAST"]
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"

    # Image pixel module, and the modules of a cine (C.7.6.3, C.7.6.5, C.7.6.6).
    dataset.Rows, dataset.Columns = frames[0].pixels.shape
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.PixelRepresentation = 0
    if several:
        dataset.NumberOfFrames = len(frames)
        dataset.FrameTime = _CINE_FRAME_MS
        dataset.FrameIncrementPointer = 0x00181063
    dataset.SequenceOfUltrasoundRegions = [_region(frames[0])]
    data = np.stack([frame.pixels for frame in frames]).tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB"
    return dataset


def _region(image: Phantom) -> Dataset:
    """Return the calibration of the whole image (C.8.5.5): 2D, tissue, centimetres per pixel."""
    region = Dataset()
    region.RegionSpatialFormat = 1
    region.RegionDataType = 1
    region.RegionFlags = 0
    region.RegionLocationMinX0 = region.RegionLocationMinY0 = 0
    region.RegionLocationMaxX1 = image.pixels.shape[1] - 1
    region.RegionLocationMaxY1 = image.pixels.shape[0] - 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = image.spacing_mm[1] / 10
    region.PhysicalDeltaY = image.spacing_mm[0] / 10
    return region


def _uid(*names: object) -> UID:
    """Return an identifier that depends only on the names (PS3.5 B.2, a UUID under 2.25)."""
    words = "/".join(str(name) for name in ("csamoe-desktop", "phantom", 1, *names))
    return UID(f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, words).int}")
