"""Opens registries. The composition root."""

import atexit
import secrets
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Final

from plangate.application.errors import NotAStore
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.addresses import address_of, file_at, open_stores, workers_for
from plangate.infrastructure.settings import Settings
from plangate.infrastructure.sqlite.errors import opening
from plangate.infrastructure.sqlite.header import in_use, resolved

if TYPE_CHECKING:
    from plangate.application.evidence.calibration import Calibrator
    from plangate.application.ledger.ledger import Ledger
    from plangate.infrastructure.addresses import Target


def connect(target: "Target | None" = None, *, schema: str | None = None) -> PlanRegistry:
    """Open a registry on the store that `target` names, or on the configured one.

    `target` is a path to a SQLite file (created if missing), `sqlite:///…` with such a
    path, any `postgresql://` URL that libpq understands, an open psycopg
    `ConnectionPool`, `engine:` for the engine that `PERSISTENCE_MODULE` names, or
    `memory:`. In PostgreSQL, `schema` holds the tables (created if missing); it
    defaults to `PLANGATE_SCHEMA`, then to `plangate`. Raises a `StoreError` where no
    store can be opened.
    """
    address = address_of(target)
    events, views, leaves = open_stores(address, schema)
    key = Settings().ledger_key

    def ledger() -> "Ledger":
        from plangate.application.ledger.ledger import Ledger
        from plangate.infrastructure.signing_key import KeyFile

        return Ledger(events, leaves, KeyFile(key))

    return PlanRegistry(
        events,
        views=views,
        ledger=ledger,
        clock=lambda: datetime.now(UTC),
        new_id=lambda digits: secrets.token_hex(digits // 2),
        calibrator=_calibrator,
        workers=partial(workers_for, address, schema),
    )


def _calibrator() -> "Calibrator":
    from plangate.infrastructure.calibration.calibrator import ScipyCalibrator

    return ScipyCalibrator()


def connect_to_existing(target: "Target | None" = None) -> PlanRegistry:
    """Open a registry as `connect` does, but raise `NotAStore` where no file is, or an empty one.

    An empty file with a write-ahead log is one that another process is creating.
    """
    address = address_of(target)
    path = file_at(address)
    if path is not None:
        with opening(path):
            if not (path.exists() and (path.stat().st_size or in_use(resolved(path)))):
                raise NotAStore(f"there is no store at {path}")
    return connect(address)


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
