"""Agents at the terminal: taking a task, holding it, giving it back, coming too late."""

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.cli.answers import NextTask
from tests.infrastructure.cli.conftest import Plangate


def test_a_claim_names_its_worker_and_its_token(plangate: Plangate, billing: str) -> None:
    said = plangate("next", billing, "--worker", "w[red]7\u202e", "--lease", "60").stdout

    assert "held by w[red]7\\u202e until " in said
    assert ", token 2\n" in said
    assert "plangate score billing a --output 0.9 --token 2" in said
    assert "w[red]7\\u202e" in plangate("status", billing).stdout


def test_when_nothing_is_ready_the_advice_is_shown(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    registry.revise(billing, "r", [{"op": "change", "task_id": "b", "depends_on": ["a"]}])
    plangate("next", billing)

    said = NextTask.model_validate(plangate("next", billing, "--json").json)
    shown = plangate("next", billing).stdout

    assert said.advice == registry.get_status(billing).advice
    assert shown.startswith("Nothing is ready; the plan is waiting.\n· finish what others wait for")


def test_without_a_plan_the_most_urgent_task_is_taken(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    registry.create("g", [{"id": "x", "title": "X"}], plan_id="q", priority=1, labels=["py"])

    labelled = NextTask.model_validate(plangate("next", "--label", "rust", "--json").json)
    assert labelled == NextTask()
    assert plangate("next", "--label", "rust").stdout == "Nothing is ready in any plan.\n"
    taken = [NextTask.model_validate(plangate("next", "--json").json).plan_id for _ in range(2)]
    assert taken == ["q", billing]


def test_a_heartbeat_holds_the_claim_for_longer(plangate: Plangate, billing: str) -> None:
    plangate("next", billing, "--lease", "60")

    held = plangate("heartbeat", billing, "a", "2", "--lease", "600", "--json").json
    assert held["claim"]["until"] > held["claim"]["since"]
    assert "held until" in plangate("heartbeat", billing, "a", "2").stdout
    assert plangate("heartbeat", billing, "a", "1").exit_code == 1


def test_a_late_worker_is_refused_with_who_holds_the_task_now(
    plangate: Plangate, billing: str
) -> None:
    plangate("next", billing, "--worker", "slow")
    plangate("release", billing, "a", "--token", "2", "--reason", "lunch")
    plangate("next", billing, "--worker", "quick")

    late = plangate("score", billing, "a", "--output", "0.9", "--token", "2", "--json")
    assert (late.exit_code, late.error["type"]) == (1, "ClaimLost")
    assert (late.error["holder"], late.error["holder_token"]) == ("quick", 4)
    assert plangate("mark", billing, "a", "done", "--token", "2").exit_code == 1
    assert plangate("score", billing, "a", "--output", "0.9", "--token", "4").exit_code == 0
