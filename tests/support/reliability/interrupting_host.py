"""A process whose signal handlers raise exceptions in the middle of a host's transactions.

python -m tests.support.reliability.interrupting_host TARGET NUMBER
"""

import json
import sys
from pathlib import Path

from psycopg import Error

from tests.support.host import Host, postgres_host, sqlite_host
from tests.support.reliability.interrupts import Interruptions


def run(host: Host, number: int) -> dict[str, int]:
    """Go on until so many transactions were interrupted; what was counted."""
    interruptions = Interruptions(3)
    acknowledged: list[str] = []
    own: list[str] = []
    with host.registry as registry:
        registry.create("g", [{"id": "a", "title": "A"}], plan_id="p")
        connection, key = host.connect(), ""

        def transaction() -> None:
            with registry.in_transaction(connection) as inside:
                host.insert(connection, key)
                inside.score_prompt("p", "a", 0.5, idempotency_key=key)
            connection.commit()
            acknowledged.append(key)

        with interruptions.handled():
            while len(interruptions.kept) < number:
                key = f"host-{len(own)}"
                interruptions.interrupt(transaction)
                try:
                    connection.rollback()
                except Error:  # psycopg was interrupted while it waited for an answer
                    connection.close()
                    connection = host.connect()
                own.append(f"own-{len(own)}")
                registry.score_prompt("p", "a", 0.4, idempotency_key=own[-1])
        connection.close()
        recorded = [entry.envelope.idempotency_key for entry in registry.history.of("p")]
        keys = {key for key in recorded if key and key.startswith("host-")}
        rows = host.rows()
        return {
            "interrupted": len(interruptions.kept),
            "acknowledged": len(acknowledged),
            "lost": len(set(acknowledged) - keys),
            "rows_without_event": len(set(rows) - keys),
            "events_without_row": len(keys - set(rows)),
            "doubled": len(recorded) - len(set(recorded)) + len(rows) - len(set(rows)),
            "own_lost": len(set(own) - set(recorded)),
        }


if __name__ == "__main__":
    target, number = sys.argv[1:]
    is_server = target.startswith("postgresql://")
    host = postgres_host(target) if is_server else sqlite_host(Path(target))
    print(json.dumps(run(host, int(number))))
