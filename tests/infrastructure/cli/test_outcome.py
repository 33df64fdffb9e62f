"""`plangate task outcome` records what became of a result, and nothing else."""

from datetime import datetime

from plangate.application.registry import PlanRegistry
from plangate.domain.events import OutcomeRecorded
from plangate.domain.vocabulary import Outcome
from tests.infrastructure.cli.conftest import Plangate


def test_an_outcome_is_recorded_and_confirmed(
    plangate: Plangate, registry: PlanRegistry, billing: str
) -> None:
    words = ("--source", "ci", "--note", "Red.", "--actor", "bot")
    said = plangate("task", "outcome", billing, "a", "rejected", *words)

    assert (said.exit_code, said.stdout) == (0, "a: rejected, reported by ci (billing@2).\n")
    last = registry.history.of(billing)[-1]
    assert isinstance(last.event, OutcomeRecorded)
    assert (last.event.outcome, last.event.source) == (Outcome.REJECTED, "ci")
    assert (last.event.note, last.envelope.actor) == ("Red.", "bot")


def test_it_answers_programs_with_the_plan(
    plangate: Plangate, registry: PlanRegistry, billing: str
) -> None:
    said = plangate("task", "outcome", billing, "a", "accepted", "--source", "review", "--json")

    assert said.json == registry.get_status(billing).model_dump(mode="json") | {"recorded": True}


def test_an_outcome_may_have_occurred_earlier(
    plangate: Plangate, registry: PlanRegistry, billing: str
) -> None:
    at = "2026-01-30T09:00:00+00:00"
    plangate("task", "outcome", billing, "a", "accepted", "--source", "ci", "--occurred-at", at)

    event = registry.history.of(billing)[-1].event
    assert isinstance(event, OutcomeRecorded)
    assert event.occurred_at == datetime.fromisoformat(at)
    assert "on 2026-01-30 09:00:00 UTC, by ci" in plangate("history", billing).stdout


def test_a_wrong_outcome_is_refused(plangate: Plangate, billing: str) -> None:
    assert plangate("task", "outcome", billing, "a", "liked", "--source", "ci").exit_code == 2
    assert plangate("task", "outcome", billing, "a", "accepted").exit_code == 2
    blank = plangate("task", "outcome", billing, "a", "accepted", "--source", " ")
    assert (blank.exit_code, blank.stderr) == (3, "refused: source: must not be blank\n")
    stranger = plangate("task", "outcome", billing, "x", "accepted", "--source", "ci")
    assert (stranger.exit_code, stranger.stdout) == (3, "")


def test_a_trace_may_hold_outcomes(plangate: Plangate, billing: str) -> None:
    line = (
        '{"op": "record_outcome", "plan_id": "billing", "task_id": "a", '
        '"outcome": "accepted", "source": "ci"}\n'
    )
    assert plangate("apply", "-", "--json", typed=line).json["recorded"] == 1
    assert plangate("apply", "-", "--json", typed=line).json["unchanged"] == 1
    assert plangate("task", "outcome", billing, "b", "accepted", "--source", "ci").exit_code == 0
