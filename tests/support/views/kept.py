"""Questions beside a writer: who writes meanwhile, what is answered, and what is saved."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from plangate.application.registry import PlanRegistry
from plangate.application.views.plan_summaries import PlanOrder
from plangate.domain.errors import PlanNotFound

TASKS = [{"id": "a", "title": "Alpha"}, {"id": "b", "title": "Beta"}, {"id": "c", "title": "Gamma"}]
SCORES = (0.1, 0.5, 0.8, 0.95)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Another connection holds the write lock."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def writing_elsewhere(path: Path) -> Iterator[None]:
    """Another process holds the write lock."""
    hold = (
        "import sqlite3, sys; other = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "other.execute('BEGIN IMMEDIATE'); print(flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        yield


def saved(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as other:
        return dict(other.execute("SELECT view, position FROM view_marks WHERE NOT rebuilt"))


def answers(registry: PlanRegistry) -> dict[str, Any]:
    """What needs no wait, in every order."""
    views = registry.views
    ordered = {str(order): views.plans(order=order) for order in PlanOrder}
    pages: dict[str, Any] = {}
    for plan_id in ("p", "q", "r"):
        asked = (views.board, views.timeline, views.replans)
        pages[plan_id] = [_answer(question, plan_id) for question in asked]
    return {
        **ordered,
        **pages,
        "replans": views.replans(newest_first=True),
        "board": views.board(status="replanning"),
        "one": views.plans(limit=1),
    }


def _answer(question: Callable[[str], Any], plan_id: str) -> Any:
    """The answer about a plan, or which error it is."""
    try:
        return question(plan_id)
    except PlanNotFound as error:
        return type(error)
