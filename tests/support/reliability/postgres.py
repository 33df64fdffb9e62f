"""What goes on in PostgreSQL while its servers and clients die, and what is left to audit."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing, suppress
from random import Random
from threading import Event
from time import sleep

from plangate.application.errors import StoreUnavailable
from plangate.application.recorded_event import RecordedEvent
from plangate.application.registry import PlanRegistry
from tests.support.reliability.acks import AckLog, Promises
from tests.support.reliability.audit import Findings, _Audit
from tests.support.reliability.errands import Answer, Errand, creating, errands
from tests.support.reliability.workers import TASKS
from tests.support.servers.postgres import PostgresServer
from tests.support.stores import postgres_event_store


def audit_postgres(url: str, promises: Promises) -> Findings:
    """Compare a store in PostgreSQL with what was promised."""
    findings = Findings(acknowledged=len(promises.kept))
    with closing(postgres_event_store(url)) as store:
        _Audit(promises, findings).go_through(store)
    return findings


def tail(registry: PlanRegistry, until: Event) -> list[RecordedEvent]:
    """Follow the log, through every failure, until `until` is set and no event is left."""
    seen: list[RecordedEvent] = []
    last_look = False
    while True:
        after = seen[-1].envelope.position or 0 if seen else 0
        with suppress(StoreUnavailable):
            page = registry.history.events(after=after, limit=100)
            seen += page
            if last_look and not page:
                return seen
            last_look = until.is_set()


def led_to_the_end(registry: PlanRegistry) -> None:
    """Wait until the background reader has led every view to the end of the log."""
    last = registry.history.last_position()
    [plan] = registry.views.plans(limit=1, at_least=last)
    registry.views.board(status="pending", limit=1, at_least=last)
    registry.views.timeline(plan.plan_id, limit=1, at_least=last)
    registry.views.replans(limit=1, at_least=last)


def missed_or_disordered(seen: list[RecordedEvent]) -> list[str]:
    """What is wrong with events as a reader saw them: positions and versions count from 1."""
    versions: dict[str, int] = {}
    wrong = []
    for position, recorded in enumerate(seen, start=1):
        envelope = recorded.envelope
        version = versions[envelope.plan_id] = versions.get(envelope.plan_id, 0) + 1
        if (envelope.position, envelope.version) != (position, version):
            wrong.append(f"{envelope.event_id} at {envelope.position}, expected {position}")
    return wrong


class Persistent:
    """A worker that sends each errand again, with its key, until it is acknowledged."""

    def __init__(self, registry: PlanRegistry, acks: AckLog) -> None:
        self._registry = registry
        self._acks = acks
        self.sent_again = 0

    def work(self, plan_ids: list[str], seed: int, until: Event) -> None:
        """Run errands on the plans until `until` is set."""
        for plan_id in plan_ids:
            self.handle(creating(plan_id, TASKS))
        for errand in errands(Random(seed), plan_ids, TASKS, f"w{seed}"):
            if until.is_set():
                return
            self.handle(errand)

    def handle(self, errand: Errand) -> Answer:
        """One errand, through every failure."""
        self._acks.note(errand.key)
        while True:
            try:
                answer = errand.send(self._registry)
            except StoreUnavailable:
                self.sent_again += 1
                sleep(0.02)  # a server that is down is not asked a thousand times a second
            else:
                self._acks.note(errand.key, answer)
                return answer


def kill_a_backend(server: PostgresServer) -> None:
    """Kill -9 one of the processes that serve plangate; the server then restarts all of them."""
    serving = "SELECT pid FROM pg_stat_activity WHERE application_name = 'plangate'"
    for (pid,) in server.execute(f"{serving} ORDER BY random() LIMIT 1"):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def some_time(rng: Random) -> Iterator[None]:
    """Any moment, again and again."""
    while True:
        sleep(rng.uniform(0.1, 0.4))
        yield
