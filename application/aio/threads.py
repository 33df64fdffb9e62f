"""Blocking calls as coroutines, in a bounded number of threads.

A coroutine that is cancelled ends when its call has ended, or will never begin: what it was to
record is recorded then, or never will be. What only computes ends at its next progress.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import update_wrapper
from itertools import islice
from typing import Any, Concatenate, Final, Generic, ParamSpec, Protocol, TypeVar, cast

from plangate.application.errors import StoreUnavailable
from plangate.application.forks import renew_in_child
from plangate.application.progress import Progress, no_progress, require_progress

THREADS: Final = 8
"""How many calls of one registry run at once; others wait for their turn."""

LONG: Final = 4
"""How many long computations run at once, in threads of their own."""

_AT_ONCE: Final = 200
"""How many items of an iterator are read at once."""

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Threads:
    """Threads for the calls of one registry, `THREADS` of them unless `most` is given."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most or THREADS
        self.is_over = False
        """Whether calls are refused."""
        self._begin()
        renew_in_child(self._begin)

    def _begin(self) -> None:
        self._executor = ThreadPoolExecutor(self._most, thread_name_prefix="plangate-aio")

    async def run(self, work: Callable[[], T], on_cancel: Callable[[], None] = lambda: None) -> T:
        """What `work` returns, in the context of this task; raises what it raises.

        `on_cancel` is called where it is cancelled while `work` runs.
        """
        self.require_open()
        call = self._executor.submit(copy_context().run, work)
        answer = asyncio.wrap_future(call)
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            if not call.cancel():
                on_cancel()
                await _ended(answer)
            raise

    async def iterate(self, begin: Callable[[], Iterator[T]]) -> AsyncIterator[T]:
        """The items of an iterator that blocks, read some at a time."""
        items = await self.run(begin)
        while batch := await self.run(lambda: list(islice(items, _AT_ONCE))):
            for item in batch:
                yield item

    def require_open(self) -> None:
        """Raise `StoreUnavailable` after the end."""
        if self.is_over:
            raise StoreUnavailable("the registry is closed")

    def end(self) -> None:
        """Refuse calls from now on; those that run end, and their threads."""
        self.is_over = True
        self._executor.shutdown(wait=False)


class Group:
    """Methods of an object whose calls block, as coroutines."""

    def __init__(self, threads: Threads, target: Callable[[], Any]) -> None:
        """`target` gives the object; it is called in a thread too."""
        self._threads = threads
        self._target = target


class AsyncMethod(Protocol, Generic[P, T_co]):
    """What the type checker sees of a method with the parameters P, whose answer is T."""

    def __get__(
        self, instance: Any, owner: Any = None, /
    ) -> Callable[P, Coroutine[Any, Any, T_co]]: ...


class AsyncIteration(Protocol, Generic[P, T_co]):
    """What it sees of one that iterates over T."""

    def __get__(self, instance: Any, owner: Any = None, /) -> Callable[P, AsyncIterator[T_co]]: ...


class Method(Protocol, Generic[P, T_co]):
    """What it sees of one that blocks for no time."""

    def __get__(self, instance: Any, owner: Any = None, /) -> Callable[P, T_co]: ...


def coroutine(method: Callable[Concatenate[Any, P], T]) -> AsyncMethod[P, T]:
    """A method as a coroutine of a `Group`."""

    async def call(group: Group, *args: P.args, **kwargs: P.kwargs) -> T:
        return await group._threads.run(lambda: method(group._target(), *args, **kwargs))  # noqa: SLF001

    return cast("AsyncMethod[P, T]", update_wrapper(call, method))


def question(method: Callable[Concatenate[Any, P], T]) -> AsyncMethod[P, T]:
    """A method that records nothing, as a coroutine; cancelled, it ends at its next progress."""

    async def call(group: Group, *args: Any, progress: Progress = no_progress, **kwargs: Any) -> T:
        require_progress(progress)
        cancelled: list[None] = []

        def going_on(done: int, total: int) -> None:
            if cancelled:
                raise asyncio.CancelledError
            progress(done, total)

        kwargs["progress"] = going_on
        return await group._threads.run(  # noqa: SLF001
            lambda: method(group._target(), *args, **kwargs),  # noqa: SLF001
            lambda: cancelled.append(None),
        )

    return cast("AsyncMethod[P, T]", update_wrapper(call, method))


def iteration(method: Callable[Concatenate[Any, P], Iterator[T]]) -> AsyncIteration[P, T]:
    """A method that returns an iterator as one of a `Group` that returns an async iterator."""

    def call(group: Group, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        return group._threads.iterate(lambda: method(group._target(), *args, **kwargs))  # noqa: SLF001

    return cast("AsyncIteration[P, T]", update_wrapper(call, method))


def same(method: Callable[Concatenate[Any, P], T]) -> Method[P, T]:
    """A method that needs no store, as one of a `Group`."""

    def call(group: Group, *args: P.args, **kwargs: P.kwargs) -> T:
        return method(group._target(), *args, **kwargs)  # noqa: SLF001

    return cast("Method[P, T]", update_wrapper(call, method))


async def _ended(answer: "asyncio.Future[Any]") -> None:
    """Wait for a call to end, however often this task is cancelled meanwhile."""
    while not answer.done():
        try:
            await asyncio.wait([answer])
        except asyncio.CancelledError:
            continue
    answer.exception()  # it is not reported as one that was never looked at
