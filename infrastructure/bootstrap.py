"""Opens registries. The composition root."""

import atexit
import secrets
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Final

from plangate.application.errors import NotAStore
from plangate.application.event_store import Clock, NewId, zoned
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput, Problem
from plangate.infrastructure.addresses import (
    StoreOptions,
    Stores,
    address_of,
    file_at,
    open_stores,
    workers_for,
)
from plangate.infrastructure.settings import Settings
from plangate.infrastructure.sqlite.errors import opening
from plangate.infrastructure.sqlite.header import in_use, resolved

if TYPE_CHECKING:
    from plangate.application.evidence.statistics import Statistics
    from plangate.application.ledger.ledger import Ledger
    from plangate.application.views.follower_thread import FollowerThread
    from plangate.infrastructure.addresses import Address, Target


def connect(
    target: "Target | None" = None,
    *,
    schema: str | None = None,
    create: bool = True,
    max_connections: int | None = None,
    clock: Clock | None = None,
    new_id: NewId | None = None,
) -> PlanRegistry:
    """Open a registry on the store that `target` names, or on the configured one.

    `target` is a path to a SQLite file (created if missing), `sqlite:///…` with such a
    path, any `postgresql://` URL that libpq understands, an open psycopg
    `ConnectionPool`, `engine:` for the engine that `PERSISTENCE_MODULE` names, or
    `memory:`. In PostgreSQL, `schema` holds the tables (created if missing); it
    defaults to `PLANGATE_SCHEMA`, then to `plangate`. Raises a `StoreError` where no
    store can be opened.

    Without `create` it raises `NotAStore` where no store is. `max_connections` bounds how many
    connections it opens to the server of a `postgresql://` URL at once. `clock` gives the time
    now, with its zone, and `new_id` a fresh id of so many hex digits: where one gives anything
    else, the command raises `InvalidInput`.
    """
    for name, given in (("clock", clock), ("new_id", new_id)):
        if not (given is None or callable(given)):
            raise InvalidInput([Problem(name, f"must be a function, not {given!r}")])
    address = address_of(target, create=create)
    if not create:
        _require_file(address)
    options = StoreOptions(create, max_connections)
    stores = open_stores(address, schema, options)
    return _registry(
        address,
        schema,
        stores,
        _system_clock if clock is None else zoned(clock),
        new_id or _random_id,
    )


def _registry(
    address: "Address",
    schema: str | None,
    stores: Stores,
    clock: Clock,
    new_id: NewId,
    thread: "FollowerThread | None" = None,
) -> PlanRegistry:
    key = Settings().ledger_key

    def ledger() -> "Ledger":
        from plangate.application.ledger.ledger import Ledger
        from plangate.infrastructure.signing_key import KeyFile

        return Ledger(stores.events, stores.ledger, KeyFile(key))

    in_schema = stores.in_schema
    return PlanRegistry(
        stores.events,
        views=stores.views,
        ledger=ledger,
        keys=stores.keys,
        clock=clock,
        new_id=new_id,
        statistics=_statistics,
        workers=partial(workers_for, address, schema),
        for_schema=in_schema
        and (lambda name, thread: _registry(address, name, in_schema(name), clock, new_id, thread)),
        follower_thread=thread,
    )


def _system_clock() -> datetime:
    return datetime.now(UTC)


def _random_id(digits: int) -> str:
    return secrets.token_hex(digits // 2)


def _statistics() -> "Statistics":
    from plangate.infrastructure.statistics import load_statistics

    return load_statistics()


def connect_to_existing(target: "Target | None" = None) -> PlanRegistry:
    """Open a registry as `connect` does, but raise `NotAStore` where no file is."""
    address = address_of(target)
    _require_file(address)
    return connect(address)


def _require_file(address: "Address") -> None:
    """Raise `NotAStore` where the file at an address is not there, or empty.

    An empty file with a write-ahead log is one that another process is creating.
    """
    path = file_at(address)
    if path is not None:
        with opening(path):
            if not (path.exists() and (path.stat().st_size or in_use(resolved(path)))):
                raise NotAStore(f"there is no store at {path}")


_shared: PlanRegistry | None = None
_sharing: Final = Lock()


def get_registry() -> PlanRegistry:
    """The registry of this process on the configured store, closed when the process ends."""
    global _shared  # noqa: PLW0603  (one for the process is what this function is for)
    with _sharing:
        if _shared is None:
            _shared = connect()
            atexit.register(_shared.close)
        return _shared


def reset_registry() -> None:
    """Close the registry of this process, if there is one; `get_registry` then opens another."""
    global _shared
    with _sharing:
        shared, _shared = _shared, None
        if shared is not None:
            atexit.unregister(shared.close)
            shared.close()
