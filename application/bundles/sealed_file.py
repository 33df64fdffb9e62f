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
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from plangate.application.bundles.format import MAX_LINE
from plangate.application.errors import AlteredBundle
from plangate.domain.errors import InvalidInput, Problem

_CHUNK: Final = 256 * 1024
_AS_GZIP: Final = 31
_GZIP_HEADER: Final = bytes.fromhex("1f8b08000000000000ff")
_LAST_STORED_BLOCK: Final = b"\x01"
MAX_MANIFEST: Final = 0xFFFF
"""The largest manifest in bytes, which is one stored block."""

_SEEKABLE: Final = "a binary stream that is open for reading and can seek"

BundleTarget = str | os.PathLike[str] | BinaryIO


_NEW_FILE: Final = "a path where a new file can be written"


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
        with _refusing("target", "a binary stream that is open for writing"):
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
            except zlib.error:
                why = "the file is damaged, or is not a bundle"
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
        with _refusing("source", _SEEKABLE):
            chunk = self._stream.read(_CHUNK)
        if not isinstance(chunk, bytes):
            raise _refused("source", _SEEKABLE)
        self._read += len(chunk)
        self._progress(self._read)
        return chunk


@contextmanager
def open_for_writing(target: BundleTarget) -> Iterator[BinaryIO]:
    """Open a stream to write to; a file gets its name only when the block is done.

    Raises `InvalidInput` instead of overwriting, and where the system refuses.
    """
    if not isinstance(target, str | os.PathLike):
        if not callable(getattr(target, "write", None)):
            raise _refused("target", "a path or a binary stream")
        yield target
        return
    with _refusing("target", _NEW_FILE):
        path = Path(target)
        if not path.parent.is_dir():
            raise NotADirectoryError(f"there is no folder {str(path.parent)!r}")
        if path.is_symlink() or path.exists():
            raise FileExistsError(f"{str(path)!r} exists already")
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    with _refusing("target", _NEW_FILE, path):
        part.touch(mode=0o600, exist_ok=False)
    try:
        with part.open("wb") as stream:
            yield stream
            with _refusing("target", _NEW_FILE, path):
                stream.flush()
                os.fsync(stream.fileno())
                _rename(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def open_for_reading(source: BundleTarget) -> Iterator[tuple[BinaryIO, int]]:
    """Open a stream that can be read more than once, and say its size in bytes."""
    with ExitStack() as opened:
        if isinstance(source, str | os.PathLike):
            with _refusing("source", "the path of a bundle"):
                stream: BinaryIO = opened.enter_context(Path(source).open("rb"))
        elif callable(getattr(source, "read", None)) and callable(getattr(source, "seek", None)):
            stream = source
        else:
            raise _refused("source", "a path or a binary stream that can seek")
        with _refusing("source", _SEEKABLE):
            size = stream.seek(0, 2)
        yield stream, size


def from_start(stream: BinaryIO, progress: Callable[[int], None]) -> SealedReader:
    """A reader of a whole stream."""
    with _refusing("source", _SEEKABLE):
        stream.seek(0)
    return SealedReader(stream, progress)


@contextmanager
def _refusing(field: str, accepted: str, path: Path | None = None) -> Iterator[None]:
    """Refuse what the system, or a stream that is not one of bytes, refuses.

    A `path` is named instead of the file that stands for it meanwhile.
    """
    try:
        yield
    except BrokenPipeError:  # the reader of the stream has gone
        raise
    except (OSError, ValueError, TypeError) as error:
        why: object = error
        if isinstance(error, OSError) and error.strerror and error.filename:
            why = f"{error.strerror}: {str(path or error.filename)!r}"
        raise _refused(field, f"{accepted}: {why}") from None


def _refused(field: str, accepted: str) -> InvalidInput:
    return InvalidInput([Problem(field, f"must be {accepted}")])


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
