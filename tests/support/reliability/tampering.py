"""Alterations of a store by SQL, random or by name."""

import json
import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import psycopg

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.stored_events.kinds import STORED_KINDS

_EVENTS: Final = "notification_id, originator_id, originator_version, topic, state"
_TABLES: Final = ("stored_events", "ledger_leaves", "ledger_reach")
_ELSEWHERE: Final = 1_000_000


@dataclass(frozen=True)
class Row:
    """An event as a table holds it."""

    position: int
    plan_id: str
    version: int
    name: str
    state: str

    def saying(self, body: Any) -> "Row":
        """The row with another content."""
        state = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
        return replace(self, state=state)


Run = Callable[..., list[tuple[Any, ...]]]
"""Runs a statement with `?` for its values."""


class SqliteTarget:
    """A store in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.address = str(path)
        self._whole = b""

    def keep(self) -> bytes:
        """Remember the current content."""
        self._whole = self.path.read_bytes()
        return self._whole

    def take_over(self, content: bytes) -> None:
        """Hold what another store held, and remember that."""
        self._whole = content
        self.restore()

    def restore(self) -> None:
        """Restore the remembered content."""
        for suffix in ("-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)
        self.path.write_bytes(self._whole)

    def registry(self) -> PlanRegistry:
        """The registry on it."""
        return connect(self.path)

    @contextmanager
    def sql(self) -> Iterator[Run]:
        """Statements, in one transaction."""
        with closing(sqlite3.connect(self.path)) as connection:
            yield lambda statement, *values: connection.execute(statement, values).fetchall()
            connection.commit()


class PostgresTarget:
    """A store in a server."""

    def __init__(self, url: str) -> None:
        self.address = url
        self._whole: dict[str, list[tuple[Any, ...]]] = {}

    def keep(self) -> dict[str, list[tuple[Any, ...]]]:
        """Remember the current content."""
        with self.sql() as run:
            self._whole = {table: run(f"SELECT * FROM {table}") for table in _TABLES}
        return self._whole

    def take_over(self, content: dict[str, list[tuple[Any, ...]]]) -> None:
        """Hold what another store held, with views made of it, and remember that."""
        self._whole = content
        with self.registry() as registry:
            self.restore()
            registry.views.plans()

    def restore(self) -> None:
        """Restore the remembered content."""
        with self._connection() as connection, connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(_TABLES)}".encode())
            for table, rows in self._whole.items():
                values = ", ".join(["%s"] * len(rows[0]))
                cursor.executemany(f"INSERT INTO {table} VALUES ({values})".encode(), rows)

    def registry(self) -> PlanRegistry:
        """The registry on it."""
        return connect(self.address)

    @contextmanager
    def sql(self) -> Iterator[Run]:
        """Statements, in one transaction."""
        with self._connection() as connection:

            def run(statement: Any, *values: Any) -> list[tuple[Any, ...]]:
                cursor = connection.execute(statement.replace("?", "%s"), values)
                return cursor.fetchall() if cursor.description else []

            yield run

    def _connection(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.address, options="-c search_path=plangate")


def rows(run: Run) -> list[Row]:
    """All events, in order."""
    found = run(f"SELECT {_EVENTS} FROM stored_events ORDER BY notification_id")
    return [Row(*row) for row in found]


def put(run: Run, old: Row, new: Row) -> None:
    """Write another row over one."""
    run("DELETE FROM stored_events WHERE notification_id = ?", old.position)
    add(run, new)


def add(run: Run, row: Row) -> None:
    """Insert a row."""
    values = (row.position, row.plan_id, row.version, row.name, row.state)
    run("INSERT INTO stored_events VALUES (?, ?, ?, ?, ?)", *values)


# --- the alterations; each returns a short description ---

Deed = Callable[[random.Random, Run], str]


def alter_a_value(chance: random.Random, run: Run) -> str:
    """Change a value of an event or its envelope."""
    row = chance.choice(rows(run))
    body = json.loads(row.state)
    holder, key = chance.choice(list(_values(body)))
    old = holder[key]
    holder[key] = _another(chance, old)
    put(run, row, row.saying(body))
    return f"{row.plan_id}@{row.version}: {key} was {old!r}, is {holder[key]!r}"


def remove_a_value(chance: random.Random, run: Run) -> str:
    """Remove a value."""
    row = chance.choice(rows(run))
    body = json.loads(row.state)
    holder, key = chance.choice([(h, k) for h, k in _values(body) if isinstance(h, dict)])
    del holder[key]
    put(run, row, row.saying(body))
    return f"{row.plan_id}@{row.version}: {key} is gone"


def add_a_value(chance: random.Random, run: Run) -> str:
    """Add a value to the envelope."""
    row = chance.choice(rows(run))
    body = json.loads(row.state)
    field = chance.choice(["actor", "correlation_id", "idempotency_key", "origin_position"])
    before = body["meta"].get(field)
    body["meta"][field] = 7 if field == "origin_position" else f"{before}-x"
    put(run, row, row.saying(body))
    return f"{row.plan_id}@{row.version}: {field} is new"


def remove_an_event(chance: random.Random, run: Run) -> str:
    """Remove an event."""
    row = chance.choice(rows(run))
    run("DELETE FROM stored_events WHERE notification_id = ?", row.position)
    return f"{row.plan_id}@{row.version} removed"


def swap_positions(chance: random.Random, run: Run) -> str:
    """Swap the positions of two events."""
    one, other = chance.sample(rows(run), 2)
    move = "UPDATE stored_events SET notification_id = ? WHERE notification_id = ?"
    run(move, _ELSEWHERE, one.position)
    run(move, one.position, other.position)
    run(move, other.position, _ELSEWHERE)
    return f"positions {one.position} and {other.position} swapped"


def swap_contents(chance: random.Random, run: Run) -> str:
    """Swap the contents of two events."""
    one, other = chance.sample(rows(run), 2)
    for row, by in ((one, other), (other, one)):
        put(run, row, replace(row, name=by.name, state=by.state))
    return f"contents of {one.position} and {other.position} swapped"


def rename(chance: random.Random, run: Run) -> str:
    """Give an event another plan, version, kind or position."""
    row = chance.choice(rows(run))
    kinds = [kind for kind in STORED_KINDS if kind != row.name]
    new = chance.choice(
        [
            replace(row, plan_id=row.plan_id + "x"),
            replace(row, version=row.version + 1000),
            replace(row, name=chance.choice(kinds)),
            replace(row, name="painted"),
            replace(row, position=_ELSEWHERE),
        ]
    )
    put(run, row, new)
    return f"{row} is now {new}"


def shift(chance: random.Random, run: Run) -> str:
    """Move all events from one on by a position."""
    row = chance.choice(rows(run))
    move = "UPDATE stored_events SET notification_id = notification_id + ? WHERE notification_id"
    run(f"{move} >= ?", _ELSEWHERE, row.position)
    run(f"{move} >= ?", 1 - _ELSEWHERE, _ELSEWHERE)
    return f"shifted from {row.position} on"


def write_otherwise(chance: random.Random, run: Run) -> str:
    """Encode an event differently."""
    row = chance.choice(rows(run))
    state = chance.choice(
        [
            row.state.replace('":', '": ', 1),
            row.state.replace('{"event":', '{"event":{},"event":'),
            row.state + " ",
            row.state.replace("e", "\\u0065", 1),
        ]
    )
    put(run, row, replace(row, state=state))
    return f"{row.plan_id}@{row.version} written otherwise"


def spoil(chance: random.Random, run: Run) -> str:
    """Replace an event by other bytes."""
    row = chance.choice(rows(run))
    state = chance.choice(["", "{}", "[]", "null", row.state[: len(row.state) // 2], "Dear diary"])
    put(run, row, replace(row, state=state))
    return f"{row.plan_id}@{row.version} spoilt: {state[:20]!r}"


def cut_the_tail(chance: random.Random, run: Run) -> str:
    """Remove the last events, and the ledger that covers them."""
    last = chance.randint(1, 9)
    tail = rows(run)[-last:]
    run("DELETE FROM stored_events WHERE notification_id >= ?", tail[0].position)
    forget_the_ledger(chance, run)
    return f"the last {last} removed, the ledger too"


def forge_and_forget(chance: random.Random, run: Run) -> str:
    """Alter something, and empty the ledger."""
    deed = chance.choice([alter_a_value, remove_an_event, swap_positions, swap_contents])
    return f"{deed(chance, run)}, and the ledger forgotten{forget_the_ledger(chance, run)}"


def forget_the_ledger(_chance: random.Random, run: Run) -> str:
    """Empty the ledger."""
    run("DELETE FROM ledger_leaves")
    run("DELETE FROM ledger_reach")
    return ""


def alter_the_ledger(chance: random.Random, run: Run) -> str:
    """Alter the ledger itself."""
    leaf = chance.randrange(len(rows(run)))
    statement, *values = chance.choice(
        [
            ("UPDATE ledger_leaves SET hash = ? WHERE leaf = ?", bytes(32), leaf),
            ("UPDATE ledger_leaves SET event_id = ? WHERE leaf = ?", "x@1", leaf),
            ("UPDATE ledger_leaves SET position = position + 1 WHERE leaf = ?", leaf),
            ("DELETE FROM ledger_leaves WHERE leaf = ?", leaf),
            ("UPDATE ledger_reach SET position = position + 1",),
            ("UPDATE ledger_reach SET leaves = leaves - 1",),
            ("UPDATE ledger_reach SET frontier = ?", bytes(32)),
        ]
    )
    run(statement, *values)
    return f"{statement} {values}"


DEEDS: Final[Sequence[Deed]] = (
    alter_a_value,
    alter_a_value,
    alter_a_value,
    remove_a_value,
    add_a_value,
    remove_an_event,
    swap_positions,
    swap_contents,
    rename,
    shift,
    write_otherwise,
    spoil,
    cut_the_tail,
    forge_and_forget,
    alter_the_ledger,
)


def _values(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container and key of a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, held in list(items):
        if isinstance(held, dict | list) and held:
            yield from _values(held)
        yield value, key


def _another(chance: random.Random, value: Any) -> Any:
    """A value that is not this one."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + chance.choice([1, 0.5, 1e-9, -1])
        case str() if len(value) > 1:
            place = chance.randrange(len(value))
            return value[:place] + ("0" if value[place] != "0" else "1") + value[place + 1 :]
        case _:
            return "x" if value != "x" else "y"
