"""The store of API keys in every SQL engine, one row a key."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from typing_extensions import override

from plangate.application.access.key_store import ApiKey, KeyStore, StoredKey
from plangate.infrastructure.sql.database import Cursor, Database, T, all_rows
from plangate.infrastructure.sql.tables import written_time

_COLUMNS: Final = (
    *("key_id", "name", "scopes", "created_at", "created_by", "expires_at"),
    *("revoked_at", "revoked_by"),
)
_SELECT: Final = f"SELECT {', '.join(_COLUMNS)}, digest FROM api_keys"  # noqa: S608
_FIND: Final = f"{_SELECT} WHERE key_id = ?"
_ALL: Final = f"{_SELECT} ORDER BY created_at, key_id"
_ADD: Final = (
    f"INSERT INTO api_keys ({', '.join(_COLUMNS)}, digest)"  # noqa: S608
    f" VALUES ({', '.join('?' * (len(_COLUMNS) + 1))}) ON CONFLICT DO NOTHING"
)
_REVOKE: Final = (
    "UPDATE api_keys SET revoked_at = ?, revoked_by = ? WHERE key_id = ? AND revoked_at IS NULL"
)


class SqlKeyStore(KeyStore):
    """The keys in an SQL database. Times are ISO 8601, scopes are separated by spaces."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    def add(self, stored: StoredKey) -> bool:
        key = stored.key
        written = {
            **key.model_dump(),
            "scopes": " ".join(key.scopes),
            "created_at": written_time(key.created_at),
            "expires_at": key.expires_at and written_time(key.expires_at),
            "revoked_at": key.revoked_at and written_time(key.revoked_at),
        }
        return self._changed(_ADD, [*(written[name] for name in _COLUMNS), stored.digest])

    @override
    def find(self, key_id: str) -> StoredKey | None:
        return next(iter(self._selected(_FIND, key_id)), None)

    @override
    def all(self) -> Sequence[StoredKey]:
        return self._selected(_ALL)

    @override
    def revoke(self, key_id: str, at: datetime, by: str | None) -> bool:
        return self._changed(_REVOKE, [written_time(at), by, key_id])

    def _selected(self, query: str, *values: str) -> list[StoredKey]:
        def select(cursor: Cursor) -> list[Any]:
            return all_rows(cursor, query, values) if self._has_table(cursor) else []

        return [_stored(row) for row in self._database.read(select)]

    def _changed(self, statement: str, values: Sequence[Any]) -> bool:
        def change(cursor: Cursor) -> bool:
            cursor.execute(statement, values)
            return cursor.rowcount > 0

        return self._write(change)

    def _write(self, work: Callable[[Cursor], T]) -> T:
        """Do `work` in a transaction that survives power loss once it is acknowledged."""
        return self._database.write(work)

    def _has_table(self, _cursor: Cursor) -> bool:
        """Whether the store has a table for keys; an older one that is only read may not."""
        return True


def _stored(row: Sequence[Any]) -> StoredKey:
    *values, digest = row
    fields = dict(zip(_COLUMNS, values, strict=True))
    fields["scopes"] = fields["scopes"].split()
    return StoredKey(ApiKey.model_validate(fields), bytes(digest))
