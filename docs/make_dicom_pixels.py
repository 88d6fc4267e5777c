"""Write docs/dicom-pixels.md: compares the pixels of each transfer syntax and photometric interpretation with dcmtk's dcm2pnm.

    python docs/make_dicom_pixels.py [FOLDER]      FOLDER: more DICOM files to compare

Needs dcmtk (Debian: `apt-get install dcmtk`). Generated images are compressed with pydicom and dcmtk; pydicom's test files are
real images. The first frame of each file is compared pixel by pixel.
"""

import contextlib
import logging
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
    UltrasoundImageStorage,
)

from csamoe_desktop.errors import UserError
from csamoe_desktop.study.dicom import NoImage, open_dicom

PAGE = Path(__file__).with_name("dicom-pixels.md")
LOSSY = 6
"""Grey levels by which two decoders of a lossy method may differ in a pixel."""
JPEG = {"baseline": "+eb", "extended": "+ee", "lossless": "+el", "lossless SV1": "+e1"}


def main() -> int:
    """Generate files, compare them and the real ones, and write the page."""
    if not shutil.which("dcm2pnm"):
        print("dcm2pnm is missing: apt-get install dcmtk", file=sys.stderr)
        return 2
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        made = make_files(Path(folder))
        real = Path(pydicom.__file__).parent / "data" / "test_files"
        files = [*made, *sorted(real.glob("*.dcm")), *(sorted(Path(sys.argv[1]).rglob("*")) if sys.argv[1:] else ())]
        rows = defaultdict(list)
        for file in files:
            if (result := compared(file, Path(folder))) is not None:
                rows[result[:2]].append((file in made, *result[2:]))
                if (result[3] or 0) > LOSSY:
                    print(file.name, *result)
    PAGE.write_text(page(rows), encoding="utf-8")
    return 0


def make_files(folder: Path) -> list[Path]:
    """Return generated images in every syntax that can be written here: 8-bit and 12-bit grey, and colour."""
    random = np.random.default_rng(0)
    grey = np.clip(np.linspace(10, 230, 96)[None] + random.normal(0, 8, (64, 96)), 0, 255).astype(np.uint8)
    colour = np.dstack([grey] * 3)
    colour[8:24, 8:40] = (200, 40, 30)
    pictures = {"MONOCHROME2": grey, "MONOCHROME1": grey, "12-bit": grey.astype(np.uint16) << 4, "RGB": colour}
    pictures["YBR_FULL"] = np.ascontiguousarray(cv2.cvtColor(colour, cv2.COLOR_RGB2YCrCb)[..., [0, 2, 1]])
    files = []
    for name, pixels in pictures.items():
        plain = save(folder / f"{name}.dcm", dataset(pixels, "MONOCHROME2" if name == "12-bit" else name))
        files.append(plain)
        for syntax in (ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian):
            option = {ImplicitVRLittleEndian: "+ti", ExplicitVRBigEndian: "+tb", DeflatedExplicitVRLittleEndian: "+td"}
            files += written(["dcmconv", option[syntax]], plain, folder / f"{name}-{syntax}.dcm")
        for syntax in (RLELossless, JPEGLSLossless, JPEGLSNearLossless, JPEG2000Lossless):
            image = pydicom.dcmread(plain)
            with contextlib.suppress(Exception):  # some methods do not support every photometric interpretation
                image.compress(syntax, **({"jls_error": 2} if syntax == JPEGLSNearLossless else {}))
                files.append(save(folder / f"{name}-{syntax}.dcm", image))
        for words, option in JPEG.items():
            files += written(["dcmcjpeg", option], plain, folder / f"{name}-jpeg-{words.replace(' ', '-')}.dcm")
    return files


def dataset(pixels: NDArray[np.generic], photometric: str) -> Dataset:
    """Return a DICOM data set with one image."""
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.SOPClassUID, header.SOPInstanceUID = UltrasoundImageStorage, "1.2.3.4"
    header.StudyInstanceUID, header.SeriesInstanceUID, header.Modality = "1.2.3", "1.2.3.1", "US"
    header.Rows, header.Columns = pixels.shape[:2]
    header.SamplesPerPixel = 1 if pixels.ndim == 2 else 3
    if pixels.ndim == 3:
        header.PlanarConfiguration = 0
    header.PhotometricInterpretation, header.PixelRepresentation = photometric, 0
    header.BitsAllocated = 8 * pixels.dtype.itemsize
    header.BitsStored = 8 if pixels.dtype == np.uint8 else 12
    header.HighBit = header.BitsStored - 1
    header.PixelData = pixels.tobytes()
    header["PixelData"].VR = "OB" if pixels.dtype == np.uint8 else "OW"
    return header


def save(path: Path, image: Dataset) -> Path:
    """Write a data set and return its path."""
    image.save_as(path, enforce_file_format=True)
    return path


def written(command: list[str], source: Path, target: Path) -> list[Path]:
    """Run a dcmtk program that converts `source`; return [target], or [] if the program fails."""
    done = subprocess.run([*command, str(source), str(target)], check=False, capture_output=True)
    return [target] if done.returncode == 0 and target.exists() else []


def compared(file: Path, folder: Path) -> tuple[str, str, str, int | None] | None:
    """Return a file's transfer syntax, photometric interpretation, result in words, and largest difference to dcm2pnm's pixels.

    The difference is None if one of the two programs shows no pixels. Returns None if the file has no image.
    """
    try:
        study = open_dicom(file)
        ours = study.frame(0).pixels
    except NoImage:
        return None
    except UserError:
        ours = None
    try:
        header = pydicom.dcmread(file, stop_before_pixels=True, force=True)
        syntax = UID(str(header.file_meta.get("TransferSyntaxUID", "")))
        photometric = str(header.PhotometricInterpretation)
    except Exception:  # noqa: BLE001 (no image, or so damaged that dcmtk cannot read it either)
        return None
    window = [] if ours is None or study.decode.greys.window is None else _window(*study.decode.greys.window)
    program = "dcml2pnm" if "JPEG-LS" in syntax.name else "dcmj2pnm" if "JPEG " in syntax.name else "dcm2pnm"
    target = folder / "theirs.png"
    target.unlink(missing_ok=True)
    done = subprocess.run([program, "-O", *window, "+on", str(file), str(target)], check=False, capture_output=True)
    theirs = cv2.imread(str(target), cv2.IMREAD_UNCHANGED) if done.returncode == 0 and target.exists() else None
    name = syntax.name if syntax else "none given"
    if ours is None or theirs is None:
        return name, photometric, "this program refuses it" if ours is None else "dcmtk cannot read it", None
    theirs = cv2.cvtColor(theirs, cv2.COLOR_BGR2RGB) if theirs.ndim == 3 else theirs
    if theirs.ndim != ours.ndim:
        theirs, ours = (np.dstack([pixels] * 3) if pixels.ndim == 2 else pixels for pixels in (theirs, ours))
    if theirs.shape != ours.shape:
        return name, photometric, "another size", None
    difference = np.abs(theirs.astype(int) - ours)
    return name, photometric, f"{(difference > 1).mean():.1%}", int(difference.max())


def _window(black: float, white: float) -> list[str]:
    """Return the options that make dcm2pnm show these values as black and white (PS3.3 C.11.2.1.2)."""
    return ["+Ww", str((black + white + 1) / 2), str(white - black + 1)]


def page(rows: dict[tuple[str, str], list[tuple[bool, str, int | None]]]) -> str:
    """Return the page; its notes are taken over from the existing page."""
    lines = [
        "# DICOM pixels against dcmtk",
        "",
        "Written by `python docs/make_dicom_pixels.py`. It compares the first frame of generated files and of pydicom's test files,",
        "as this program shows it, pixel by pixel with dcmtk's `dcm2pnm` (`dcmj2pnm`, `dcml2pnm`). Values of more than 8 bits use the",
        f"same window in both (`+Ww`). Lossless methods should differ by at most 1 grey level (rounding), lossy ones by at most {LOSSY};",
        "the notes below explain larger differences. `study/dicom_decoders.py` says which library decodes which transfer syntax.",
        "",
        "| transfer syntax | photometric interpretation | files (generated) | largest difference | not compared |",
        "|---|---|---:|---:|---|",
    ]
    for (syntax, photometric), results in sorted(rows.items()):
        differences = [difference for _, _, difference in results if difference is not None]
        others = sorted({words for _, words, difference in results if difference is None})
        largest = str(max(differences)) if differences else "-"
        generated = sum(is_generated for is_generated, _, _ in results)
        lines.append(f"| {syntax} | {photometric} | {len(results)} ({generated}) | {largest} | {', '.join(others)} |")
    notes = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    kept = notes[notes.index("\n## Notes") :] if "\n## Notes" in notes else "\n## Notes\n"
    return "\n".join(lines) + "\n" + kept


if __name__ == "__main__":
    sys.exit(main())
