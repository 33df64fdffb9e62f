"""The Ed25519 key of the ledger, in a file of its own, which only its owner may read.

The file holds a private key (PEM, PKCS 8). Where one only verifies, it may hold the
verifier key alone, as `plangate ledger key` prints it.
"""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from plangate.application.errors import NoLedgerKey
from plangate.application.ledger.notes import NotANote, public_key_in

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PEM: Final = b"-----BEGIN"


class KeyFile:
    """The key at `path`, looked for when it is first needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: tuple[bytes, Ed25519PrivateKey | None] | None = None

    def public_key(self) -> bytes:
        """The public key; a private one is made if there is no file."""
        if self._found is None and not self._path.exists():
            self._make()
        return self.known_public_key()

    def known_public_key(self) -> bytes:
        """The public key of the file that is there."""
        return self._known()[0]

    def sign(self, message: bytes) -> bytes:
        """The signature of a message."""
        self.public_key()
        private = self._known()[1]
        if private is None:
            raise NoLedgerKey(f"{self._path} holds only a verifier key: it cannot sign")
        return private.sign(message)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether the key signed the message."""
        crypto = _cryptography()
        public = crypto.ed25519.Ed25519PublicKey.from_public_bytes(self.known_public_key())
        try:
            public.verify(signature, message)
        except crypto.InvalidSignature:
            return False
        return True

    def _known(self) -> "tuple[bytes, Ed25519PrivateKey | None]":
        if self._found is None:
            self._found = self._read()
        return self._found

    def _read(self) -> "tuple[bytes, Ed25519PrivateKey | None]":
        try:
            held = self._path.read_bytes()
        except FileNotFoundError:
            raise NoLedgerKey(
                f"there is no key {self._path} to check by;"
                " PLANGATE_LEDGER_KEY names another file, which may hold a verifier key"
            ) from None
        except OSError as error:
            raise NoLedgerKey(f"the key {self._path} cannot be read: {error.strerror}") from None
        if not held.startswith(_PEM):
            try:
                return public_key_in(held.decode(errors="replace")), None
            except NotANote as why:
                raise NoLedgerKey(f"{self._path} is no key: {why}") from None
        crypto = _cryptography()
        try:
            private = crypto.serialization.load_pem_private_key(held, password=None)
        except (ValueError, TypeError, crypto.UnsupportedAlgorithm):
            raise NoLedgerKey(f"{self._path} holds no private key that can be read") from None
        if not isinstance(private, crypto.ed25519.Ed25519PrivateKey):
            raise NoLedgerKey(f"{self._path} holds a key of another kind than Ed25519")
        return private.public_key().public_bytes_raw(), private

    def _make(self) -> None:
        """Write a new key, whole or not at all; of several processes, one does it."""
        crypto = _cryptography()
        form = crypto.serialization
        pem = crypto.ed25519.Ed25519PrivateKey.generate().private_bytes(
            form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
        )
        folder = self._path.parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # mkstemp makes a file that nobody else may read.
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
                raise NoLedgerKey(f"no key can be made at {self._path}") from None
        except OSError as error:
            why = error.strerror
            raise NoLedgerKey(f"no key can be made at {self._path}: {why}") from None


class _Cryptography:
    """What is used of the library, which is an extra."""

    def __init__(self) -> None:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415

        self.InvalidSignature = InvalidSignature
        self.UnsupportedAlgorithm = UnsupportedAlgorithm
        self.serialization = serialization
        self.ed25519 = ed25519


def _cryptography() -> _Cryptography:
    try:
        return _Cryptography()
    except ImportError as missing:
        raise NoLedgerKey(
            f"signing needs cryptography: pip install 'plangate[ledger]' ({missing})"
        ) from missing
