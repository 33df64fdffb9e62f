"""A key is found by an index, whatever the number of events."""

from contextlib import closing

from psycopg.sql import SQL

from plangate.infrastructure.postgres.connections import Connection
from plangate.infrastructure.postgres.events import _Log
from plangate.infrastructure.postgres.schema import open_schema
from tests.support.servers.postgres import PostgresServer


def test_a_key_is_looked_up_in_its_index(postgres: PostgresServer) -> None:
    with closing(open_schema(postgres.url)) as schema:
        query = SQL("EXPLAIN ") + _Log(schema)._with_key

        def explained(connection: Connection) -> str:
            connection.execute("SET LOCAL enable_seqscan = off")
            return str(connection.execute(query, ["k"]).fetchall())

        plan = schema.in_transaction(explained)
    assert "stored_events_keys" in plan
