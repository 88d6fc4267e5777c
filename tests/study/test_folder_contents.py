"""What is in a folder, an archive and on a disc: the order by patient and examination, traps, passwords, missing files."""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest

from csamoe_desktop.errors import UserError
from csamoe_desktop.study import archive
from csamoe_desktop.study.archive import Unpacked
from csamoe_desktop.study.folder import holds_images, images_in, images_of
from csamoe_desktop.study.opening import open_study

DISC = Path(str(pydicom.data.get_testdata_file("dicomdirtests/DICOMDIR", download=False)))


def grey(value: int = 90):
    return np.full((20, 30), value, np.uint8)


@pytest.fixture
def patients(tmp_path, make_dicom):
    """Two patients; the first with two examinations, their files named against their order."""
    folder = tmp_path / "all"
    folder.mkdir()
    for name, facts in {
        "a": ("P1", "20200105", "1.1", 2, "1.1.2", 1),
        "b": ("P1", "20200105", "1.1", 1, "1.1.1", 10),
        "c": ("P2", "20210101", "1.3", 1, "1.3.1", 1),
        "d": ("P1", "20200105", "1.1", 1, "1.1.1", 9),
        "e": ("P1", "20240630", "1.2", 1, "1.2.1", 1),
    }.items():
        patient, date, study, number, series, instance = facts
        made = make_dicom(
            grey(), name=name, PatientID=patient, StudyDate=date, StudyInstanceUID=study, SeriesNumber=number,
            SeriesInstanceUID=series, InstanceNumber=instance,
        )  # fmt: skip
        made.rename(folder / name)
    return folder


def found(path, tmp_path, **more):
    return [file.name for file in images_of(path, lambda: tmp_path / "unpacked", **more).files]


def test_dicom_images_come_by_patient_examination_series_and_instance(patients, tmp_path):
    assert found(patients, tmp_path) == ["e", "d", "b", "a", "c"], "the newest examination first, instance 9 before 10"


def test_pictures_keep_their_places_and_headers_that_say_nothing_change_nothing(patients, tmp_path, make_dicom):
    make_dicom(grey(), name="bb").rename(patients / "bb")
    (patients / "aa.png").write_bytes(_png())
    assert found(patients, tmp_path) == ["bb", "aa.png", "e", "d", "b", "a", "c"]


def test_a_damaged_header_is_listed_and_refused_only_when_it_is_opened(patients, tmp_path):
    whole = (patients / "e").read_bytes()
    (patients / "e").write_bytes(whole[:200])
    assert sorted(found(patients, tmp_path)) == ["a", "b", "c", "d", "e"]


def test_looking_tells_what_is_done_and_can_be_stopped_while_sorting(patients, tmp_path):
    told: list[str] = []

    def looking(share: float, words: str) -> None:
        told.append(words)
        if "Sorting" in words:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        found(patients, tmp_path, looking=looking)
    assert any("images so far" in words for words in told)


# -- discs


def test_a_disc_gives_the_files_its_table_names_in_its_order(tmp_path):
    assert holds_images(DISC)
    with_names = images_of(DISC, lambda: tmp_path)
    named = [
        DISC.parent.joinpath(*record.ReferencedFileID)
        for record in pydicom.dcmread(DISC).DirectoryRecordSequence
        if record.DirectoryRecordType == "IMAGE"
    ]
    there = [file for file in named if file.is_file()]
    assert there
    assert [file for file in with_names.files if file in named] == there
    assert with_names.name == "DICOMDIR"
    if missing := len(named) - len(there):
        assert f"{missing} images" in with_names.cut


def test_a_disc_copied_in_small_letters_and_with_versions_is_read(tmp_path):
    table = pydicom.dcmread(DISC)
    first = next(one for one in table.DirectoryRecordSequence if one.DirectoryRecordType == "IMAGE")
    source = DISC.parent.joinpath(*first.ReferencedFileID)
    copied = tmp_path.joinpath(*(part.lower() for part in first.ReferencedFileID))
    copied = copied.with_name(copied.name + ";1")
    copied.parent.mkdir(parents=True)
    shutil.copy(source, copied)
    shutil.copy(DISC, tmp_path / "dicomdir")
    disc = images_of(tmp_path / "dicomdir", lambda: tmp_path)
    assert disc.files == (copied,)
    assert "missing" in disc.note(1)


def test_a_disc_s_table_leads_nowhere_else(tmp_path):
    table = pydicom.dcmread(DISC)
    secret = tmp_path / "secret"
    shutil.copy(DISC.parent / "77654033" / "CR1" / "6154", secret)
    (tmp_path / "disc").mkdir()
    for record in table.DirectoryRecordSequence:
        if record.DirectoryRecordType == "IMAGE":
            record.ReferencedFileID = ["AA", "SECRET"]
    table.save_as(tmp_path / "disc" / "DICOMDIR")
    # pydicom does not write such names; somebody with an editor does.
    bad = (tmp_path / "disc" / "DICOMDIR").read_bytes().replace(b"AA\\SECRET", b"..\\secret")
    (tmp_path / "disc" / "DICOMDIR").write_bytes(bad)
    with pytest.raises(UserError, match="all of them are missing"):
        images_of(tmp_path / "disc" / "DICOMDIR", lambda: tmp_path)


def test_a_disc_without_its_files_or_damaged_is_refused(tmp_path):
    shutil.copy(DISC, tmp_path / "DICOMDIR")
    with pytest.raises(UserError, match="all of them are missing") as refused:
        images_of(tmp_path / "DICOMDIR", lambda: tmp_path)
    assert "whole disc" in refused.value.hint
    (tmp_path / "DICOMDIR").write_bytes(DISC.read_bytes()[:500])
    with pytest.raises(UserError):
        images_of(tmp_path / "DICOMDIR", lambda: tmp_path)


# -- archives


def _png() -> bytes:
    import cv2

    return bytes(cv2.imencode(".png", grey())[1].tobytes())


def zipped(file: Path, members: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(file, "w", how) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return file


def test_the_images_of_an_archive_are_unpacked_for_their_owner_alone_and_open(patients, tmp_path):
    members = {f"disc/{file.name}": file.read_bytes() for file in patients.iterdir()}
    made = zipped(tmp_path / "Mrs X.zip", {**members, "disc/readme.txt": b"hello", "disc/viewer.exe": b"MZ"})
    images = images_of(made, lambda: tmp_path / "unpacked")
    assert [file.name for file in images.files] == ["e", "d", "b", "a", "c"]
    assert images.note(5) == "5 images of Mrs X.zip are open; 2 files that are not images were skipped."
    for file in images.files:
        assert open_study(file).frame(0).shape == (20, 30)
        if os.name == "posix":
            assert file.stat().st_mode & 0o077 == 0
    assert not list((tmp_path / "unpacked").rglob("*.exe")), "what is no image is not unpacked"


@pytest.mark.parametrize(
    "name", ["../../out.png", "/etc/out.png", "C:\\out.png", "a/../../out.png", "nul\x00l.png", "con?.png", "x" * 300]
)  # fmt: skip
def test_no_name_in_an_archive_leads_out_of_its_folder(tmp_path, name):
    made = zipped(tmp_path / "a.zip", {name: _png()})
    inside = tmp_path / "deep" / "unpacked"
    images = images_of(made, lambda: inside)
    assert len(images.files) == 1
    assert all(file.resolve().is_relative_to(inside.resolve()) for file in images.files)
    assert {one.name for one in tmp_path.iterdir()} == {"a.zip", "deep"}


def test_names_that_differ_in_case_alone_are_both_unpacked(tmp_path):
    made = zipped(tmp_path / "a.zip", {"IM1.PNG": _png(), "im1.png": _png()})
    assert len(images_of(made, lambda: tmp_path / "u").files) == 2


def test_a_trap_is_left_out_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "_ODDLY_SMALL", (2**16, 500))
    made = zipped(tmp_path / "a.zip", {"bomb.png": _png() + bytes(2**20), "good.png": _png()})
    assert [file.name for file in images_of(made, lambda: tmp_path / "u").files] == ["good.png"]


def test_an_archive_larger_than_the_disk_is_refused_with_both_sizes(tmp_path, monkeypatch):
    made = zipped(tmp_path / "a.zip", {"a.png": _png()})
    monkeypatch.setattr(archive.shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(100, 90, 10))
    with pytest.raises(UserError, match="MB when unpacked, but the disk has only") as refused:
        images_of(made, lambda: tmp_path / "u")
    assert "Free some disk space" in refused.value.hint


def test_damaged_protected_and_empty_archives_and_documents_are_refused_as_what_they_are(tmp_path):
    made = zipped(tmp_path / "a.zip", {"a.png": _png(), "b.png": _png()})
    whole = made.read_bytes()
    for cut in (whole[:-30], whole[: len(whole) // 2], b"PK\x03\x04" + bytes(100)):
        made.write_bytes(cut)
        with pytest.raises(UserError, match="damaged ZIP"):
            images_of(made, lambda: tmp_path / "u1")
    changed = bytearray(whole)
    changed[45:60] = bytes(15)
    made.write_bytes(changed)
    with pytest.raises(UserError):
        images_of(made, lambda: tmp_path / "u2")
    with pytest.raises(UserError, match=r"no image in the archive .* \(1 file searched\)"):
        images_of(zipped(tmp_path / "b.zip", {"a.txt": b"x"}), lambda: tmp_path / "u3")
    with pytest.raises(UserError, match="Office document"):
        images_of(
            zipped(tmp_path / "c.docx", {"[Content_Types].xml": b"<", "m/a.png": _png()}), lambda: tmp_path / "u4"
        )
    locked = bytearray(whole)
    # The flag of a password, in both of the headers.
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = locked.find(mark)
        while at >= 0:
            locked[at + offset] |= 1
            at = locked.find(mark, at + 1)
    made.write_bytes(locked)
    with pytest.raises(UserError, match="password"):
        images_of(made, lambda: tmp_path / "u5")


def test_what_was_unpacked_goes_as_the_program_ends_and_what_a_crash_left_by_the_next_start(tmp_path):
    ended = subprocess.Popen(["true"] if os.name == "posix" else ["cmd", "/c", "exit"])
    ended.wait()
    left = tmp_path / f"{ended.pid}-abc"
    left.mkdir(parents=True)
    (left / "patient.dcm").write_bytes(b"x")
    running = tmp_path / f"{os.getppid()}-def"
    running.mkdir()
    unpacked = Unpacked(tmp_path)
    first, second = unpacked.new_folder(), unpacked.new_folder()
    assert first != second
    if os.name == "posix":
        assert first.stat().st_mode & 0o077 == 0
        assert not left.exists(), "that process has ended"
    assert running.exists(), "that process runs"
    unpacked.remove()
    assert not first.exists()
    assert not second.exists()


def test_a_folder_is_no_archive(tmp_path):
    assert holds_images(tmp_path)
    (tmp_path / "a.png").write_bytes(_png())
    assert not holds_images(tmp_path / "a.png")
    assert not holds_images(tmp_path / "gone")
    assert images_in(tmp_path).name == tmp_path.name
