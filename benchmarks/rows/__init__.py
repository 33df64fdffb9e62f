"""The rows of the table, in its order."""

from collections.abc import Callable, Mapping
from typing import Final

from benchmarks.measuring import Bench
from benchmarks.results import Row
from benchmarks.rows.beside import command_beside_rebuild, question_beside_writer
from benchmarks.rows.commands import next_task, score, threads
from benchmarks.rows.http import http_score, http_status
from benchmarks.rows.postgres import postgres
from benchmarks.rows.processes import completion, memory, start_up
from benchmarks.rows.questions import next_over_plans, status
from benchmarks.rows.replay import (
    agreement,
    calibrate,
    check,
    findings,
    ledger,
    replay,
    tune,
    what_if,
)
from benchmarks.rows.views import catch_up

ROWS: Final[Mapping[str, Callable[[Bench], Row]]] = {
    "score": score,
    "threads": threads,
    "status": status,
    "next-task": next_task,
    "next-over-plans": next_over_plans,
    "replay": replay,
    "catch-up": catch_up,
    "what-if": what_if,
    "check": check,
    "findings": findings,
    "calibrate": calibrate,
    "agreement": agreement,
    "tune": tune,
    "ledger": ledger,
    "postgres": postgres,
    "http-status": http_status,
    "http-score": http_score,
    "command-beside-rebuild": command_beside_rebuild,
    "question-beside-writer": question_beside_writer,
    "start-up": start_up,
    "start-up-version": lambda bench: start_up(bench, "--version"),
    "start-up-next": lambda bench: start_up(bench, "next", "plan"),
    "start-up-status": lambda bench: start_up(bench, "status", "plan"),
    "start-up-tab": completion,
    "memory": memory,
}
"""What measures each row, by the row's name."""
