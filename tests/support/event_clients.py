"""Clients of event streams that disconnect at random, and go on behind their last event."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Received:
    """One event of a stream."""

    id: int | None = None
    name: str = "message"
    data: str = ""

    @property
    def value(self) -> Any:
        """Its data, from JSON."""
        return json.loads(self.data)


class Stream:
    """A connection to an event stream. It is of HTTP 1.0, so that nothing is between the lines."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.status = 0
        self.headers: dict[str, str] = {}

    async def begin(self) -> None:
        """Read the response up to its body."""
        line = await self.reader.readline()
        self.status = int(line.split()[1]) if line else 0
        while (line := await self.reader.readline()).strip():
            name, _, value = line.decode().partition(":")
            self.headers[name.lower()] = value.strip()

    async def lines(self) -> AsyncIterator[str]:
        """The lines of the body, those that are complete."""
        while (line := await self.reader.readline()).endswith(b"\n"):
            yield line.decode().rstrip("\n")

    async def events(self) -> AsyncIterator[Received]:
        """The events of the body, without comments."""
        event = Received()
        async for line in self.lines():
            name, _, value = line.partition(": ")
            match name:
                case "id":
                    event.id = int(value)
                case "event":
                    event.name = value
                case "data":
                    event.data = value
                case "" if not line and event.data:
                    yield event
                    event = Received()


@asynccontextmanager
async def stream(url: str, last: int | None = None) -> AsyncIterator[Stream]:
    """Open a stream, behind an event; in the end the connection is cut."""
    at = urlsplit(url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port, limit=2**20)
    try:
        target = at.path + (f"?{at.query}" if at.query else "")
        resume = "" if last is None else f"Last-Event-ID: {last}\r\n"
        writer.write(f"GET {target} HTTP/1.0\r\nHost: {at.netloc}\r\n{resume}\r\n".encode())
        opened = Stream(reader, writer)
        await opened.begin()
        yield opened
    finally:
        writer.transport.abort()


@dataclass
class Client:
    """Receives events up to a position, and disconnects after random numbers of them."""

    url: str
    random: Random
    cut_after: int
    ids: list[int] = field(default_factory=list)
    connections: int = 0

    async def run(self, last: int) -> None:
        """Receive events up to a position."""
        while not self.ids or self.ids[-1] < last:
            self.connections += 1
            left = self.random.randint(1, self.cut_after)
            async with stream(self.url, self.ids[-1] if self.ids else None) as opened:
                assert opened.status == 200
                async for event in opened.events():
                    assert event.id is not None
                    self.ids.append(event.id)
                    left -= 1
                    if left == 0 or event.id >= last:
                        break
