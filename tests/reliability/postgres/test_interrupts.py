"""Signal handlers that raise exceptions inside commands, at any step, again and again.

They run in a process of their own: what measures coverage has a lock that an exception of a
signal handler can lose.
"""

import json

from tests.support.reliability.scripts import run_script
from tests.support.servers.postgres import PostgresServer
from tests.support.soak import Say, short_and_long

OPEN = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'plangate'"
    " AND state NOT IN ('idle', 'active')"
)
_FAULTS = (
    *("swallowed", "slots_lost", "not_at_rest", "stale", "lost", "doubled", "gaps"),
    *("failed_beside", "lost_beside", "doubled_beside"),
)


@short_and_long("number", 300, 10_000)
def test_no_interruption_loses_a_connection_or_leaves_a_transaction_open(
    postgres: PostgresServer, say: Say, number: int
) -> None:
    program = run_script("interrupting_postgres", postgres.url, number)
    assert (program.returncode, program.stderr) == (0, "")
    figures = json.loads(program.stdout)
    say(f"{number} interrupts, PostgreSQL", **figures)
    assert figures["interrupted"] >= number
    assert figures["acknowledged"]
    assert figures["acknowledged_beside"]
    assert {name: figures[name] for name in _FAULTS} == dict.fromkeys(_FAULTS, 0)
    assert postgres.execute(OPEN) == [(0,)]
