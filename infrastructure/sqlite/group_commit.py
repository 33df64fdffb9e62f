"""The statements of several threads in one transaction.

Each is one statement, which SQLite undoes by itself if it fails.
"""

import sqlite3
from collections.abc import Callable, Sequence
from itertools import starmap
from typing import Any

from plangate.application.errors import ConcurrentChange
from plangate.infrastructure.sql.group_commit import Waiting

Work = Callable[[sqlite3.Connection], Any]


def commit_together(connection: sqlite3.Connection, group: Sequence[Waiting[Work]]) -> None:
    """Do the work of a group and commit it; a conflict undoes its own work alone."""
    if len(group) == 1:
        _execute(group[0], connection, [None])  # without BEGIN, a statement commits itself
        return
    connection.execute("BEGIN IMMEDIATE")
    committed: list[None] = []
    for one in group:
        _execute(one, connection, committed)
    # Within C, so that no signal handler can come between: else others would do again
    # what is committed.
    committed.extend(starmap(connection.commit, [()]))


def _execute(one: Waiting[Work], connection: sqlite3.Connection, committed: list[None]) -> None:
    try:
        answer = one.work(connection)
    except ConcurrentChange as conflict:
        answer = conflict
    one.done(answer, committed)
