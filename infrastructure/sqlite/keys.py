"""The API keys in the SQLite file of the events."""

from typing import Final

from typing_extensions import override

from plangate.infrastructure.sql.database import Cursor, all_rows
from plangate.infrastructure.sql.key_store import SqlKeyStore

_KNOWN: Final = "SELECT 1 FROM sqlite_master WHERE name = 'api_keys'"


class SqliteKeyStore(SqlKeyStore):
    """The keys of one file."""

    @override
    def _has_table(self, cursor: Cursor) -> bool:
        return bool(all_rows(cursor, _KNOWN))
