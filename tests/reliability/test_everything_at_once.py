"""All that goes on round a store, at once: nothing is lost, doubled, left out or made up."""

from collections import Counter
from pathlib import Path
from time import perf_counter

import pytest

from plangate.application.event_store import EventStore
from plangate.infrastructure.bootstrap import connect
from tests.support.reliability.acks import Promises
from tests.support.reliability.crowd import crowd
from tests.support.reliability.everything import ERASED, PARTS, reports, take_part
from tests.support.servers.postgres import PostgresServer
from tests.support.soak import Say, short_and_long
from tests.support.views.from_scratch import same_views, whole_log


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store of each engine, not yet opened."""
    if request.param == "sqlite":
        return str(tmp_path / "plans.db")
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.url


@short_and_long("seconds", 2, 600)
def test_everything_at_once(target: str, tmp_path: Path, say: Say, seconds: int) -> None:
    started = perf_counter()
    connect(target).close()
    with crowd() as parts:
        for number, part in enumerate(PARTS):
            parts.start(take_part, part, target, tmp_path, number, seconds)
        for process in parts.members:
            process.join(seconds + 120)
            assert process.exitcode == 0

    counts, unexpected = reports(tmp_path)
    promises = Promises.in_logs(tmp_path.glob("*.acks"))
    with connect(target) as registry:
        keys = _keys(registry._store)
        lost = [key for key, answer in promises.kept.items() if answer and not keys[key]]
        lost = [key for key in lost if not key.startswith("mark_task")]  # may record nothing
        doubled = [key for key, times in keys.items() if times > 1]
        say(
            f"everything at once, {target.partition(':')[0][-10:]}",
            seconds=round(perf_counter() - started),
            acknowledged=len(promises.kept),
            events=registry.history.last_position(),
            lost=len(lost),
            doubled=len(doubled),
            unexpected=len(unexpected),
            **counts,
        )
        assert unexpected == []
        assert (lost, doubled) == ([], [])
        assert registry.replay.check().mismatch_count == 0
        checkpoint = registry.ledger.checkpoint().note
        assert registry.ledger.verify({"checkpoint": checkpoint}).findings == ()
        same_views(registry)
        assert ERASED not in str(whole_log(registry._store))


def _keys(store: EventStore) -> Counter[str]:
    """How often each key was recorded; the versions of every plan must follow each other."""
    versions: Counter[str] = Counter()
    keys: Counter[str] = Counter()
    for recorded in whole_log(store):
        envelope = recorded.envelope
        versions[envelope.plan_id] += 1
        assert envelope.version == versions[envelope.plan_id]
        if envelope.idempotency_key:
            keys[envelope.idempotency_key] += 1
    return keys
