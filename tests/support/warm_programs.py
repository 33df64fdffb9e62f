"""Programs without the start: forked from a process that has imported what they need.

What a page shows is the same either way; importing takes most of the time of a command. That
plangate starts by itself, and how fast, is tested elsewhere.
"""

import atexit
import gc
import json
import os
import pkgutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from tests.support.servers.processes import launched, stop

_PACKAGES: Final = (
    *("plangate.application", "plangate.infrastructure.cli", "plangate.infrastructure.plots"),
    "plangate.infrastructure.sqlite",
)
_MODULES: Final = ("plangate.aio", "plangate.http", "fastapi.testclient", "typing_extensions")

_SHIM: Final = """#!{python} -IS
import json, os, socket, sys
def is_open(stream):
    try:
        return os.fstat(stream)
    except OSError:
        return None
streams = list(filter(is_open, (0, 1, 2)))
with socket.socket(socket.AF_UNIX) as server:
    server.connect({path!r})
    request = {{"words": sys.argv[1:], "folder": os.getcwd(), "variables": dict(os.environ)}}
    socket.send_fds(server, [bytes(streams) or b"?"], streams)
    server.sendall(json.dumps(request).encode() + b"\\n")
    answer = server.recv(16)
os._exit(int(answer or 70))
"""
"""Stands in for `plangate`, or with the first word `-c` for `python`."""


_LOST_AT_THE_END: Final = 120
"""What Python exits with if it cannot write the rest."""

_STREAMS: Final = (
    ("stdin", "r", "strict"),
    ("stdout", "w", "strict"),
    ("stderr", "w", "backslashreplace"),
)


@contextmanager
def warm_programs(folder: Path) -> Iterator[Path]:
    """A program that does as `plangate` does, or as `python -c CODE`; it lives in the block."""
    path, shim, log = folder / "server", folder / "plangate", folder / "log"
    shim.write_text(_SHIM.format(python=sys.executable, path=str(path)), "utf-8")
    shim.chmod(0o755)
    server = launched([sys.executable, "-m", "tests.support.warm_programs", path], log)
    try:
        while not path.exists():
            assert server.poll() is None, log.read_text("utf-8")
            time.sleep(0.01)
        yield shim
    finally:
        stop(server, signal.SIGKILL)


def _program_to_become(path: str) -> Callable[[], None]:
    """Wait for requests; in the process that is forked for one, what it is to do."""
    for package in map(import_module, _PACKAGES):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    for name in _MODULES:
        import_module(name)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # those that answer end by themselves
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{path}.new")
    listener.listen(64)
    Path(f"{path}.new").rename(path)
    while True:
        connection, _ = listener.accept()
        if os.fork():
            connection.close()
            continue
        listener.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        numbers, descriptors, *_ = socket.recv_fds(connection, 3, 3)
        with connection.makefile("rb") as file:
            request = json.loads(file.readline())
        if program := os.fork():
            _, status = os.waitpid(program, 0)
            connection.sendall(str(os.waitstatus_to_exitcode(status) % 256).encode())
            os._exit(0)
        connection.close()
        return _become(request, dict(zip(numbers, descriptors, strict=False)))


def _become(request: dict[str, Any], streams: dict[int, int]) -> Callable[[], None]:
    for number, stream in streams.items():
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["variables"])
    time.tzset()
    for number, (name, mode, errors) in enumerate(_STREAMS):
        file = None
        if number in streams:
            lines = 1 if name == "stderr" else -1
            file = open(number, mode, lines, encoding="utf-8", errors=errors)  # noqa: PTH123, SIM115
        else:
            os.close(number)
        setattr(sys, name, file)
        setattr(sys, f"__{name}__", file)
    words: list[str] = request["words"]
    if words[:1] == ["-c"]:
        sys.argv, code = ["-c", *words[2:]], compile(words[1], "<string>", "exec")
        sys.path.insert(0, "")
        module = sys.modules["__main__"] = ModuleType("__main__")
        return lambda: exec(code, vars(module))  # noqa: S102  (as `python -c` does)
    sys.argv = ["plangate", *words]
    start: Callable[[], None] = import_module("plangate.infrastructure.cli.entry").start
    return start


def _run(program: Callable[[], None]) -> int:
    """Run a program to its end; the exit code that Python would give."""
    code = 0
    try:
        program()
    except SystemExit as end:
        if isinstance(end.code, int):
            code = end.code
        elif end.code is not None:
            sys.stderr.write(f"{end.code}\n")
            code = 1
    except BaseException:  # noqa: BLE001  (nothing is above this)
        sys.excepthook(*sys.exc_info())
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            code = code or _LOST_AT_THE_END
    return code


if __name__ == "__main__":
    # Without taking down, module by module, what was imported: that takes most of the time.
    os._exit(_run(_program_to_become(sys.argv[1])))
