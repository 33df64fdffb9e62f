"""The file of a bundle: gzip, with a manifest that seals every byte before it.

The lines are one gzip member. The manifest is a second member, uncompressed, with exactly
one encoding. Any gzip program can read a bundle, and no bit can change unnoticed: the
digest in the manifest covers what gzip's checksum leaves out. All reads are bounded.
"""

import hashlib
import os
import secrets
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO, Final

from plangate.application.bundles.format import MAX_LINE
from plangate.application.errors import AlteredBundle

_CHUNK: Final = 256 * 1024
_AS_GZIP: Final = 31
_GZIP_HEADER: Final = bytes.fromhex("1f8b08000000000000ff")
_LAST_STORED_BLOCK: Final = b"\x01"
MAX_MANIFEST: Final = 0xFFFF
"""The largest manifest in bytes, which is one stored block."""

BundleTarget = str | os.PathLike[str] | BinaryIO


class SealedWriter:
    """Writes lines to a stream, then the manifest with the digest of what came before."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._packer = zlib.compressobj(wbits=_AS_GZIP)
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, line: bytes) -> None:
        """Write a line, given without its newline."""
        self._put(self._packer.compress(line + b"\n"))

    def sealed(self) -> str:
        """End the lines, and return the SHA-256 (hex) of all bytes so far."""
        self._put(self._packer.flush())
        return self._digest.hexdigest()

    def end(self, manifest: bytes) -> None:
        """Write the manifest, given without its newline, as the last part."""
        self._put(_stored_member(manifest + b"\n"))

    def _put(self, packed: bytes) -> None:
        self._digest.update(packed)
        self._stream.write(packed)
        self.size += len(packed)


class SealedReader:
    """Reads the lines of a bundle, and then knows its `manifest` and its digest `sealed`.

    Raises `AlteredBundle` for bytes that are not a bundle's. The caller compares `sealed`
    with the manifest.
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
        """The SHA-256 (hex) of all bytes before the manifest's part."""
        return self._digest.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        """The lines before the manifest, without their newlines."""
        partial = bytearray()
        for piece in self._unpacked():
            *lines, rest = piece.split(b"\n")
            for line in lines:
                self.number += 1
                yield bytes(partial + line)
                partial.clear()
            partial += rest
            if len(partial) > MAX_LINE:
                raise AlteredBundle(self.number + 1, f"it is longer than {MAX_LINE} bytes")
        self.number += 1
        if partial:
            raise AlteredBundle(self.number, "it has no newline")

    def _unpacked(self) -> Iterator[bytes]:
        unpacker, packed, ended = zlib.decompressobj(wbits=_AS_GZIP), b"", False
        while not ended:
            packed = packed or self._next()
            if not packed:
                raise AlteredBundle(self.number + 1, "the file ends too early")
            try:
                piece = unpacker.decompress(packed, _CHUNK)
            except zlib.error as error:
                why = f"the file is damaged, or is not a bundle ({error})"
                raise AlteredBundle(self.number + 1, why) from None
            ended = unpacker.eof
            left = unpacker.unused_data if ended else unpacker.unconsumed_tail
            self._digest.update(packed[: len(packed) - len(left)])
            packed = left
            yield piece
        while len(packed) <= len(_stored_member(b"")) + MAX_MANIFEST and (more := self._next()):
            packed += more
        self.manifest = _content_of(packed, self.number + 1)

    def _next(self) -> bytes:
        chunk = self._stream.read(_CHUNK)
        self._read += len(chunk)
        self._progress(self._read)
        return chunk


@contextmanager
def open_for_writing(target: BundleTarget) -> Iterator[BinaryIO]:
    """Open a stream to write to; a file gets its name only when the block is done.

    Raises FileExistsError instead of overwriting.
    """
    if not isinstance(target, str | os.PathLike):
        yield target
        return
    path = Path(target)
    if path.is_symlink() or path.exists():
        raise FileExistsError(f"{str(path)!r} exists already")
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        part.touch(mode=0o600, exist_ok=False)
        with part.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        _rename(part, path)
    finally:
        part.unlink(missing_ok=True)


def open_for_reading(source: BundleTarget) -> "nullcontext[BinaryIO] | BinaryIO":
    """Open a stream that can be read more than once."""
    if isinstance(source, str | os.PathLike):
        return Path(source).open("rb")
    return nullcontext(source)


def _rename(part: Path, path: Path) -> None:
    """Give the file its final name durably, unless the name is taken by now."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if path.exists():
            raise
        part.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _stored_member(content: bytes) -> bytes:
    """The gzip member that holds the content uncompressed, in its only encoding."""
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
