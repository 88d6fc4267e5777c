"""Signed reports: the key, whose signature it is, what breaks it, and that no report is lost where none can be made."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from csamoe_desktop import paths
from csamoe_desktop.errors import UserError
from csamoe_desktop.report.document import ReportInput
from csamoe_desktop.report.json_reading import read_json
from csamoe_desktop.report.json_report import content_sha256, report_dict
from csamoe_desktop.report.signing import (
    Signer,
    check_signature,
    own_public_key,
    public_key_text,
    read_public_key,
    signature_of,
    trusted_keys,
)
from csamoe_desktop.report.writing import write_report

Make = Callable[..., ReportInput]


@pytest.fixture
def report(make: Make, tmp_path: Path) -> Path:
    file = tmp_path / "report.json"
    assert write_report(file, make()) == ""
    return file


def forge(file: Path, how: Callable[[dict[str, Any]], object]) -> None:
    """Change a report and make every hash anew; the signature stays."""
    told = json.loads(file.read_text(encoding="utf-8"))
    how(told)
    for part in (*told["readings"], told):
        hashed = {name: one for name, one in part.items() if name not in ("parts_sha256", "content_sha256")}
        part["parts_sha256"] = {name: content_sha256(one) for name, one in hashed.items()}
    told["content_sha256"] = content_sha256({name: one for name, one in told.items() if name != "content_sha256"})
    file.write_text(json.dumps(told), encoding="utf-8")


def other_installation(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("CSAMOE_USER_FOLDER", str(folder))


def test_a_report_is_signed_by_this_installation(report: Path) -> None:
    read = read_json(report)
    assert read.signed.signer is Signer.THIS
    assert read.changed == (), "the signature is within the hashes, so that older versions verify it too"
    told = json.loads(report.read_text(encoding="utf-8"))
    key = own_public_key()
    assert key is not None
    assert told["signature"]["algorithm"] == "Ed25519"
    assert told["signature"]["fingerprint"] == key.fingerprint
    assert key.fingerprint[:16] in read.signed.words


def test_the_same_report_has_the_same_bytes(report: Path, make: Make, tmp_path: Path) -> None:
    write_report(tmp_path / "again.json", make())
    assert (tmp_path / "again.json").read_bytes() == report.read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_the_key_is_its_owners_alone_whatever_the_umask(make: Make, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_report(tmp_path / "report.json", make())
    finally:
        os.umask(before)
    file = paths.signing_key_file()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == [file.name], "nothing of it is left beside it"
    file.chmod(0o644)
    signature_of({})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_programs_that_make_the_key_at_once_agree_on_one(user_folder: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = {one["key"] for one in pool.map(lambda _: signature_of({}), range(16))}
    assert len(keys) == 1


@pytest.mark.parametrize(
    "how",
    [
        lambda told: told["readings"][0]["reading"].update(probability=0.01),
        lambda told: told["readings"][0].update(comment="Normal."),
        lambda told: told.update(institution="Another Hospital"),
        lambda told: told.update(added=1),
        lambda told: told.pop("examination"),
        lambda told: told["readings"].append(told["readings"][0]),
        lambda told: told["signature"].update(value="A" * 86 + "=="),
        lambda told: told["signature"].update(value="no base64!"),
        lambda told: told["signature"].update(value=1),
        lambda told: told["signature"].update(algorithm="none"),
        lambda told: told["signature"].update(fingerprint="0" * 64),
        lambda told: told["signature"].update(more=1),
        lambda told: told["signature"].pop("key"),
        lambda told: told.update(signature="signed"),
        lambda told: told.update(signature=[]),
    ],
)
def test_a_change_is_found_though_all_hashes_were_made_anew(
    report: Path, how: Callable[[dict[str, Any]], object]
) -> None:
    forge(report, how)
    read = read_json(report)
    assert read.changed == ()
    assert read.signed.signer is Signer.BROKEN


def test_another_installations_report_is_of_an_unknown_key_until_that_is_trusted(
    report: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    theirs = own_public_key()
    assert theirs is not None
    other_installation(monkeypatch, tmp_path / "other")
    unknown = read_json(report).signed
    assert unknown.signer is Signer.UNKNOWN
    assert "unknown key" in unknown.words
    assert not paths.signing_key_file().exists(), "reading a report makes no key"

    folder = paths.trusted_keys_folder()
    folder.mkdir(parents=True)
    (folder / "Clinic B.pem").write_text(public_key_text(theirs), encoding="ascii")
    (folder / "broken.pem").write_text("no key", encoding="ascii")
    known, left_out = trusted_keys()
    assert [one.name for one in known] == ["Clinic B"]
    assert len(left_out) == 1
    assert "does not contain a public key" in str(left_out[0])
    found = read_json(report, known).signed
    assert found.signer is Signer.KNOWN
    assert "Clinic B" in found.words


def test_resigned_by_somebody_else_it_is_not_ours_any_more(
    report: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, user_folder: Path
) -> None:
    other_installation(monkeypatch, tmp_path / "forger")

    forge(report, lambda told: told["readings"][0]["reading"].update(probability=0.01))
    forge(report, lambda told: told.update(signature=signature_of(told)))
    other_installation(monkeypatch, user_folder)
    assert read_json(report).signed.signer is Signer.UNKNOWN


def test_a_report_without_a_signature_says_so(make: Make) -> None:
    assert check_signature(report_dict(make()), []).signer is Signer.NONE


def _damaged() -> None:
    paths.signing_key_file().write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")


def _empty() -> None:
    paths.signing_key_file().write_bytes(b"")


def _folder_instead() -> None:
    paths.signing_key_file().mkdir()


def _pipe() -> None:
    os.mkfifo(paths.signing_key_file())


def _device() -> None:
    paths.signing_key_file().symlink_to("/dev/zero")


def _link_to_nothing() -> None:
    paths.signing_key_file().symlink_to("missing")


def _huge() -> None:
    with paths.signing_key_file().open("wb") as opened:
        opened.truncate(2**40)


def _rsa() -> None:
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = generate_private_key(65537, 2048)
    paths.signing_key_file().write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices of POSIX")
@pytest.mark.parametrize(
    "spoil",
    [_damaged, _empty, _folder_instead, _pipe, _device, _link_to_nothing, _huge, _rsa],
    ids=lambda one: one.__name__,
)
def test_a_report_that_cannot_be_signed_is_written_unsigned_and_that_is_said(
    make: Make, tmp_path: Path, spoil: Callable[[], None]
) -> None:
    paths.user_folder().mkdir(parents=True)
    spoil()
    said = write_report(tmp_path / "report.json", make())
    assert said.startswith("The report is not signed. The signing key")
    read = read_json(tmp_path / "report.json")
    assert read.signed.signer is Signer.NONE
    assert read.changed == ()


def test_a_users_folder_that_cannot_be_made_loses_no_report(make: Make, tmp_path: Path, user_folder: Path) -> None:
    user_folder.write_text("a file where the folder should be")
    assert "is not signed" in write_report(tmp_path / "report.json", make())
    assert read_json(tmp_path / "report.json").signed.signer is Signer.NONE


def test_without_the_package_a_report_is_unsigned_and_a_signed_one_unchecked(
    report: Path, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "cryptography"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    assert "cryptography is missing or damaged" in write_report(tmp_path / "other.json", make())
    assert read_json(report).signed.signer is Signer.UNCHECKED


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices of POSIX")
def test_what_is_no_public_key_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pem")
    (tmp_path / "zero.pem").symlink_to("/dev/zero")
    (tmp_path / "empty.pem").write_bytes(b"")
    (tmp_path / "noise.pem").write_bytes(bytes(range(256)))
    signature_of({})
    (tmp_path / "private.pem").write_bytes(paths.signing_key_file().read_bytes())
    for name in ("pipe", "zero", "empty", "noise", "private", "missing"):
        with pytest.raises(UserError, match="could not be read|does not contain a public key"):
            read_public_key(tmp_path / f"{name}.pem")


def test_the_window_opens_without_the_package() -> None:
    program = "import sys, csamoe_desktop.ui.shell.app, csamoe_desktop.cli; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "False", done.stderr
