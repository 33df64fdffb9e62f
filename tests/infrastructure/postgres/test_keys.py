"""A key is found by an index, whatever the number of events."""

from contextlib import closing

import psycopg
from psycopg.sql import SQL

from plangate.infrastructure.postgres.events import _Log
from plangate.infrastructure.postgres.schema import open_schema
from tests.support.servers.postgres import PostgresServer


def test_a_key_is_looked_up_in_its_index(postgres: PostgresServer) -> None:
    with closing(open_schema(postgres.url)) as schema:
        query = SQL("EXPLAIN ") + _Log(schema)._with_key
        with psycopg.connect(postgres.url) as connection:
            connection.execute("SET enable_seqscan = off")
            plan = str(connection.execute(query, ["k"]).fetchall())
    assert "stored_events_keys" in plan
