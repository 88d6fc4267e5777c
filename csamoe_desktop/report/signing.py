"""Signatures of JSON reports: the installation's key (Ed25519, RFC 8032), and the trusted keys of other installations.

The key is made with the first report and stored in the user's folder, readable by its owner only. A signature shows which
installation wrote a report and that it was not changed since; it does not show which person wrote it. `cryptography` is
imported only for signing and checking.
"""

import base64
import binascii
import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csamoe_desktop import paths
from csamoe_desktop.errors import UserError
from csamoe_desktop.files import reason
from csamoe_desktop.untrusted import one_line, read_plain

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ALGORITHM = "Ed25519"
SIGNATURE = "signature"
NOT_SIGNED = frozenset({SIGNATURE, "parts_sha256", "content_sha256"})
"""Not covered by the signature: itself, and the hashes, which follow from the rest and cover the signature too."""
_PURPOSE = b"csamoe-desktop report, signature 1\n"
_MOST_BYTES = 8192
_SHORT = 16
_REINSTALL = "Install the program again: its package cryptography is missing or damaged."


class Signer(StrEnum):
    """The result of a signature check."""

    THIS = "this installation"
    KNOWN = "known key"
    UNKNOWN = "unknown key"
    NONE = "unsigned"
    BROKEN = "broken"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key for checking signatures: 32 bytes, and the name of its owner on this computer."""

    raw: bytes
    name: str

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the key, in hexadecimal."""
        return hashlib.sha256(self.raw).hexdigest()


@dataclass(frozen=True, slots=True)
class Signed:
    """The result of a signature check, and the same as text."""

    signer: Signer
    words: str


def signature_of(report: dict[str, Any]) -> dict[str, str]:
    """Return the signature of `report` in its stored form. Makes the installation's key if there is none.

    Raises:
        UserError: the key cannot be made or read, or `cryptography` is missing; the report is then written unsigned.
    """
    key = _own_key()
    raw = key.public_key().public_bytes_raw()
    return {
        "algorithm": ALGORITHM,
        "key": base64.b64encode(raw).decode("ascii"),
        "fingerprint": hashlib.sha256(raw).hexdigest(),
        "value": base64.b64encode(key.sign(_signed_bytes(report))).decode("ascii"),
    }


def check_signature(report: dict[str, Any], known: list[PublicKey]) -> Signed:
    """Return the result of checking the signature of `report`; `known` are trusted keys besides this installation's."""
    signature = report.get(SIGNATURE)
    if signature is None:
        return Signed(
            Signer.NONE, "not signed: its author is unknown, and its hashes may have been recomputed after a change"
        )
    try:
        raw, value = _signature_parts(signature)
    except ValueError as problem:
        return Signed(Signer.BROKEN, f"the signature is broken: {problem}")
    fingerprint = hashlib.sha256(raw).hexdigest()[:_SHORT]
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except (ImportError, OSError):
        return Signed(
            Signer.UNCHECKED, f"signed with key {fingerprint}; this cannot be checked on this computer. {_REINSTALL}"
        )
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(value, _signed_bytes(report))
    except (InvalidSignature, ValueError):
        return Signed(
            Signer.BROKEN, f"the signature with key {fingerprint} is broken: the report was changed after it was signed"
        )
    own = own_public_key()
    if own is not None and own.raw == raw:
        return Signed(Signer.THIS, f"signed by this installation (key {fingerprint})")
    for key in known:
        if key.raw == raw:
            return Signed(Signer.KNOWN, f"signed by {one_line(key.name, 60)}, a known key ({fingerprint})")
    return Signed(
        Signer.UNKNOWN,
        f"signed with unknown key {fingerprint}: anybody may have signed it; if you trust the key, give it with --key",
    )


def own_public_key(make: bool = False) -> PublicKey | None:
    """Return this installation's public key; None where there is none or it cannot be read. `make`: make one if needed.

    Raises:
        UserError: with `make` only: the key cannot be made or read.
    """
    try:
        if not make and not paths.signing_key_file().exists():
            return None
        return PublicKey(_own_key().public_key().public_bytes_raw(), "this installation")
    except (UserError, OSError):
        if make:
            raise
        return None


def public_key_text(key: PublicKey) -> str:
    """Return a key as the text of a .pem file, for giving to others."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = Ed25519PublicKey.from_public_bytes(key.raw)
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def read_public_key(file: Path) -> PublicKey:
    """Return the key in a .pem file, named after the file.

    Raises:
        UserError: the file cannot be read, or has no public Ed25519 key.
    """
    hint = "Give a file with the output of `csamoe-desktop verify --own-key` on the other computer."
    try:
        data = read_plain(file, _MOST_BYTES)
    except (OSError, ValueError) as problem:
        raise UserError(f"The key {file} could not be read: {_why(problem)}.", hint) from problem
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    except (ImportError, OSError) as problem:
        raise UserError("Keys cannot be read.", _REINSTALL) from problem
    try:
        key = load_pem_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise UserError(f"{file} does not contain a public key.", hint) from problem
    if not isinstance(key, Ed25519PublicKey):
        raise UserError(f"{file} contains a public key that is not {ALGORITHM}.", hint)
    return PublicKey(key.public_bytes_raw(), file.stem)


def trusted_keys() -> tuple[list[PublicKey], list[UserError]]:
    """Return the keys in the user's folder of trusted keys, and the problem with each other file in it."""
    keys, problems = [], []
    try:
        files = sorted(paths.trusted_keys_folder().glob("*.pem"))
    except OSError:
        return [], []
    for file in files:
        try:
            keys.append(read_public_key(file))
        except UserError as problem:
            problems.append(problem)
    return keys, problems


def _signed_bytes(report: dict[str, Any]) -> bytes:
    """Return the signed bytes of a report: _PURPOSE, then its content as JSON without spaces and with sorted keys."""
    content = {name: part for name, part in report.items() if name not in NOT_SIGNED}
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return _PURPOSE + canonical.encode("utf-8", "surrogatepass")


def _signature_parts(signature: object) -> tuple[bytes, bytes]:
    """Return key and value of a report's signature.

    Raises:
        ValueError: it does not have the form that `signature_of` writes.
    """
    if not isinstance(signature, dict) or set(signature) != {"algorithm", "key", "fingerprint", "value"}:
        raise ValueError("this program did not write it")
    if signature["algorithm"] != ALGORITHM:
        raise ValueError("it uses another algorithm")
    try:
        raw, value = (base64.b64decode(signature[name], validate=True) for name in ("key", "value"))
    except (TypeError, ValueError, binascii.Error) as problem:
        raise ValueError("it cannot be decoded") from problem
    if len(raw) != 32 or len(value) != 64:
        raise ValueError("it has the wrong length")
    if signature["fingerprint"] != hashlib.sha256(raw).hexdigest():
        raise ValueError("its fingerprint does not match its key")
    return raw, value


def _own_key() -> "Ed25519PrivateKey":
    """Return the installation's private key; make it if there is none.

    Raises:
        UserError: the key cannot be made or read or is damaged, or `cryptography` is missing.
    """
    file = paths.signing_key_file()
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except (ImportError, OSError) as problem:
        raise UserError("Reports cannot be signed.", _REINSTALL) from problem
    hint = "Check that the program may read and write that folder and that its disk is not full."
    try:
        if not os.path.lexists(file):
            _make_key(file)
        data = read_plain(file, _MOST_BYTES)
        if os.name == "posix" and file.stat().st_mode & 0o077:
            file.chmod(0o600)
    except (OSError, ValueError) as problem:
        raise UserError(f"The signing key {file} could not be used: {_why(problem)}.", hint) from problem
    try:
        key = load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise UserError(
            f"The signing key {file} is damaged.",
            "Restore it from a backup, or move it away: the next report then makes a new key.",
        ) from problem
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError(
            f"The signing key {file} is not an {ALGORITHM} key.",
            "Move it away: the next report then makes a new key.",
        )
    return key


def _why(problem: OSError | ValueError) -> str:
    return reason(problem) if isinstance(problem, OSError) else str(problem)


def _make_key(file: Path) -> None:
    """Make a key and store it in `file` atomically; if two programs make one at the same time, the first wins."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    text = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".signing-")  # 0600 from its first byte
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        try:
            os.link(name, file)  # unlike a rename, never replaces an existing key
        except FileExistsError:
            return
        except OSError:  # a file system without hard links
            if not file.exists():
                Path(name).rename(file)
    finally:
        Path(name).unlink(missing_ok=True)
