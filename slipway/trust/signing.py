"""Sign bytes, and verify who signed them."""

import base64
import binascii
import hashlib
import os
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from filelock import FileLock

from slipway.base.atomic import naming
from slipway.base.errors import Refused, SlipwayError

LOCAL, KEYLESS = "local", "keyless"
KEY = "trust/key.pem"
"""Below the state folder, which Git ignores."""
Kind = Literal["local", "keyless"]


@dataclass(frozen=True)
class Identity:
    """Who signed.

    Attributes:
        name: the id of a local key, or for `keyless` what the certificate names, such as a workflow's URI.
    """

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Signer(Protocol):
    """Signs bytes, which begin with words that say what they are: no signature may pass for one of a document
    of another kind.
    """

    @property
    def identity(self) -> str:
        """Who signs, as text."""

    def sign(self, content: bytes) -> str:
        """A signature as one line of ASCII, which names its kind and who signed."""


class Allowed(Protocol):
    """Whose signature counts."""

    def signed(self, content: bytes, signature: str) -> Identity:
        """Who signed `content`; see `verified`."""


class LocalKey:
    """The ed25519 key of one state folder, made on first use; it signs, and its own signatures count.

    It says that these bytes come from this folder's own runs. Whoever can read the folder can sign as it.
    """

    def __init__(self, state: Path) -> None:
        self.path = state / KEY

    @property
    def identity(self) -> str:
        """The id of the key: the first 16 hexadecimal digits of the SHA-256 of its public half."""
        return key_id(self._private.public_key())

    def sign(self, content: bytes) -> str:
        """`local:KEY ID:SIGNATURE`, the latter in base64."""
        return f"{LOCAL}:{self.identity}:{base64.b64encode(self._private.sign(content)).decode()}"

    def signed(self, content: bytes, signature: str) -> Identity:
        """Hold a signature against this key; a state folder that has none yet has signed nothing."""
        kind, name, value = parts(signature)
        own = self.identity if self.path.exists() else None
        if kind != LOCAL or name != own:
            raise Refused(
                f"signed by {kind} {name[:80]}, expected this state folder's, {own or 'which has none yet'}"
            )  # guard trust.local_key
        try:
            self._private.public_key().verify(base64.b64decode(value, validate=True), content)
        except (InvalidSignature, binascii.Error, ValueError) as error:
            raise Refused(
                f"the signature by {kind} {name} is not of these bytes; one of them was changed"
            ) from error  # guard trust.signature
        return Identity("local", name)

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        if not self.path.exists():
            self._make()
        mode = stat.S_IMODE(self.path.stat().st_mode)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Refused(
                f"{self.path}: mode {mode:04o}, expected 0600: others could sign with it; if none did, "
                f"chmod 600 it, else delete it and adopt what you trust by `slipway adopt-version`"
            )  # guard trust.key_mode
        try:
            found = serialization.load_pem_private_key(self.path.read_bytes(), password=None)
        except (ValueError, TypeError) as error:
            raise SlipwayError(f"{self.path}: not a private key in PEM without a password") from error
        if not isinstance(found, Ed25519PrivateKey):
            raise SlipwayError(f"{self.path}: a key of another kind, expected ed25519")
        return found

    def _make(self) -> None:
        """Whole or absent, and of two processes that make it at once one does."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = self.path.with_suffix(".part")
        with FileLock(self.path.with_suffix(".lock")), naming(self.path, aside):
            if self.path.exists():
                return
            aside.unlink(missing_ok=True)  # of a process that was killed
            # Never readable to others, not even before a chmod.
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(
                    Ed25519PrivateKey.generate().private_bytes(
                        serialization.Encoding.PEM,
                        serialization.PrivateFormat.PKCS8,
                        serialization.NoEncryption(),
                    )
                )
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self.path)


def key_id(key: Ed25519PublicKey) -> str:
    """The name of a local key, 16 hexadecimal digits."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def verified(content: bytes, signature: str | None, allowed: Allowed) -> Identity:
    """Who signed `content`, if that is somebody whose signature counts.

    Args:
        signature: as `Signer.sign` gives it; None or empty where there is none.

    Raises:
        Refused: there is no signature, it is of other bytes, or of somebody else; one line.
    """
    if not signature:
        raise Refused("not signed")  # guard trust.signed
    return allowed.signed(content, signature)


def parts(signature: str) -> tuple[str, str, str]:
    """Kind, name and value of a signature; what is none of ours is of a kind that nobody allows."""
    kind, _, rest = signature.partition(":")
    name, _, value = rest.partition(":")
    return (kind, name, value) if kind in {LOCAL, KEYLESS} else ("an unknown kind of signature", "", "")
