"""The bytes of a bundle's file: gzip, and a last part that seals every byte before it.

The lines are one gzip member; the manifest, uncompressed, is a second one of which
there is but one way to be written. So any program that knows gzip can read a bundle,
and not a bit of it can change unseen: what a checksum of gzip leaves out, the digest
in the manifest holds. All that is read is bounded.
"""

import hashlib
import os
import secrets
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO, Final

from plangate.application.bundles.format import MAX_LINE
from plangate.application.errors import AlteredBundle

_CHUNK: Final = 256 * 1024
_AS_GZIP: Final = 31
_GZIP_HEADER: Final = bytes.fromhex("1f8b08000000000000ff")
_LAST_STORED_BLOCK: Final = b"\x01"
MAX_MANIFEST: Final = 0xFFFF
"""The most bytes a manifest may have: those of one stored block."""

BundleTarget = str | os.PathLike[str] | BinaryIO


class SealedWriter:
    """Writes lines to a stream, and at last the manifest, which can name the digest so far."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._packer = zlib.compressobj(wbits=_AS_GZIP)
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, line: bytes) -> None:
        """One more line, without its end."""
        self._put(self._packer.compress(line + b"\n"))

    def sealed(self) -> str:
        """End the lines; SHA-256 (hex) over all bytes of the file so far."""
        self._put(self._packer.flush())
        return self._digest.hexdigest()

    def end(self, manifest: bytes) -> None:
        """The manifest, without its end of line, and nothing after it."""
        self._put(_stored_member(manifest + b"\n"))

    def _put(self, packed: bytes) -> None:
        self._digest.update(packed)
        self._stream.write(packed)
        self.size += len(packed)


class SealedReader:
    """Reads the lines of a bundle; `manifest` and `sealed` are there once all were read.

    Raises `AlteredBundle` where the bytes are none of a bundle's. That the manifest names
    the digest `sealed` is for the reader to see.
    """

    def __init__(self, stream: BinaryIO, progress: Callable[[int], None]) -> None:
        self._stream = stream
        self._progress = progress
        self._digest = hashlib.sha256()
        self._read = 0
        self.number = 0
        self.manifest = b""

    @property
    def sealed(self) -> str:
        """SHA-256 (hex) over all bytes before the part with the manifest."""
        return self._digest.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        """The lines before the manifest, without their ends."""
        began = bytearray()
        for piece in self._unpacked():
            *lines, rest = piece.split(b"\n")
            for line in lines:
                self.number += 1
                yield bytes(began + line)
                began.clear()
            began += rest
            if len(began) > MAX_LINE:
                raise AlteredBundle(self.number + 1, f"it is longer than {MAX_LINE} bytes")
        self.number += 1
        if began:
            raise AlteredBundle(self.number, "it has no end")

    def _unpacked(self) -> Iterator[bytes]:
        unpacker, packed, ended = zlib.decompressobj(wbits=_AS_GZIP), b"", False
        while not ended:
            packed = packed or self._more()
            try:
                piece = unpacker.decompress(packed, _CHUNK)
            except zlib.error as error:
                why = f"the file is damaged, or no bundle ({error})"
                raise AlteredBundle(self.number + 1, why) from None
            ended = unpacker.eof
            left = unpacker.unused_data if ended else unpacker.unconsumed_tail
            self._digest.update(packed[: len(packed) - len(left)])
            packed = left
            yield piece
        while len(packed) <= len(_stored_member(b"")) + MAX_MANIFEST and (more := self._next()):
            packed += more
        self.manifest = _content_of(packed, self.number + 1)

    def _more(self) -> bytes:
        more = self._next()
        if not more:
            raise AlteredBundle(self.number + 1, "the file ends too early")
        return more

    def _next(self) -> bytes:
        chunk = self._stream.read(_CHUNK)
        self._read += len(chunk)
        self._progress(self._read)
        return chunk


@contextmanager
def writing(target: BundleTarget) -> Iterator[BinaryIO]:
    """A stream to write to; a file appears under its name only when the block is done.

    Raises FileExistsError rather than write over what is there.
    """
    if not isinstance(target, str | os.PathLike):
        yield target
        return
    place = Path(target)
    if place.is_symlink() or place.exists():
        raise FileExistsError(f"there is something at {str(place)!r} already")
    beside = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
    try:
        beside.touch(mode=0o600, exist_ok=False)
        with beside.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        _name(beside, place)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()


def reading(source: BundleTarget) -> "nullcontext[BinaryIO] | BinaryIO":
    """A stream to read from more than once."""
    if isinstance(source, str | os.PathLike):
        return Path(source).open("rb")
    return nullcontext(source)


def _name(beside: Path, place: Path) -> None:
    """Give the file its name for good, unless the name is taken by now."""
    try:
        place.hardlink_to(beside)
    except FileExistsError:
        raise
    except OSError:  # a file system that knows no links, as on many a stick
        if place.exists():
            raise
        beside.rename(place)
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _stored_member(content: bytes) -> bytes:
    """A gzip member that holds the content as it is; it can be written in no other way."""
    size = len(content).to_bytes(2, "little")
    inverted = bytes(byte ^ 0xFF for byte in size)
    checksum = zlib.crc32(content).to_bytes(4, "little")
    block = _LAST_STORED_BLOCK + size + inverted + content
    return _GZIP_HEADER + block + checksum + len(content).to_bytes(4, "little")


def _content_of(member: bytes, number: int) -> bytes:
    before, after = len(_GZIP_HEADER) + 5, 8
    content = member[before:-after]
    if len(content) > MAX_MANIFEST or _stored_member(content) != member or content[-1:] != b"\n":
        raise AlteredBundle(number, "the manifest, which ends the file, is missing or damaged")
    return content[:-1]
