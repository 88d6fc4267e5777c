"""Decoding in another process: the same pixels, the same refusals, and a process that ends takes no more than a frame along."""

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless

from csamoe_desktop.errors import UserError
from csamoe_desktop.study.decoding import DecodingProcess
from csamoe_desktop.study.dicom import open_dicom
from csamoe_desktop.study.model import QUICK_VALUES

MakeDicom = Callable[..., Path]
FRAMES = np.stack([np.full((40, 56), 10 + 20 * number, np.uint8) for number in range(4)])
FRAMES[:, 5:20, 7:30] += 3


@pytest.fixture
def process() -> Iterator[DecodingProcess]:
    made = DecodingProcess()
    yield made
    made.close()


def start(process: DecodingProcess) -> None:
    process.start()
    while not process.up:
        sleep(0.01)


def where(index: int) -> NDArray[np.uint8]:
    """Return the number of the process that decodes, as bytes; the second frame ends it, the third is refused."""
    if index == 1:
        os._exit(3)
    if index == 2:
        raise UserError("refused", "as here")
    if index == 3:
        raise ValueError("a fault")
    if index == 4:
        sleep(60)
    if index == 5:
        return np.ones(3 * 2**30, np.uint8)
    return np.frombuffer(os.getpid().to_bytes(8, sys.byteorder), np.uint8)


def number(pixels: NDArray[np.uint8]) -> int:
    return int.from_bytes(pixels.tobytes(), sys.byteorder)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless])
def test_a_compressed_frame_is_the_same_from_the_other_process(
    make_dicom: MakeDicom, process: DecodingProcess, syntax: str
) -> None:
    study = open_dicom(make_dicom(FRAMES, frames=4, syntax=syntax))
    start(process)
    for index in (2, 0, 3):
        assert np.array_equal(process.pixels(study.decode, index), FRAMES[index])


def test_it_decodes_there_and_never_here(process: DecodingProcess) -> None:
    there = number(process.pixels(where, 0))
    assert there != os.getpid()
    assert number(process.pixels(where, 0)) == there
    process.close()
    with pytest.raises(UserError, match="did not start"):
        process.pixels(where, 0)


def test_refusals_and_faults_come_over(process: DecodingProcess) -> None:
    start(process)
    with pytest.raises(UserError) as refusal:
        process.pixels(where, 2)
    assert (refusal.value.message, refusal.value.hint) == ("refused", "as here")
    with pytest.raises(RuntimeError, match="a fault"):
        process.pixels(where, 3)
    assert number(process.pixels(where, 0)) != os.getpid()


def test_a_decoder_that_ends_its_process_costs_one_frame_and_never_the_program(process: DecodingProcess) -> None:
    start(process)
    first = number(process.pixels(where, 0))
    for _ in range(2):
        with pytest.raises(UserError, match="cannot be decoded"):
            process.pixels(where, 1)
    assert number(process.pixels(where, 0)) not in (first, os.getpid())


def test_a_frame_that_does_not_come_is_given_up_and_the_next_one_decoded() -> None:
    process = DecodingProcess(deadline=1.0)
    try:
        first = number(process.pixels(where, 0))
        with pytest.raises(UserError, match="could not be decoded within 1 seconds"):
            process.pixels(where, 4)
        assert number(process.pixels(where, 0)) not in (first, os.getpid())
    finally:
        process.close()


@pytest.mark.skipif(sys.platform != "linux", reason="no limit of memory a call elsewhere")
def test_a_frame_that_takes_all_memory_is_refused(process: DecodingProcess) -> None:
    first = number(process.pixels(where, 0))
    with pytest.raises(UserError, match="far more memory"):
        process.pixels(where, 5)
    assert number(process.pixels(where, 0)) == first


def test_closing_does_not_wait_for_a_frame_that_does_not_come() -> None:
    process = DecodingProcess(deadline=60)
    assert number(process.pixels(where, 0)) != os.getpid()
    with ThreadPoolExecutor(1) as threads:
        hanging = threads.submit(process.pixels, where, 4)
        sleep(0.3)
        process.close()
        with pytest.raises(UserError):
            hanging.result(timeout=30)


def test_a_damaged_frame_is_refused_in_the_same_words(make_dicom: MakeDicom, process: DecodingProcess) -> None:
    path = make_dicom(FRAMES, frames=4, syntax=JPEG2000Lossless)
    dataset = pydicom.dcmread(path)
    frames = list(generate_frames(dataset.PixelData, number_of_frames=4))
    frames[2] = frames[2][:20]
    dataset.PixelData = encapsulate(frames)
    dataset.save_as(path)
    study = open_dicom(path)
    start(process)
    with pytest.raises(UserError) as here:
        study.frame(2)
    with pytest.raises(UserError) as there:
        process.pixels(study.decode, 2)
    assert (there.value.message, there.value.hint) == (here.value.message, here.value.hint)
    assert "Frame 3 of image.dcm" in there.value.message
    assert np.array_equal(process.pixels(study.decode, 1), FRAMES[1])


def test_what_is_quick_is_said_by_the_reader(make_dicom: MakeDicom) -> None:
    plain = open_dicom(make_dicom(FRAMES, frames=4, name="plain.dcm"))
    packed = open_dicom(make_dicom(FRAMES, frames=4, name="packed.dcm", syntax=JPEG2000Lossless))
    side = int(QUICK_VALUES**0.5) + 1
    large = open_dicom(make_dicom(np.zeros((side, side), np.uint8), name="large.dcm"))
    assert (plain.quick, plain.apart) == (True, False)
    assert (packed.quick, packed.apart) == (False, True)
    assert (large.quick, large.apart) == (False, True)


def test_a_file_held_in_memory_is_not_sent_to_the_other_process(make_dicom: MakeDicom) -> None:
    path = make_dicom(FRAMES, frames=4)
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.save_as(path)
    study = open_dicom(path)
    assert (study.quick, study.apart) == (True, False)
