"""The main program of a process that works on plans for another one.

Requests come through its standard input, as pickles: first the address, the schema and the
work as it begins, then the ids of some plans at a time. An answer is the work after them,
or None where it failed: then the other process does it again, and sees why.
"""

import gc
import os
import pickle
import sys
from contextlib import closing
from typing import Any

from plangate.application.event_store import EventStore
from plangate.infrastructure.addresses import open_to_read


def serve() -> None:
    """Answer every request, until the other process has no more, or has ended."""
    requests = sys.stdin.buffer
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # what else is printed must not look like an answer
        address, schema, begun = pickle.load(requests)  # noqa: S301  (from our own process)
        gc.freeze()
        with closing(open_to_read(address, schema)) as store:
            while True:
                try:
                    plan_ids = pickle.load(requests)  # noqa: S301
                except EOFError:
                    return
                answers.write(_answer(store, begun, plan_ids))
                answers.flush()


def _answer(store: EventStore, begun: bytes, plan_ids: tuple[str, ...]) -> bytes:
    try:
        work: Any = pickle.loads(begun)  # noqa: S301
        for plan_id in plan_ids:
            work.add(store, plan_id)
        return pickle.dumps(work, pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001  (the other process sees it)
        return pickle.dumps(None)
