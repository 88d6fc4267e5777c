"""Write docs/dicom-pixels.md: what is shown of each transfer syntax and photometric interpretation, against dcmtk's dcm2pnm.

    python docs/make_dicom_pixels.py [FOLDER]      FOLDER: more DICOM files to compare

Needs dcmtk (Debian: `apt-get install dcmtk`). Made pictures are compressed with pydicom and dcmtk, pydicom's test files are
real ones; the first frame of each is compared pixel by pixel.
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
"""Grey levels that two decoders of a lossy method may differ by in a pixel."""
JPEG = {"baseline": "+eb", "extended": "+ee", "lossless": "+el", "lossless SV1": "+e1"}


def main() -> int:
    """Make the files, compare them and the real ones, and write the page."""
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
            if (found := compared(file, Path(folder))) is not None:
                rows[found[:2]].append((file in made, *found[2:]))
                if (found[3] or 0) > LOSSY:
                    print(file.name, *found)
    PAGE.write_text(page(rows), encoding="utf-8")
    return 0


def make_files(folder: Path) -> list[Path]:
    """Return made pictures in every syntax that can be written here, grey of 8 and 12 bits and colour."""
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
            one = pydicom.dcmread(plain)
            with contextlib.suppress(Exception):  # not every meaning goes with every method
                one.compress(syntax, **({"jls_error": 2} if syntax == JPEGLSNearLossless else {}))
                files.append(save(folder / f"{name}-{syntax}.dcm", one))
        for words, option in JPEG.items():
            files += written(["dcmcjpeg", option], plain, folder / f"{name}-jpeg-{words.replace(' ', '-')}.dcm")
    return files


def dataset(pixels: NDArray[np.generic], photometric: str) -> Dataset:
    """Return a data set of one picture."""
    one = Dataset()
    one.file_meta = FileMetaDataset()
    one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    one.SOPClassUID, one.SOPInstanceUID = UltrasoundImageStorage, "1.2.3.4"
    one.StudyInstanceUID, one.SeriesInstanceUID, one.Modality = "1.2.3", "1.2.3.1", "US"
    one.Rows, one.Columns = pixels.shape[:2]
    one.SamplesPerPixel = 1 if pixels.ndim == 2 else 3
    if pixels.ndim == 3:
        one.PlanarConfiguration = 0
    one.PhotometricInterpretation, one.PixelRepresentation = photometric, 0
    one.BitsAllocated = 8 * pixels.dtype.itemsize
    one.BitsStored = 8 if pixels.dtype == np.uint8 else 12
    one.HighBit = one.BitsStored - 1
    one.PixelData = pixels.tobytes()
    one["PixelData"].VR = "OB" if pixels.dtype == np.uint8 else "OW"
    return one


def save(path: Path, one: Dataset) -> Path:
    """Write a data set and return where."""
    one.save_as(path, enforce_file_format=True)
    return path


def written(command: list[str], source: Path, target: Path) -> list[Path]:
    """Return the file that one of dcmtk's programs makes of another; none where it refuses."""
    done = subprocess.run([*command, str(source), str(target)], check=False, capture_output=True)
    return [target] if done.returncode == 0 and target.exists() else []


def compared(file: Path, folder: Path) -> tuple[str, str, str, int | None] | None:
    """Return a file's syntax and photometric interpretation, what came of it, and the largest difference to dcm2pnm's
    pixels (None: one of both shows none); None where it is no image."""
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
    except Exception:  # noqa: BLE001 (no image, or so damaged that dcmtk reads none either)
        return None
    window = [] if ours is None or study.decode.greys.window is None else _window(*study.decode.greys.window)
    program = "dcml2pnm" if "JPEG-LS" in syntax.name else "dcmj2pnm" if "JPEG " in syntax.name else "dcm2pnm"
    target = folder / "theirs.png"
    target.unlink(missing_ok=True)
    done = subprocess.run([program, "-O", *window, "+on", str(file), str(target)], check=False, capture_output=True)
    theirs = cv2.imread(str(target), cv2.IMREAD_UNCHANGED) if done.returncode == 0 and target.exists() else None
    name = syntax.name if syntax else "none given"
    if ours is None or theirs is None:
        return name, photometric, "we refuse it" if ours is None else "dcmtk reads it not", None
    theirs = cv2.cvtColor(theirs, cv2.COLOR_BGR2RGB) if theirs.ndim == 3 else theirs
    if theirs.ndim != ours.ndim:
        theirs, ours = (np.dstack([one] * 3) if one.ndim == 2 else one for one in (theirs, ours))
    if theirs.shape != ours.shape:
        return name, photometric, "another size", None
    away = np.abs(theirs.astype(int) - ours)
    return name, photometric, f"{(away > 1).mean():.1%}", int(away.max())


def _window(black: float, white: float) -> list[str]:
    """Return the options under which dcm2pnm shows these values black and white (PS3.3 C.11.2.1.2)."""
    return ["+Ww", str((black + white + 1) / 2), str(white - black + 1)]


def page(rows: dict[tuple[str, str], list[tuple[bool, str, int | None]]]) -> str:
    """Return the page."""
    lines = [
        "# DICOM pixels against dcmtk",
        "",
        "Written by `python docs/make_dicom_pixels.py`: the first frame of made files and of pydicom's test files as this program",
        "shows it, pixel by pixel against dcmtk's `dcm2pnm` (`dcmj2pnm`, `dcml2pnm`). Values of more than 8 bits go through the same",
        f"window in both (`+Ww`). Lossless methods should differ by 1 level at the most (rounding), lossy ones by {LOSSY}; where more is found,",
        "the notes below say why. Which library decodes what is in `study/dicom_decoders.py`.",
        "",
        "| transfer syntax | photometric interpretation | files (made) | largest difference | not compared |",
        "|---|---|---:|---:|---|",
    ]
    for (syntax, photometric), found in sorted(rows.items()):
        differences = [one[2] for one in found if one[2] is not None]
        others = sorted({one[1] for one in found if one[2] is None})
        most = str(max(differences)) if differences else "-"
        made = sum(one[0] for one in found)
        lines.append(f"| {syntax} | {photometric} | {len(found)} ({made}) | {most} | {', '.join(others)} |")
    notes = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    kept = notes[notes.index("\n## Notes") :] if "\n## Notes" in notes else "\n## Notes\n"
    return "\n".join(lines) + "\n" + kept


if __name__ == "__main__":
    sys.exit(main())
