"""Checks of the ledger, for any engine: whether its tables are there and fit each other."""

from collections.abc import Iterator

from plangate.application.ledger.ledger_store import LedgerStore
from plangate.application.ledger.saved_leaves import damage
from plangate.application.operations.observations import CheckResult, problem
from plangate.application.operations.reports import Observation


def check_ledger(ledger: LedgerStore) -> Iterator[Observation]:
    """What is wrong with the ledger itself; `ledger verify` compares it with the log."""
    result = CheckResult("ledger", "its leaves give its root")
    advice = "plangate ledger rebuild makes it anew from the log"
    result.add(problem("ledger", found.why, None, advice) for found in damage(ledger))
    yield from result.observations()
