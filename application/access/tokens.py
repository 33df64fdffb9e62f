"""The secret texts that are API keys: how they are made, and which texts can be one.

A token is `plangate_<id>_<secret><checksum>`: found by secret scanners by how it begins, and
refused by its checksum where it was mistyped or cut, before any look into a store.
"""

import re
import secrets
import zlib
from dataclasses import dataclass
from hashlib import sha256
from string import ascii_letters, digits
from typing import Final, Self

PREFIX: Final = "plangate"
_ALPHABET: Final = digits + ascii_letters
_ID_LENGTH: Final = 10
_SECRET_LENGTH: Final = 43
"""256 bits of randomness, in an alphabet of 62 characters."""

_CHECKSUM_LENGTH: Final = 6
_TOKEN: Final = re.compile(
    rf"({PREFIX}_([0-9A-Za-z]{{{_ID_LENGTH}}})_[0-9A-Za-z]{{{_SECRET_LENGTH}}})"
    rf"([0-9A-Za-z]{{{_CHECKSUM_LENGTH}}})"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and the id in it. Its text is shown once, and never part of a representation."""

    key_id: str
    text: str

    @classmethod
    def new(cls) -> Self:
        """A token that no one can guess."""
        key_id = _random(_ID_LENGTH)
        body = f"{PREFIX}_{key_id}_{_random(_SECRET_LENGTH)}"
        return cls(key_id, body + _checksum(body))

    @classmethod
    def parsed(cls, text: str) -> Self | None:
        """The token that a text is; None for a text that no token was ever given as."""
        found = _TOKEN.fullmatch(text)
        if found is None or _checksum(found[1]) != found[3]:
            return None
        return cls(found[2], text)

    @property
    def digest(self) -> bytes:
        """What is stored of it: enough to recognise it, too little to use it.

        It has 256 random bits, so a slow hash would only make each request slow.
        """
        return sha256(self.text.encode()).digest()

    def __repr__(self) -> str:
        return f"Token({self.key_id!r}, …)"


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _checksum(body: str) -> str:
    number, digits_of_it = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits_of_it = _ALPHABET[digit] + digits_of_it
    return digits_of_it
