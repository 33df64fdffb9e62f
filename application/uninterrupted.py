"""Work that no exception of a signal handler may cut short.

msgspec and pydantic lose an exception that is raised while they build a type. Python runs
signal handlers in the main thread alone, so such work is done in another one.
"""

from _thread import start_new_thread
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar, cast

_Made = TypeVar("_Made")


def uninterrupted(make: Callable[[], _Made]) -> _Made:
    """What `make` returns or raises; an interruption ends the waiting for it."""
    # The start and the end of a `threading.Thread` are waited for with Python's locks, which an
    # exception leaves locked.
    done: SimpleQueue[tuple[_Made | None, BaseException | None]] = SimpleQueue()

    def work() -> None:  # pragma: no cover  (in a thread that is not seen by coverage)
        try:
            done.put((make(), None))
        except BaseException as error:  # noqa: BLE001  (it is raised where it is waited for)
            done.put((None, error))

    try:
        start_new_thread(work, ())
    except RuntimeError:  # the system has no more threads
        return make()
    made, error = done.get()
    if error is not None:
        raise error
    return cast("_Made", made)
