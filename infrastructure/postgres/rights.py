"""The rights that a service needs on plangate's tables, and which of them a user lacks."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from psycopg.rows import tuple_row

from plangate.infrastructure.postgres.connections import Connection
from plangate.infrastructure.postgres.layout import EVENTS

_VERBS: Final = {
    "SELECT": "SELECT from",
    "INSERT": "INSERT into",
    "UPDATE": "UPDATE",
    "DELETE": "DELETE from",
}
_NEEDED: Final[Mapping[str, Sequence[str]]] = {
    EVENTS: ("SELECT", "INSERT"),
    "plangate_layout": ("SELECT",),
    "api_keys": ("SELECT", "INSERT", "UPDATE"),
    "ledger_leaves": ("SELECT", "INSERT"),
    "ledger_reach": ("SELECT", "INSERT", "DELETE"),
}
"""What is granted on tables, by `docs/how-to/postgresql.md`; on all others it is everything."""

_USABLE: Final = "SELECT has_schema_privilege(%s, 'USAGE')"
_LACKED: Final = """
SELECT relname, given FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n
    ON n.oid = relnamespace, unnest(%s::text[]) WITH ORDINALITY AS asked (given, place)
WHERE nspname = %s AND relkind IN ('r', 'p') AND NOT has_table_privilege(c.oid, given)
ORDER BY relname, place
"""


def missing_right(connection: Connection, schema: str, refusal: str) -> str | None:
    """What this user may not do, by the server's refusal; None where that stays unknown."""
    cursor = connection.cursor(row_factory=tuple_row)
    if cursor.execute(_USABLE, [schema]).fetchone() == (False,):
        return f"may not USE the schema {schema}"
    lacked: dict[str, list[str]] = {}
    rows: list[Any] = cursor.execute(_LACKED, [list(_VERBS), schema]).fetchall()
    for table, right in rows:
        lacked.setdefault(table, []).append(right)
    for table, rights in lacked.items():
        if re.search(rf"\b{re.escape(table)}\b", refusal):
            # Erasing needs more than is granted to a service.
            named = [one for one in rights if one in _NEEDED.get(table, _VERBS)] or rights
            *verbs, last = [_VERBS[right] for right in named]
            either = f"{', '.join(verbs)} or {last}" if verbs else last
            return f"may not {either} {schema}.{table}"
    return None
