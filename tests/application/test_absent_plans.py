"""Every verb and question about a plan that is not there ends in the same error.

`delete` alone answers False: what was to be is so already.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Final

import pytest

from plangate.application.registry import PlanRegistry
from plangate.domain.errors import PlanGone, PlanNotFound
from plangate.infrastructure.bootstrap import connect

About = Callable[[PlanRegistry, str], object]

OF_NOW: Final[dict[str, About]] = {
    "get": lambda r, p: r.get(p),
    "get_status": lambda r, p: r.get_status(p),
    "graph": lambda r, p: r.graph(p),
    "views.board": lambda r, p: r.views.board(p),
    "views.board by status": lambda r, p: r.views.board(p, status="done"),
    "views.timeline": lambda r, p: r.views.timeline(p),
    "views.replans": lambda r, p: r.views.replans(p),
    "next_task": lambda r, p: r.next_task(p),
    "claim_task": lambda r, p: r.claim_task(p, "t"),
    "defer_task": lambda r, p: r.defer_task(p, "t", "why"),
    "undefer_task": lambda r, p: r.undefer_task(p, "t"),
    "heartbeat": lambda r, p: r.heartbeat(p, "t", 1),
    "release": lambda r, p: r.release(p, "t"),
    "score_prompt": lambda r, p: r.score_prompt(p, "t", 0.5),
    "score_output": lambda r, p: r.score_output(p, "t", 0.5),
    "update": lambda r, p: r.update(p, "t", output_score=0.5),
    "record_scoring_failure": lambda r, p: r.record_scoring_failure(p, "t", "prompt", "why"),
    "retract_score": lambda r, p: r.retract_score(p, f"{p}@2", "why"),
    "record_outcome": lambda r, p: r.record_outcome(p, "t", "accepted", source="ana"),
    "mark_task": lambda r, p: r.mark_task(p, "t", "done"),
    "revise": lambda r, p: r.revise(p, "why", [{"op": "add", "task": "T"}]),
    "retry": lambda r, p: r.retry(p, "t", "why"),
    "approve": lambda r, p: r.approve(p, "why"),
    "pause": lambda r, p: r.pause(p, "why"),
    "resume": lambda r, p: r.resume(p, "why"),
    "archive": lambda r, p: r.archive(p, "why"),
    "restore": lambda r, p: r.restore(p, "why"),
    "execute": lambda r, p: r.execute(p, {"op": "pause", "reason": "why"}),
}
"""They raise `PlanGone` after a deletion, which is a `PlanNotFound`."""

OF_THE_PAST: Final[dict[str, About]] = {
    "gate": lambda r, p: r.gate(p),
    "erase": lambda r, p: r.erase(p),
    "history.of": lambda r, p: r.history.of(p),
    "history.audit": lambda r, p: list(r.history.audit(p)),
    "history.as_of a version": lambda r, p: r.history.as_of(p, version=1),
    "history.as_of a time": lambda r, p: r.history.as_of(p, at=datetime.now(UTC)),
    "history.diff": lambda r, p: r.history.diff(p, 1),
    "history.explain": lambda r, p: r.history.explain(p),
    "replay.what_if": lambda r, p: r.replay.what_if([p], policy="steady"),
    "replay.sweep": lambda r, p: r.replay.sweep({"consecutive_lows": [1, 2]}, [p]),
    "replay.check": lambda r, p: r.replay.check([p]),
    "evidence.findings": lambda r, p: r.evidence.findings([p]),
    "evidence.calibrate": lambda r, p: r.evidence.calibrate([p]),
    "bundles.export": lambda r, p: r.bundles.export(BytesIO(), [p]),
}
"""They answer for a deleted plan too: its history stays."""


@pytest.fixture(scope="module")
def registry() -> Iterator[PlanRegistry]:
    with connect("memory:") as registry:
        registry.create("g", [{"id": "t", "title": "T"}], plan_id="gone")
        registry.delete("gone")
        yield registry


@pytest.mark.parametrize("about", [*OF_NOW, *OF_THE_PAST])
def test_a_plan_that_never_was_is_not_found(registry: PlanRegistry, about: str) -> None:
    with pytest.raises(PlanNotFound, match="there is no plan 'never'") as refusal:
        (OF_NOW | OF_THE_PAST)[about](registry, "never")
    assert type(refusal.value) is PlanNotFound


@pytest.mark.parametrize("about", OF_NOW)
def test_a_deleted_plan_is_gone(registry: PlanRegistry, about: str) -> None:
    with pytest.raises(PlanGone, match="'gone' was deleted"):
        OF_NOW[about](registry, "gone")


@pytest.mark.parametrize("about", OF_THE_PAST)
def test_the_past_of_a_deleted_plan_can_be_asked_about(registry: PlanRegistry, about: str) -> None:
    OF_THE_PAST[about](registry, "gone")


def test_to_delete_what_is_not_there_is_no_error(registry: PlanRegistry) -> None:
    assert registry.delete("never") is registry.delete("gone") is False


def test_views_about_no_plan_in_particular_may_be_empty(registry: PlanRegistry) -> None:
    assert not registry.views.board(status="done")
    assert not registry.views.replans()
    assert not registry.views.plans()
