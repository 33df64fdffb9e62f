"""Examines a store in PostgreSQL: its server, its tables, the rights on them, and its log.

Nothing is created, upgraded or changed.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, Final

from psycopg.rows import dict_row, tuple_row
from psycopg.sql import SQL, Identifier
from psycopg_pool import ConnectionPool

from plangate.application.errors import StoreError, StoreTooNew
from plangate.application.operations import log_checks
from plangate.application.operations.ledger_checks import check_ledger
from plangate.application.operations.observations import RESTORE, fine, guarded, problem, warning
from plangate.application.operations.reports import Health, Observation
from plangate.application.operations.view_checks import check_views
from plangate.application.progress import Progress
from plangate.application.views.queries import view_report
from plangate.infrastructure.postgres.address import TIME_OUTS
from plangate.infrastructure.postgres.connections import Connection
from plangate.infrastructure.postgres.events import events_in
from plangate.infrastructure.postgres.layout import EVENTS, LAYOUT_VERSION
from plangate.infrastructure.postgres.ledger import PostgresLedgerStore
from plangate.infrastructure.postgres.schema import Schema, unchecked_schema
from plangate.infrastructure.postgres.views import PostgresViewStore

Server = Mapping[str, Any]

_DURABLE: Final = ("fsync", "full_page_writes")
_SERVER: Final = """
SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS standby,
    current_setting('server_encoding') AS encoding, current_setting('fsync') AS fsync,
    current_setting('full_page_writes') AS full_page_writes,
    current_setting('synchronous_commit') AS synchronous_commit,
    current_setting('synchronous_standby_names') AS standbys,
    current_setting('data_checksums') AS data_checksums
"""
# A server writes a setting in its own way, so it is asked to set what was asked for.
_IN_FORCE: Final = """
SELECT name, current_setting(name, true),
    CASE WHEN asked IS NOT NULL THEN set_config(name, asked, true) END
FROM unnest(%s::text[], %s::text[]) AS given (name, asked)
"""
_RIGHTS: Final = SQL("""
SELECT has_table_privilege(%s, 'SELECT'), has_table_privilege(%s, 'INSERT'),
    pg_size_pretty(pg_total_relation_size(%s::regclass))
""")
_PAGE: Final = 1_000
_PLACES: Final = SQL(
    "SELECT originator_id, originator_version, notification_id FROM {}"
    " WHERE (originator_id, originator_version) > (%s, %s)"
    " ORDER BY originator_id, originator_version LIMIT %s"
)


def examine_schema(
    source: str | ConnectionPool[Any], schema: str, progress: Progress
) -> tuple[str, list[Observation]]:
    """The name of the store, and all observations about it."""
    with closing(unchecked_schema(source, schema)) as place:
        return place.name, list(_examined(place, progress))


def _examined(place: Schema, progress: Progress) -> Iterator[Observation]:
    try:
        server = _server(place)
    except StoreError as error:
        yield problem(
            "server", str(error), None, "check that the server runs and accepts this user"
        )
        return
    yield from _settings(server)
    yield from guarded("settings", _asked(place))
    layout = _layout(place)
    yield layout
    if layout.health is Health.PROBLEM:
        return
    yield from guarded("rights", _rights(place))
    yield from guarded("log", _log(place, progress))
    if layout.health is Health.OK:
        yield from guarded("identity", _identity(place))
        yield from guarded("views", _views(place))
        yield from guarded("ledger", check_ledger(PostgresLedgerStore(place)))


def _server(place: Schema) -> Server:
    """The server's settings, as they are in force in a transaction of ours."""

    def server(connection: Connection) -> Server:
        found: Server | None = connection.cursor(row_factory=dict_row).execute(_SERVER).fetchone()
        return found or {}

    return place.in_transaction(server)


def _settings(server: Server) -> Iterator[Observation]:
    if server["standby"]:
        found = f"PostgreSQL {server['version']}, a standby: it may lag, and records nothing"
        yield warning("server", found, None, "never gate on a standby; name the primary")
    else:
        yield fine("server", f"PostgreSQL {server['version']}")
    if server["encoding"] == "UTF8":
        yield fine("encoding", "UTF8")
    else:
        found = f"the database is encoded in {server['encoding']}"
        yield problem("encoding", found, None, "copy the plans into a database encoded in UTF8")
    off = [name for name in _DURABLE if server[name] == "off"]
    if off:
        found = f"{' and '.join(off)} off: commands that were acknowledged can be lost"
        yield problem("durability", found, None, f"set {off[0]} = on, and restart the server")
        return
    commit = server["synchronous_commit"]
    level = "on for every command (off for others)" if commit == "off" else commit
    standbys = f"with {server['standbys']}" if server["standbys"] else "on this server alone"
    checksums = f"data checksums {server['data_checksums']}"
    yield fine("durability", f"synchronous_commit {level}, {standbys}; {checksums}")


def _asked(place: Schema) -> Iterator[Observation]:
    """Whether the settings that plangate asks for are in force where commands run."""
    names = tuple(place.connections.settings) or TIME_OUTS
    asked = [place.connections.settings.get(name) for name in names]

    def both(connection: Connection) -> list[tuple[str, str, str | None]]:
        cursor = connection.cursor(row_factory=tuple_row)
        return cursor.execute(_IN_FORCE, [list(names), asked]).fetchall()

    found = place.in_transaction(both)
    others = [one for one in found if one[2] not in {None, one[1]}]
    for name, actual, wanted in others:
        advice = f"find what changes {name} on this server or on the way to it"
        what = f"{name} is {actual} in force, though {wanted} is asked for"
        yield warning("settings", what, None, advice)
    if not others:
        yield fine("settings", ", ".join(f"{name} {actual}" for name, actual, _ in found))


def _layout(place: Schema) -> Observation:
    """Whether the tables exist, in the layout of this version."""
    try:
        layout = place.in_transaction(place.layout)
    except StoreError as error:
        advice = "upgrade plangate" if isinstance(error, StoreTooNew) else RESTORE
        return problem("store", str(error), place.schema, advice)
    if not layout:
        found = f"no plangate tables in the schema {place.schema}"
        return problem("store", found, place.schema, "plangate store migrate creates them")
    if layout < LAYOUT_VERSION:
        found = f"plangate tables of layout {layout}; this version has layout {LAYOUT_VERSION}"
        return warning("store", found, place.schema, "plangate store migrate upgrades them")
    return fine("store", f"plangate tables of layout {layout} in schema {place.schema}")


def _rights(place: Schema) -> Iterator[Observation]:
    events = Identifier(place.schema, EVENTS).as_string(None)
    with place.translated(None):
        [(may_read, may_record, size)] = place.select(_RIGHTS, [events] * 3)
    if not may_read:
        yield problem("rights", "this user may not read events", events, "grant SELECT on it")
    elif not may_record:
        found = "this user may read events, but not record any"
        yield warning("rights", found, events, "grant INSERT on it if this user records commands")
    else:
        yield fine("rights", f"this user may read and record events ({size})")


def _identity(place: Schema) -> Iterator[Observation]:
    query = SQL("SELECT value FROM {} WHERE name = 'store_id'")
    facts = Identifier(place.schema, "store_facts")
    with place.translated(None):
        found = place.select(query.format(facts), ())
    for (store_id,) in found:
        yield fine("identity", f"store {store_id}")


def _log(place: Schema, progress: Progress) -> Iterator[Observation]:
    store = events_in(place)
    last = store.last_position()
    log = log_checks.DamagedLog(store, last, lambda position: progress(position, 2 * last))
    yield from log_checks.check_entries(log.entries(), store.format)
    yield from log.damaged.observations()
    yield from log_checks.check_order(_in_order(place, last, progress))


def _views(place: Schema) -> Iterator[Observation]:
    report = view_report(events_in(place), PostgresViewStore(place))
    yield from check_views(report)


def _in_order(place: Schema, last: int, progress: Progress) -> Iterator[log_checks.EventLocation]:
    """The position of each event, by plan and version, read in portions."""
    done, after = 0, ("", -(2**63))
    query = _PLACES.format(Identifier(place.schema, EVENTS))
    while rows := place.select(query, (*after, _PAGE)):
        yield from rows
        after = rows[-1][:2]
        done += len(rows)
        progress(last + min(done, last), 2 * last)
