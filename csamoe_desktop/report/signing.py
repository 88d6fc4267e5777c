"""Who wrote a JSON report: signed with the key of the installation (Ed25519, RFC 8032), and the keys of others that are trusted.

The key is made with the first report and stays in the user's folder, readable by its owner alone. It says which installation
wrote a report and that nobody changed it since; it does not say which person. Loads `cryptography` only when it signs or checks.
"""

import base64
import binascii
import contextlib
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
"""What the signature does not cover: itself, and the hashes, which follow from the rest and cover the signature too."""
_PURPOSE = b"csamoe-desktop report, signature 1\n"
_MOST_BYTES = 8192
_SHORT = 16
_AGAIN = "Install the program again; its package cryptography is missing or broken."


class Signer(StrEnum):
    """Whose signature a report has."""

    THIS = "this installation"
    KNOWN = "known key"
    UNKNOWN = "unknown key"
    NONE = "unsigned"
    BROKEN = "broken"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key to check signatures with: 32 bytes, and what its owner is called here."""

    raw: bytes
    name: str

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the key, in hexadecimal."""
        return hashlib.sha256(self.raw).hexdigest()


@dataclass(frozen=True, slots=True)
class Signed:
    """What a report's signature comes to: whose it is, and in words."""

    signer: Signer
    words: str


def signature_of(told: dict[str, Any]) -> dict[str, str]:
    """Return the signature of the report `told`, as the report keeps it. Makes the installation's key where there is none.

    Raises:
        UserError: the key cannot be made or read, or `cryptography` is missing; the report is then written unsigned.
    """
    key = _own_key()
    raw = key.public_key().public_bytes_raw()
    return {
        "algorithm": ALGORITHM,
        "key": base64.b64encode(raw).decode("ascii"),
        "fingerprint": hashlib.sha256(raw).hexdigest(),
        "value": base64.b64encode(key.sign(_signed_bytes(told))).decode("ascii"),
    }


def check_signature(told: dict[str, Any], known: list[PublicKey]) -> Signed:
    """Return whose signature the report `told` has; `known` are the keys that are trusted beside this installation's."""
    found = told.get(SIGNATURE)
    if found is None:
        return Signed(Signer.NONE, "not signed: who wrote it, and whether its hashes were made anew, cannot be told")
    try:
        raw, value = _signature_parts(found)
    except ValueError as problem:
        return Signed(Signer.BROKEN, f"the signature is broken: {problem}")
    fingerprint = hashlib.sha256(raw).hexdigest()[:_SHORT]
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except (ImportError, OSError):
        return Signed(Signer.UNCHECKED, f"signed by key {fingerprint}, which cannot be checked here. {_AGAIN}")
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(value, _signed_bytes(told))
    except (InvalidSignature, ValueError):
        return Signed(
            Signer.BROKEN, f"the signature of key {fingerprint} is broken: the report was changed after it was signed"
        )
    own = own_public_key()
    if own is not None and own.raw == raw:
        return Signed(Signer.THIS, f"signed by this installation (key {fingerprint})")
    for one in known:
        if one.raw == raw:
            return Signed(Signer.KNOWN, f"signed by {one_line(one.name, 60)}, a known key ({fingerprint})")
    return Signed(
        Signer.UNKNOWN,
        f"signed by key {fingerprint}, which is not known here: anybody may have signed it; name the key with --key",
    )


def own_public_key(make: bool = False) -> PublicKey | None:
    """Return this installation's key to check with; None where there is none yet (`make`: it is then made) or none is to be read.

    Raises:
        UserError: with `make` only: it cannot be made or read.
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
    """Return a key as the text of a .pem file, to be given to others."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = Ed25519PublicKey.from_public_bytes(key.raw)
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def read_public_key(file: Path) -> PublicKey:
    """Return the key in a .pem file, called as the file is.

    Raises:
        UserError: it cannot be read, or holds no public Ed25519 key.
    """
    hint = "Name a file with what `csamoe-desktop verify --own-key` printed on the other computer."
    try:
        data = read_plain(file, _MOST_BYTES)
    except (OSError, ValueError) as problem:
        raise UserError(f"The key {file} could not be read: {_why(problem)}.", hint) from problem
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    except (ImportError, OSError) as problem:
        raise UserError("Keys cannot be read.", _AGAIN) from problem
    try:
        key = load_pem_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise UserError(f"{file} holds no public key.", hint) from problem
    if not isinstance(key, Ed25519PublicKey):
        raise UserError(f"{file} holds a public key of another kind than {ALGORITHM}.", hint)
    return PublicKey(key.public_bytes_raw(), file.stem)


def trusted_keys() -> tuple[list[PublicKey], list[UserError]]:
    """Return the keys in the user's folder of trusted keys, and why each other file there is none."""
    found, left_out = [], []
    try:
        files = sorted(paths.trusted_keys_folder().glob("*.pem"))
    except OSError:
        return [], []
    for file in files:
        try:
            found.append(read_public_key(file))
        except UserError as problem:
            left_out.append(problem)
    return found, left_out


def _signed_bytes(told: dict[str, Any]) -> bytes:
    """Return what is signed of a report: its content as JSON without blanks and with sorted keys, behind its purpose."""
    content = {name: part for name, part in told.items() if name not in NOT_SIGNED}
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return _PURPOSE + canonical.encode("utf-8", "surrogatepass")


def _signature_parts(found: object) -> tuple[bytes, bytes]:
    """Return key and value of a report's signature.

    Raises:
        ValueError: it is not as `signature_of` makes it.
    """
    if not isinstance(found, dict) or set(found) != {"algorithm", "key", "fingerprint", "value"}:
        raise ValueError("it is not of the kind that this program writes")
    if found["algorithm"] != ALGORITHM:
        raise ValueError("it is of another algorithm")
    try:
        raw, value = (base64.b64decode(found[name], validate=True) for name in ("key", "value"))
    except (TypeError, ValueError, binascii.Error) as problem:
        raise ValueError("it cannot be decoded") from problem
    if len(raw) != 32 or len(value) != 64:
        raise ValueError("it has not the length of one")
    if found["fingerprint"] != hashlib.sha256(raw).hexdigest():
        raise ValueError("its fingerprint is not that of its key")
    return raw, value


def _own_key() -> "Ed25519PrivateKey":
    """Return the installation's key, made where there is none.

    Raises:
        UserError: it cannot be made or read, is damaged, or `cryptography` is missing.
    """
    file = paths.signing_key_file()
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except (ImportError, OSError) as problem:
        raise UserError("Reports cannot be signed.", _AGAIN) from problem
    hint = "See that the program may read and write that folder, and that its disk is not full."
    try:
        if not os.path.lexists(file):
            _make_key(file)
        data = read_plain(file, _MOST_BYTES)
        if os.name == "posix" and file.stat().st_mode & 0o077:
            file.chmod(0o600)
    except (OSError, ValueError) as problem:
        raise UserError(f"The key that signs reports, {file}, could not be used: {_why(problem)}.", hint) from problem
    try:
        key = load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise UserError(
            f"The key that signs reports, {file}, is damaged.",
            "Put its backup in its place, or move it away: the next report then makes a new key.",
        ) from problem
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError(
            f"The key that signs reports, {file}, is of another kind than {ALGORITHM}.",
            "Move it away: the next report then makes a new key.",
        )
    return key


def _why(problem: OSError | ValueError) -> str:
    return reason(problem) if isinstance(problem, OSError) else str(problem)


def _make_key(file: Path) -> None:
    """Make a key and keep it in `file`, whole or not at all; of two programs that make one at once, the first stays."""
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
            os.link(name, file)  # unlike a rename, never over a key that is there
        except FileExistsError:
            return
        except OSError:  # a file system without hard links
            if not file.exists():
                os.rename(name, file)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
