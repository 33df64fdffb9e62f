"""The Ed25519 key of the ledger, in a file that only its owner may read.

The file holds a private key (PEM, PKCS 8), or, for verifying alone, the verifier key as
`plangate ledger key` prints it.
"""

import os
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from plangate.application.errors import NoLedgerKey
from plangate.application.ledger.ledger_store import LedgerKey
from plangate.application.ledger.notes import NotANote, public_key_in

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PEM: Final = b"-----BEGIN"


class KeyFile(LedgerKey):
    """The key at `path`, read when it is first needed, and then created if it is missing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @override
    def public_key(self) -> bytes:
        if "_known" not in vars(self) and not self._path.exists():
            self._make()
        return self.known_public_key()

    @override
    def known_public_key(self) -> bytes:
        return self._known[0]

    @override
    def sign(self, message: bytes) -> bytes:
        self.public_key()
        private = self._known[1]
        if private is None:
            raise NoLedgerKey(f"{self._path} holds only a verifier key: it cannot sign")
        return private.sign(message)

    @override
    def verifies(self, signature: bytes, message: bytes) -> bool:
        exceptions, _, ed25519 = _cryptography()
        public = ed25519.Ed25519PublicKey.from_public_bytes(self.known_public_key())
        try:
            public.verify(signature, message)
        except exceptions.InvalidSignature:
            return False
        return True

    @cached_property
    def _known(self) -> "tuple[bytes, Ed25519PrivateKey | None]":
        try:
            held = self._path.read_bytes()
        except FileNotFoundError:
            raise NoLedgerKey(
                f"there is no key {self._path} to verify by;"
                " PLANGATE_LEDGER_KEY names another file, which may hold a verifier key"
            ) from None
        except OSError as error:
            raise NoLedgerKey(f"the key {self._path} cannot be read: {error.strerror}") from None
        if not held.startswith(_PEM):
            try:
                return public_key_in(held.decode(errors="replace")), None
            except NotANote as why:
                raise NoLedgerKey(f"{self._path} is not a key: {why}") from None
        exceptions, serialization, ed25519 = _cryptography()
        try:
            private = serialization.load_pem_private_key(held, password=None)
        except (ValueError, TypeError, exceptions.UnsupportedAlgorithm):
            raise NoLedgerKey(f"{self._path} holds no readable private key") from None
        if not isinstance(private, ed25519.Ed25519PrivateKey):
            raise NoLedgerKey(f"{self._path} holds a key of another kind than Ed25519")
        return private.public_key().public_bytes_raw(), private

    def _make(self) -> None:
        """Write a new key, completely or not at all; of several processes, one does it."""
        _, form, ed25519 = _cryptography()
        pem = ed25519.Ed25519PrivateKey.generate().private_bytes(
            form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
        )
        folder = self._path.parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # mkstemp creates a file that only its owner may read.
            draft, name = tempfile.mkstemp(dir=folder, prefix=".plangate-key-")
            try:
                with os.fdopen(draft, "wb") as file:
                    file.write(pem)
                    file.flush()
                    os.fsync(file.fileno())
                os.link(name, self._path)
            finally:
                Path(name).unlink()
        except FileExistsError:
            if not self._path.is_file():
                raise NoLedgerKey(f"cannot create the key {self._path}") from None
        except OSError as error:
            raise NoLedgerKey(f"cannot create the key {self._path}: {error.strerror}") from None


def _cryptography() -> tuple[Any, Any, Any]:
    """The exceptions, `serialization` and `ed25519` of the library, which is an extra."""
    try:
        from cryptography import exceptions  # noqa: PLC0415
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415
    except ImportError as missing:
        raise NoLedgerKey(
            f"signing needs cryptography: pip install 'plangate[ledger]' ({missing})"
        ) from missing
    return exceptions, serialization, ed25519
