import pytest

from plangate import PlanRegistry

pytest_plugins = ["plangate.testing"]


@pytest.fixture(
    params=["plangate_registry", "plangate_sqlite_registry", "plangate_postgres_registry"]
)
def registry(request: pytest.FixtureRequest) -> PlanRegistry:
    registry: PlanRegistry = request.getfixturevalue(request.param)
    return registry
