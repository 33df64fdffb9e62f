"""Places in a real PostgreSQL for the tests of the store on it."""

import pytest

from tests.support.servers.postgres import PostgresServer


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    """The address of an empty database."""
    return postgres.url
