"""Copies and backups of a store in which plans are erased at the same moment end well."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.operations import backup
from tests.support.servers.postgres import PostgresServer
from tests.support.soak import Say, short_and_long

PLANS, ERASED = 30, 10
TEXT = b"Ada was fired"


def _with_text(registry: PlanRegistry) -> None:
    for n in range(PLANS):
        registry.create("g", [{"id": "a", "title": "A"}], plan_id=f"p{n}")
        for _ in range(4):
            registry.score_prompt(f"p{n}", "a", 0.5, rationale=TEXT.decode())


def _while_erasing(registry: PlanRegistry, first: int, work: Callable[[], object]) -> None:
    """Do some work while plans are erased."""
    with ThreadPoolExecutor(1) as threads:
        erasing = threads.submit(
            lambda: [registry.erase(f"p{n}") for n in range(first, first + ERASED)]
        )
        try:
            work()
        finally:
            erasing.result()


def _texts(registry: PlanRegistry) -> set[str]:
    stored = registry._store.read_all_stored(limit=9_999)
    return {entry.plan_id for entry in stored if TEXT in entry.state}


@short_and_long("times", 2, 12)
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_every_copy_succeeds_and_follows_what_was_erased(
    tmp_path: Path, postgres: PostgresServer, say: Say, times: int, engine: str
) -> None:
    for n in range(times):
        place = str(tmp_path / f"s{n}.db") if engine == "sqlite" else postgres.url
        schema = None if engine == "sqlite" else f"s{n}"
        with connect(place, schema=schema) as source, connect(tmp_path / f"t{n}.db") as target:
            _with_text(source)
            # The second copy finds plans in the target as they were before their erasure.
            for first in (0, ERASED):
                _while_erasing(source, first, lambda: source.bundles.copy_to(target))
            source.bundles.copy_to(target)
            kept = {f"p{n}" for n in range(2 * ERASED, PLANS)}
            assert _texts(target) == _texts(source) == kept
            assert target.replay.check().mismatch_count == 0
            assert target.history.last_position() == source.history.last_position()
    say(f"copies while erasing ({engine})", copies=3 * times, refused=0)


def test_a_backup_of_a_store_on_a_server_succeeds_while_plans_are_erased(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    with connect(postgres.url) as source:
        _with_text(source)
        file = tmp_path / "backup.db"
        _while_erasing(source, 0, lambda: backup(file, postgres.url))
        source.erase("p0")
        backup(tmp_path / "later.db", postgres.url)
    with connect(tmp_path / "later.db") as later:
        assert _texts(later) == {f"p{n}" for n in range(ERASED, PLANS)}
    with connect(file) as restored:
        assert restored.replay.check().mismatch_count == 0
