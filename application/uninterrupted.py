"""Types are built one at a time, and no exception of a signal handler cuts that short.

msgspec and pydantic lose an exception that is raised while they build a type. Python runs
signal handlers in the main thread alone, so types are built in another one. A decoder of
msgspec crashes the process where another thread still builds a type that both have.
"""

import os
from _thread import start_new_thread
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, local
from typing import Final, TypeVar, cast

_Made = TypeVar("_Made")

_thread: Final = local()
_building: Final = Lock()
"""A fork waits for it: pydantic has a lock of its own, which a child could wait for in vain."""


def uninterrupted(make: Callable[[], _Made]) -> _Made:
    """What `make` returns or raises; an interruption ends the waiting for it."""
    if getattr(_thread, "is_building", False):  # what is built may have another type built
        return make()
    # The start and the end of a `threading.Thread` are waited for with Python's locks, which an
    # exception leaves locked.
    done: SimpleQueue[tuple[_Made | None, BaseException | None]] = SimpleQueue()

    def work() -> None:  # pragma: no cover  (in a thread that is not seen by coverage)
        with _building:
            _thread.is_building = True
            try:
                done.put((make(), None))
            except BaseException as error:  # noqa: BLE001  (it is raised where it is waited for)
                done.put((None, error))
            finally:
                _thread.is_building = False

    try:
        start_new_thread(work, ())
    except RuntimeError:  # the system has no more threads
        work()
    made, error = done.get()
    if error is not None:
        raise error
    return cast("_Made", made)


os.register_at_fork(
    before=_building.acquire,
    after_in_parent=_building.release,
    after_in_child=_building.release,
)
