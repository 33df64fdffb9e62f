"""One process at steady work, to be watched from outside.

python -m tests.support.reliability.steady DATABASE LOG SYNCHRONOUS COMMANDS
"""

import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.memory.keys import MemoryKeyStore
from plangate.infrastructure.sqlite.events import events_in
from plangate.infrastructure.sqlite.file import SqliteFile
from plangate.infrastructure.sqlite.views import SqliteViewStore
from tests.support.ledgers import some_ledger
from tests.support.reliability.acks import AckLog
from tests.support.reliability.workers import work_through

PLANS = ["p0", "p1", "p2"]


def run(database: Path, log: Path, synchronous: str, commands: int) -> None:
    """Run so many errands at a given degree of durability."""
    acks = AckLog(log)
    file = SqliteFile(database, pragmas={"synchronous": synchronous})
    events = events_in(file)
    with PlanRegistry(
        events,
        views=SqliteViewStore(file),
        ledger=lambda: some_ledger(events),
        keys=MemoryKeyStore,
        clock=lambda: datetime.now(UTC),
        new_id=secrets.token_hex,
    ) as registry:
        work_through(registry, acks, PLANS, seed=3, number=commands)
    acks.close()


if __name__ == "__main__":
    database, log, synchronous, commands = sys.argv[1:]
    run(Path(database), Path(log), synchronous, int(commands))
