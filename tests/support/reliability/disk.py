"""What a disk can hold after a power loss, worked out from the log of a process's system calls.

What was synced is there. Of what was not, any part may be: each write wholly,
not at all, or some of its sectors of 512 bytes. A file that was made or removed
since its folder was last synced may be there or not, in the order in which it
happened.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

SECTOR = 512
TRACED = "openat,pwrite64,write,ftruncate,fsync,fdatasync,unlink,unlinkat,rename"
"""The system calls to log, as in `strace -f -y -xx -s 1000000 -e trace=…`."""

_CALL = re.compile(r"(?:(\d+) +)?(\w+)\((.*)\) += (\d+)")
_BEGUN = re.compile(r"(\d+) +(.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"(\d+) +<\.\.\. \w+ resumed> ?(.*)$")
_BETWEEN_QUOTES = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_DESCRIPTOR = re.compile(r"\d+<((?:\\x[0-9a-f]{2})+)>")


@dataclass(frozen=True)
class Step:
    """One call that changes a file, syncs it, makes it or removes it."""

    call: str
    path: Path
    data: bytes = b""
    place: int = 0


def steps(log: Iterable[str], folder: Path) -> Iterator[Step]:
    """What the logged calls did to a folder and the files in it: those of one thread."""
    threads = set()
    for line in _whole(log):
        match = _CALL.match(line)
        if match is None:
            continue
        thread, call, arguments, result = match[1], match[2], match[3], int(match[4])
        step = _step(call, arguments, result, line)
        if folder in {step.path, step.path.parent}:
            threads.add(thread)
            assert len(threads) == 1, "the order of calls is known within one thread alone"
            yield step


def _whole(log: Iterable[str]) -> Iterator[str]:
    """The lines of the log, with calls in one piece that were logged beside another thread's."""
    begun = dict[str, str]()
    for line in log:
        if (first := _BEGUN.match(line)) is not None:
            begun[first[1]] = first[2]
        elif (rest := _RESUMED.match(line)) is not None:
            yield f"{rest[1]} {begun.pop(rest[1])}{rest[2]}\n"
        else:
            yield line


def _step(call: str, arguments: str, result: int, line: str) -> Step:
    quoted = [_plain(text) for text in _BETWEEN_QUOTES.findall(arguments)]
    if call == "openat":
        named = line.rpartition(" = ")[2]
        return Step("make" if "O_CREAT" in arguments else "open", _described(named))
    if call == "unlink":
        return Step(call, Path(quoted[0].decode()))
    if call == "rename":
        return Step(call, Path(quoted[0].decode()), quoted[1])
    described = _described(arguments)
    if call == "pwrite64":
        return Step("write", described, quoted[0][:result], int(arguments.rpartition(",")[2]))
    if call == "write":
        return Step("append", described, quoted[0][:result] if quoted else b"")
    if call == "ftruncate":
        return Step("cut", described, place=int(arguments.rpartition(",")[2]))
    assert call in {"fsync", "fdatasync"}, call
    return Step("sync", described)


def _described(text: str) -> Path:
    match = _DESCRIPTOR.search(text)
    return Path(_plain(match[1]).decode() if match else "")


def _plain(hexadecimal: str) -> bytes:
    return bytes.fromhex(hexadecimal.replace("\\x", ""))


@dataclass
class _File:
    """The bytes that are safe, and the changes on their way."""

    safe: bytearray = field(default_factory=bytearray)
    pending: list[Step] = field(default_factory=list)


class Disk:
    """A folder on a disk, while a process works in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[Path, _File] = {}
        self._safe_names: dict[Path, _File] = {}
        self._pending_names: list[tuple[Path, _File | None]] = []

    def take(self, step: Step) -> None:
        """Let one call happen."""
        match step.call:
            case "make" if step.path not in self._names:
                self._rename(step.path, _File())
            case "unlink":
                self._rename(step.path, None)
            case "rename":
                self._rename(Path(step.data.decode()), self._names[step.path])
                self._rename(step.path, None)
            case "write" | "cut":
                self._names[step.path].pending.append(step)
            case "sync" if step.path == self._folder:
                _settle(self._safe_names, self._pending_names)
                self._pending_names = []
            case "sync":
                file = self._names[step.path]
                for write in file.pending:
                    _change(file.safe, write)
                file.pending = []
            case _:  # opened or made again: nothing changes
                pass

    def after_power_loss(self, rng: Random) -> dict[str, bytes]:
        """One of the many contents that the folder may have, by file name."""
        names = dict(self._safe_names)
        _settle(names, self._pending_names[: rng.randint(0, len(self._pending_names))])
        luck = rng.choice([0.0, 0.5, 0.9, 1.0])
        return {path.name: _survivors(file, rng, luck) for path, file in names.items()}

    def _rename(self, path: Path, file: _File | None) -> None:
        _settle(self._names, [(path, file)])
        self._pending_names.append((path, file))


def _settle(names: dict[Path, _File], changes: Iterable[tuple[Path, _File | None]]) -> None:
    for path, file in changes:
        if file is None:
            names.pop(path, None)
        else:
            names[path] = file


def _survivors(file: _File, rng: Random, luck: float) -> bytes:
    content = bytearray(file.safe)
    for change in file.pending:
        if rng.random() >= luck:
            continue
        if change.call == "write" and rng.random() < 0.3:
            for sector in _sectors(change):
                if rng.random() < 0.5:
                    _change(content, sector)
        else:
            _change(content, change)
    return bytes(content)


def _sectors(write: Step) -> Iterator[Step]:
    """A write in parts that end where the disk's sectors do."""
    start, end = write.place, write.place + len(write.data)
    while start < end:
        stop = min(end, (start // SECTOR + 1) * SECTOR)
        data = write.data[start - write.place : stop - write.place]
        yield Step("write", write.path, data, start)
        start = stop


def _change(content: bytearray, change: Step) -> None:
    length = change.place + len(change.data)
    if change.call == "cut":
        del content[length:]
    if len(content) < length:
        content.extend(bytes(length - len(content)))
    if change.call == "write":
        content[change.place : length] = change.data
