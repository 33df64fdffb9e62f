"""What a fork needs: locks that are free in the child, and nothing half done at that moment.

A child has one thread, and a copy of the memory as it was. A lock that another thread held
stays locked in it, and what that thread was changing stays half changed.
"""

import os
from collections.abc import Callable
from threading import Lock, RLock
from time import monotonic
from types import MethodType
from typing import Any, Final, Protocol, cast
from weakref import ref

FORK_PATIENCE: Final = 10.0
"""Seconds that a fork waits for what other threads are doing with stores."""


class Settling(Protocol):
    """Something that must be at rest while the process forks."""

    def settle(self, deadline: float, /) -> None:
        """Let what is being done end, until the deadline (monotonic), and begin nothing."""

    def resume(self) -> None:
        """Go on, in the parent; resuming twice is harmless."""

    def renew(self) -> None:
        """Go on, in the child."""


_renewals: list[tuple[ref[Any], Callable[[Any], Any]]] = []
_registering = Lock()
_settling: set[ref[Settling]] = set()
_one_fork: Final = RLock()
"""Of two threads that fork, each would wait for what the other one holds."""


def renew_in_child(renew: Callable[[], Any]) -> None:
    """Call a bound method in every forked child, as long as its object lives.

    Objects are renewed in no certain order, so `renew` may not use another one.
    """
    # A WeakMethod would run Python code as its object goes, and there an exception of a
    # signal handler is lost.
    method = cast("MethodType", renew)
    with _registering:
        _renewals[:] = [one for one in _renewals if one[0]() is not None]
        _renewals.append((ref(method.__self__), method.__func__))


def settle_for_forks(one: Settling) -> None:
    """Have an object settle before every fork, and go on after it, as long as it lives."""
    _settling.add(ref(one, _settling.discard))


def _settle() -> None:
    deadline = monotonic() + FORK_PATIENCE
    for one in _living(_settling):
        one.settle(deadline)


def _resume() -> None:
    for one in _living(_settling):
        one.resume()


def _renew() -> None:
    global _registering  # noqa: PLW0603  (a thread of the parent may hold it)
    _registering = Lock()
    for reference, renew in _renewals:
        owner = reference()
        if owner is not None:
            renew(owner)
    for one in _living(_settling):
        one.renew()


def _living(references: "set[Any]") -> list[Any]:
    return [one for one in (reference() for reference in list(references)) if one is not None]


os.register_at_fork(before=_settle, after_in_parent=_resume, after_in_child=_renew)
# A signal that came while the process forked is handled as the first of these begins, and an
# exception that its handler raises ends that one: the second does what was left.
os.register_at_fork(after_in_parent=_resume)
os.register_at_fork(
    before=_one_fork.acquire,
    after_in_parent=_one_fork.release,
    after_in_child=_one_fork.release,
)
