"""Targets and the stores they name. The only module that knows every engine."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from plangate.application.errors import NotAStore, StoreError
from plangate.application.event_store import EventStore
from plangate.application.ledger.ledger_store import LedgerStore
from plangate.application.progress import Progress
from plangate.application.views.view_store import ViewStore
from plangate.domain.errors import InvalidInput, Problem
from plangate.infrastructure.settings import Settings
from plangate.infrastructure.sqlite.errors import opening
from plangate.infrastructure.sqlite.events import events_in as events_in_file
from plangate.infrastructure.sqlite.file import SqliteFile
from plangate.infrastructure.sqlite.header import resolved
from plangate.infrastructure.sqlite.ledger import SqliteLedgerStore
from plangate.infrastructure.sqlite.rights import may_write
from plangate.infrastructure.sqlite.unchecked import ReadOnlyFile
from plangate.infrastructure.sqlite.views import SqliteViewStore, memory_view_store
from plangate.infrastructure.store_finding import find_store

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

    from plangate.application.access.key_store import KeyStore
    from plangate.application.operations.reports import Observation
    from plangate.application.rerun.over_plans import Workers
    from plangate.infrastructure.postgres.schema import Schema

    Address = str | ConnectionPool[Any]
    """A target as text, or a PostgreSQL pool."""
    Target = Address | os.PathLike[str]

ACCEPTED: Final = (
    "a path, sqlite:///relative/path, sqlite:////absolute/path, postgresql://…, engine:, or memory:"
)
_MEMORY: Final = "memory:"
_ENGINE: Final = "engine:"
_SQLITE: Final = "sqlite:///"
_SQLALCHEMY: Final = "postgresql+psycopg://"
"""What SQLAlchemy calls a PostgreSQL URL for psycopg 3."""

_POSTGRES: Final = ("postgresql://", "postgres://")


class Stores(NamedTuple):
    """The adapters of one store. Closing views and events closes the ledger and the keys too.

    `keys` gives the store of API keys. `in_schema` opens those in another schema, on the same
    connections; None where there are none.
    """

    events: EventStore
    views: ViewStore
    ledger: LedgerStore
    keys: "Callable[[], KeyStore]"
    in_schema: "Callable[[str], Stores] | None" = None


class StoreOptions(NamedTuple):
    """How a store is opened: as `connect` documents."""

    create: bool = True
    max_connections: int | None = None


_AS_USUAL: Final = StoreOptions()


def address_of(target: "Target | None", *, create: bool = False) -> "Address":
    """The target as an address, or that of the store that is meant where none is named.

    To create that store, its folder in the user's data folder is made.
    """
    address = _given(target, create=create)
    if isinstance(address, str) and address.startswith(_SQLALCHEMY):
        return _POSTGRES[0] + address.removeprefix(_SQLALCHEMY)
    return address


def _given(target: "Target | None", *, create: bool) -> "Address":
    if target is not None:
        return os.fspath(target) if isinstance(target, os.PathLike) else target
    found = find_store()
    if create:
        found.make_folder()
    return found.target


def open_stores(
    address: "Address", schema: str | None, options: StoreOptions = _AS_USUAL
) -> Stores:
    """Open the store at an address, creating it if it is missing; raises `StoreError`."""
    most = options.max_connections
    if most is not None and (type(most) is not int or most < 1):
        raise InvalidInput([Problem("max_connections", "must be a whole number, 1 or more")])
    path = file_at(address)
    if path is not None:
        with opening(path):
            reads_only = path.is_file() and not may_write(resolved(path))
        if reads_only:
            return _read_only(ReadOnlyFile(path))
        file = SqliteFile(path)
        views, ledger = SqliteViewStore(file), SqliteLedgerStore(file)
        return Stores(events_in_file(file), views, ledger, partial(_file_keys, file))
    from plangate.infrastructure.memory.keys import MemoryKeyStore
    from plangate.infrastructure.memory.ledger import MemoryLedgerStore

    keys = MemoryKeyStore()
    if address == _MEMORY:
        if not options.create:
            raise NotAStore("a store in memory is always a new one")
        from plangate.infrastructure.memory.events import memory_event_store

        views = memory_view_store()
        return Stores(memory_event_store(), views, MemoryLedgerStore(), lambda: keys)
    if address == _ENGINE:  # it holds events alone: what else there is stays in this process
        from plangate.infrastructure.eventsourcing_library.other_engines import (
            other_engine_event_store,
        )

        events = other_engine_event_store(os.environ)
        return Stores(events, memory_view_store(), MemoryLedgerStore(), lambda: keys)
    with _postgres_extra():
        from plangate.infrastructure.postgres.schema import open_schema
    return _in(open_schema(address, schema or Settings().pg_schema, options.create, most))


def _in(schema: "Schema") -> Stores:
    """The stores in a PostgreSQL schema."""
    from plangate.infrastructure.postgres.events import events_in as events_in_schema
    from plangate.infrastructure.postgres.ledger import PostgresLedgerStore
    from plangate.infrastructure.postgres.views import PostgresViewStore

    return Stores(
        events_in_schema(schema),
        PostgresViewStore(schema),
        PostgresLedgerStore(schema),
        partial(_schema_keys, schema),
        lambda name: _in(schema.sibling(name)),
    )


def _read_only(file: ReadOnlyFile) -> Stores:
    # The views that are stored with the events cannot follow the log.
    views, ledger = memory_view_store(), SqliteLedgerStore(file)
    return Stores(events_in_file(file), views, ledger, partial(_file_keys, file))


# Most callers use no keys, so what they are made of is imported when they are asked for.


def _file_keys(file: SqliteFile) -> "KeyStore":
    from plangate.infrastructure.sqlite.keys import SqliteKeyStore

    return SqliteKeyStore(file)


def _schema_keys(schema: "Schema") -> "KeyStore":
    from plangate.infrastructure.postgres.keys import PostgresKeyStore

    return PostgresKeyStore(schema)


def open_to_read(address: str, schema: str | None) -> EventStore:
    """Open the events at an address that `workers_for` gave; creates no file."""
    path = file_at(address)
    return (
        open_stores(address, schema).events
        if path is None
        else _read_only(ReadOnlyFile(path)).events
    )


def workers_for(address: "Address", schema: str | None) -> "Workers | None":
    """Processes that read the store at an address; None where no other process can."""
    from plangate.infrastructure.processes import WorkerProcesses

    path = file_at(address)
    if path is not None:
        return WorkerProcesses(str(resolved(path)), schema)
    if isinstance(address, str) and address.startswith(_POSTGRES):
        return WorkerProcesses(address, schema or Settings().pg_schema)
    return None


def examine(
    address: "Address", schema: str | None, progress: Progress
) -> tuple[str, "list[Observation]"]:
    """The name of the store at an address, and what its engine's checks find; changes nothing."""
    path = file_at(address)
    if path is not None:
        from plangate.infrastructure.sqlite.checkup import examine_file

        return str(path), examine_file(path, progress)
    if isinstance(address, str) and not address.startswith(_POSTGRES):
        from plangate.application.operations.log_checks import check_log

        events, views, *_ = open_stores(address, schema)
        with closing(views), closing(events):
            return address, list(check_log(events, progress))
    with _postgres_extra():
        from plangate.infrastructure.postgres.checkup import examine_schema
    return examine_schema(address, schema or Settings().pg_schema, progress)


def file_at(address: "Address") -> Path | None:
    """The SQLite file at an address; None for other stores. Raises `NotAStore` for no address."""
    if (
        not isinstance(address, str)
        or address in {_MEMORY, _ENGINE}
        or address.startswith(_POSTGRES)
    ):
        return None
    if "://" in address and not address.startswith(_SQLITE):
        scheme = address.partition("://")[0]
        raise NotAStore(f"there is no engine for {scheme}:// addresses; accepted: {ACCEPTED}")
    path = address.removeprefix(_SQLITE)
    if not address or not can_name_a_file(path):
        raise NotAStore(f"{address!r:.200} is not the address of a store; accepted: {ACCEPTED}")
    return Path(path)


def can_name_a_file(path: str) -> bool:
    """Whether the system takes a text as a path: no NUL, no lone surrogate, not too long."""
    try:
        os.lstat(path)
    except ValueError:
        return False
    except OSError as error:
        return error.errno != errno.ENAMETOOLONG
    return True


@contextmanager
def _postgres_extra() -> Iterator[None]:
    try:
        yield
    except ImportError as missing:
        raise StoreError(
            f"PostgreSQL needs psycopg: pip install 'plangate[postgres]' ({missing})"
        ) from missing
