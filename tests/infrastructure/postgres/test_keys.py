"""A key is found by an index, whatever the number of events."""

from contextlib import closing

from psycopg.sql import SQL

from plangate.infrastructure.postgres.events import _Log
from plangate.infrastructure.postgres.schema import open_schema
from tests.support.servers.postgres import PostgresServer


def test_a_key_is_looked_up_in_its_index(postgres: PostgresServer) -> None:
    with closing(open_schema(postgres.url)) as schema, schema.get_connection() as connection:
        connection.execute("SET enable_seqscan = off")
        query = SQL("EXPLAIN ") + _Log(schema)._with_key
        plan = str(connection.execute(query, ["k"]).fetchall())
    assert "stored_events_keys" in plan
