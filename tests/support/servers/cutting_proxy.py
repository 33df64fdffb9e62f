"""A proxy in front of a server that cuts the line just when an answer should pass."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from threading import Event, Thread
from types import TracebackType
from typing import Self

from tests.support.servers.processes import PATIENCE


class CuttingProxy:
    """Passes everything on, until it is asked to lose the next answer to certain words."""

    def __init__(self, port: int) -> None:
        self._server = ("127.0.0.1", port)
        self._door = socket.create_server(("127.0.0.1", 0))
        self._words: bytes | None = None
        self._cut = Event()
        self.port: int = self._door.getsockname()[1]

    def __enter__(self) -> Self:
        Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def lose_the_answer_to(self, words: bytes) -> None:
        """Once: let a question with these words through, and cut the line before its answer."""
        self._words = words

    def wait_for_the_cut(self) -> None:
        """Return once the server has done what it was asked, and its answer was cut off."""
        assert self._cut.wait(PATIENCE)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server:
            Thread(target=_pass_on, args=(server, client), daemon=True).start()
            for question in _received(client):
                if self._words and self._words in question:
                    self._words = None
                    _ask_unheard(server, client, question)
                    self._cut.set()
                    return
                server.sendall(question)


def _ask_unheard(server: socket.socket, client: socket.socket, question: bytes) -> None:
    client.shutdown(socket.SHUT_RDWR)
    server.sendall(question)
    server.shutdown(socket.SHUT_WR)
    server.settimeout(PATIENCE)
    for _ in _received(server):
        pass


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        for data in _received(source):
            sink.sendall(data)


def _received(source: socket.socket) -> Iterator[bytes]:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            yield data
