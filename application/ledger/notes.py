"""Checkpoints as C2SP signed notes (c2sp.org/tlog-checkpoint).

    plangate/6a1f…      the origin, which names the log
    1204                the number of leaves of its tree
    q3f…=               the root hash, in base64

    — plangate/6a1f… …  the signature of these three lines, Ed25519

A note may carry other signatures, such as those of witnesses; these are not checked here.
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from plangate.application.ledger.merkle_tree import HASH_SIZE
from plangate.domain.errors import InvalidInput, Problem

_ED25519: Final = b"\x01"
_ORIGIN_DIGITS: Final = 32

MAX_NOTE: Final = 100_000
"""The longest note in characters; one with many witnesses has a few thousand."""


class NotANote(Exception):
    """The text is not a checkpoint; the argument says why."""


def origin_of(first_leaf: bytes) -> str:
    """The name of a log, derived from its first leaf, so that a copy has the same name."""
    return f"plangate/{first_leaf.hex()[:_ORIGIN_DIGITS]}"


def key_hash(name: str, public_key: bytes) -> bytes:
    """The four bytes that identify a key among those of one name."""
    return sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:4]


def verifier_key(name: str, public_key: bytes) -> str:
    """A public key in C2SP's format: name, hash and key in one line."""
    key = b64encode(_ED25519 + public_key).decode()
    return f"{name}+{key_hash(name, public_key).hex()}+{key}"


def public_key_in(verifier_key: str) -> bytes:
    """The Ed25519 public key of such a line; raises `NotANote` for any other text."""
    name, _, rest = verifier_key.strip().partition("+")
    hashed, _, key = rest.partition("+")
    raw = _bytes(key)
    if raw[:1] != _ED25519 or len(raw) != 1 + HASH_SIZE:
        raise NotANote("it holds no Ed25519 verifier key")
    if hashed != key_hash(name, raw[1:]).hex():
        raise NotANote("the verifier key does not fit its own hash")
    return raw[1:]


@dataclass(frozen=True, slots=True)
class Note:
    """A decoded checkpoint and its signatures."""

    origin: str
    size: int
    root: bytes
    signatures: tuple[tuple[str, bytes], ...] = ()

    @property
    def body(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    def signed(self, public_key: bytes, signature: bytes) -> str:
        """The whole note with a signature."""
        sealed = b64encode(key_hash(self.origin, public_key) + signature).decode()
        return f"{self.body}\n— {self.origin} {sealed}\n"

    def signatures_of(self, public_key: bytes) -> list[bytes]:
        """The signatures that name this key and the origin."""
        expected = key_hash(self.origin, public_key)
        return [
            raw[4:] for name, raw in self.signatures if (name, raw[:4]) == (self.origin, expected)
        ]


def read_note(text: str) -> Note:
    """Decode a checkpoint without checking signatures; raises `NotANote`."""
    if len(text) > MAX_NOTE:
        raise NotANote("it is too long")
    body, blank, signatures = text.rpartition("\n\n")
    lines = body.split("\n")
    if not blank or len(lines) != 3:  # noqa: PLR2004  (as drawn above; no extensions are known)
        raise NotANote("it does not have three lines, a blank line and signatures")
    origin, size, root = lines
    if not origin or not (size.isascii() and size.isdecimal()) or size != str(int(size[:20])):
        raise NotANote("its origin or its size is not understood")
    note = Note(origin, int(size), _bytes(root), tuple(_signature(s) for s in _lines(signatures)))
    if len(note.root) != HASH_SIZE or note.body != f"{body}\n":
        raise NotANote("its root hash is not understood")
    return note


def validate_note(field: str, given: object) -> Note:
    """Decode a checkpoint without checking signatures; raises `InvalidInput` about `field`."""
    if not isinstance(given, str):
        raise InvalidInput([Problem(field, "must be the text of a checkpoint")])
    try:
        return read_note(given)
    except NotANote as error:
        raise InvalidInput([Problem(field, f"is not a checkpoint: {error}")]) from None


def _lines(signatures: str) -> list[str]:
    *lines, end = signatures.split("\n")
    if end or not lines:
        raise NotANote("its signatures do not end as lines do")
    return lines


def _signature(line: str) -> tuple[str, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, sealed = rest.partition(" ")
    raw = _bytes(sealed)
    if dash != "—" or not name or len(raw) <= 4:  # noqa: PLR2004  (a key's hash comes first)
        raise NotANote(f"a line of its signatures is not understood: {line[:40]!r}")
    return name, raw


def _bytes(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (NotBase64, ValueError):
        raise NotANote(f"{text[:40]!r} is not base64") from None
