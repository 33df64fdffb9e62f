"""What a forked child renews: locks that a thread of the parent may have held, and caches.

A child has one thread, and a copy of the memory as it was. A lock that another thread held
stays locked in it, and what that thread was changing stays half changed.
"""

import os
from collections.abc import Callable
from typing import Any
from weakref import WeakMethod

_renewals: set[WeakMethod[Callable[[], Any]]] = set()


def renew_in_child(renew: Callable[[], Any]) -> None:
    """Call a bound method in every forked child, as long as its object lives.

    Objects are renewed in no certain order, so `renew` may not use another one.
    """
    _renewals.add(WeakMethod(renew, _renewals.discard))


def _renew() -> None:
    for renewal in list(_renewals):
        renew = renewal()
        if renew is not None:
            renew()


os.register_at_fork(after_in_child=_renew)
