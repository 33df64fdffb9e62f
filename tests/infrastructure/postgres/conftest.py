"""Places in a real PostgreSQL for the tests of the store on it."""

import pytest

from tests.support.postgres_server import PostgresServer


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    """The address of an empty database."""
    return postgres.url
