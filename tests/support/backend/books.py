"""What is wrong after the example backend was under load: its own tables against the log."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeGuard

import plangate
from plangate.application.operations.reports import Observation
from tests.support.backend.customers import Customer
from tests.support.servers.postgres import PostgresServer

_CLAIMED: Final = re.compile(r"claimed (\S+) (\S+) (\d+)$", re.MULTILINE)
_PAGE: Final = 5_000


class Books:
    """The events of the example's plans, and its own tables."""

    def __init__(self, database: PostgresServer, registry: plangate.PlanRegistry) -> None:
        self._database = database
        self._registry = registry
        self._log = list(_whole_log(registry))
        self.events = len(self._log)
        self.replans = Counter(
            recorded.envelope.position
            for recorded in self._log
            if isinstance(recorded.event, plangate.ReplanTriggered)
        )
        self.claims = [
            (recorded.envelope.plan_id, recorded.event.task_id, recorded.envelope.version)
            for recorded in self._log
            if _is_claim(recorded.event)
        ]

    def faults(self, customers: Iterable[Customer], workers_log: str) -> dict[str, Any]:
        """What is wrong, by its kind; empty when all is well."""
        customers = list(customers)
        opened = {ticket for customer in customers for ticket in customer.opened}
        decided = [key for customer in customers for key in customer.decided]
        keys = Counter(recorded.envelope.idempotency_key for recorded in self._log)
        plans = {recorded.envelope.plan_id for recorded in self._log}
        tickets = {ticket for (ticket,) in self._database.execute("SELECT ticket_id FROM tickets")}
        results = self._database.execute("SELECT ticket_id, task_id, token FROM results")
        handed_out = Counter((*one[:2], int(one[2])) for one in _CLAIMED.findall(workers_log))
        checkup = plangate.doctor(self._database.url)
        found: dict[str, Any] = {
            "tickets lost": opened - tickets,
            "tickets without a plan, or plans without a ticket": tickets ^ plans,
            "decisions not recorded once": [key for key in decided if keys[key] != 1],
            "claimed while it was claimed": list(self._claimed_too_early()),
            "claims not handed out once": _difference(handed_out, Counter(self.claims)),
            "claims and results": set(self.claims) ^ set(results),
            "results and scores": set(results) ^ set(self._scored()),
            "notices and replans": _difference(self.notices(), self.replans),
            "check": self._registry.replay.check().mismatches,
            "doctor": [one for one in checkup.observations if _is_wrong(one)],
        }
        return {kind: some for kind, some in found.items() if some}

    def notices(self) -> Counter[int | None]:
        """The positions of the replans that the feed delivered, and how often it did."""
        rows = self._database.execute("SELECT position FROM notices")
        return Counter(position for (position,) in rows)

    def _claimed_too_early(self) -> Iterator[str]:
        """Claims of a task whose claim before has not ended."""
        held: set[tuple[str, str]] = set()
        for recorded in self._log:
            event, plan_id = recorded.event, recorded.envelope.plan_id
            if not isinstance(event, plangate.TaskStatusChanged):
                continue
            if _is_claim(event) and (plan_id, event.task_id) in held:
                yield recorded.envelope.event_id
            (held.add if _is_claim(event) else held.discard)((plan_id, event.task_id))

    def _scored(self) -> Iterator[tuple[str, str, int]]:
        """The claims that were reported, by the keys of the reports."""
        for recorded in self._log:
            key = recorded.envelope.idempotency_key
            if isinstance(recorded.event, plangate.TaskScored) and key:
                yield recorded.envelope.plan_id, recorded.event.task_id, int(key.split("-")[-1])


def _whole_log(registry: plangate.PlanRegistry) -> Iterator[plangate.RecordedEvent]:
    after = 0
    while page := registry.history.events(after=after, limit=_PAGE):
        yield from page
        after = page[-1].envelope.position or 0


def _is_claim(event: plangate.PlanEvent) -> TypeGuard[plangate.TaskStatusChanged]:
    return (
        isinstance(event, plangate.TaskStatusChanged)
        and event.cause is plangate.StatusCause.CLAIMED
    )


def _is_wrong(observation: Observation) -> bool:
    """Whether it is; that the server does not wait for the disk is the test's own doing."""
    return observation.health != "ok" and not observation.found.startswith("fsync off")


def _difference(one: Counter[Any], other: Counter[Any]) -> Counter[Any]:
    """What is not in both equally often."""
    return (one - other) | (other - one)
