"""Agents at the terminal: taking a task, holding it, giving it back, coming too late."""

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.cli.answers import NextTask
from tests.infrastructure.cli.conftest import Plangate


def test_a_claim_names_its_worker_and_its_token(plangate: Plangate, billing: str) -> None:
    said = plangate("next", billing, "--worker", "w[red]7\u202e", "--lease", "60").stdout

    assert "held by w[red]7\\u202e until " in said
    assert ", token 2\n" in said
    assert "plangate score billing a --output SCORE --token 2" in said
    assert "w[red]7\\u202e" in plangate("status", billing).stdout


def test_when_nothing_is_ready_the_advice_is_shown(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    registry.revise(billing, "r", [{"op": "change", "task_id": "b", "depends_on": ["a"]}])
    plangate("next", billing)

    said = NextTask.model_validate(plangate("next", billing, "--json").json)
    shown = plangate("next", billing).stdout

    assert said.task is None
    assert said.gate == registry.gate(billing)
    assert said.gate.verdict == "wait"
    assert " ".join(shown.split()).startswith(
        f"No task; the verdict is wait: {said.gate.reason} · {said.gate.advice[0]}"
    )


def test_without_a_plan_the_most_urgent_task_is_taken(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    registry.create("g", [{"id": "x", "title": "X"}], plan_id="q", priority=1, labels=["py"])

    labelled = NextTask.model_validate(plangate("next", "--label", "rust", "--json").json)
    assert labelled == NextTask()
    nothing = plangate("next", "--label", "rust")
    assert (nothing.exit_code, nothing.stdout) == (11, "Nothing is ready in any plan.\n")
    taken = [NextTask.model_validate(plangate("next", "--json").json).plan_id for _ in range(2)]
    assert taken == ["q", billing]


def test_a_heartbeat_holds_the_claim_for_longer(plangate: Plangate, billing: str) -> None:
    plangate("next", billing, "--lease", "60")

    held = plangate(
        "task", "heartbeat", billing, "a", "--token", "2", "--lease", "600", "--json"
    ).json
    assert held["claim"]["until"] > held["claim"]["since"]
    assert "held by ann until" in plangate("task", "heartbeat", billing, "a", "--token", "2").stdout
    assert plangate("task", "heartbeat", billing, "a", "--token", "1").exit_code == 3


def test_a_late_worker_is_refused_with_who_holds_the_task_now(
    plangate: Plangate, billing: str
) -> None:
    plangate("next", billing, "--worker", "slow")
    plangate("task", "release", billing, "a", "--token", "2", "--reason", "lunch")
    plangate("next", billing, "--worker", "quick")

    late = plangate("score", billing, "a", "--output", "0.9", "--token", "2", "--json")
    assert (late.exit_code, late.error["type"]) == (3, "ClaimLost")
    assert (late.error["holder"], late.error["holder_token"]) == ("quick", 4)
    assert plangate("task", "mark", billing, "a", "done", "--token", "2").exit_code == 3
    assert plangate("score", billing, "a", "--output", "0.9", "--token", "4").exit_code == 0


def test_this_very_task_is_claimed_by_one_worker(plangate: Plangate, billing: str) -> None:
    taken = plangate("task", "claim", billing, "b", "--worker", "agent-7", "--lease", "60")
    late = plangate("task", "claim", billing, "b", "--worker", "agent-8", "--json")

    assert "Task B" in taken.stdout
    assert "held by agent-7 until " in taken.stdout
    assert "then: plangate score billing b --output SCORE --token 2" in taken.stdout
    assert (late.exit_code, late.error["type"]) == (3, "TaskNotReady")
    assert plangate("task", "claim", billing, "a", "--json").json["status"] == "in_progress"


def test_a_deferred_task_is_not_handed_out_until_it_is_undeferred(
    plangate: Plangate, billing: str
) -> None:
    said = plangate("task", "defer", billing, "a", "--reason", "a decision[/]")
    again = plangate("task", "defer", billing, "a", "--reason", "a decision[/]")

    assert "deferred: a decision[/]" in said.stdout
    assert "Nothing was recorded: there was nothing to change." in again.stdout
    assert plangate("next", billing, "--json").json["task"]["id"] == "b"
    assert plangate("task", "claim", billing, "a").exit_code == 3
    assert "plangate task undefer billing a" in plangate("status", billing).stdout
    assert plangate("task", "undefer", billing, "a", "--reason", "decided").exit_code == 0
    assert plangate("next", billing, "--json").json["task"]["id"] == "a"


def test_a_task_may_be_deferred_until_a_time(plangate: Plangate, billing: str) -> None:
    words = ("task", "defer", billing, "a", "--reason", "in review")

    said = plangate(*words, "--until", "2199-01-31T12:00:00Z")
    assert "deferred until 2199-01-31 12:00:00" in said.stdout
    assert plangate(*words, "--until", "someday").exit_code == 2
    assert plangate(*words, "--until", "2026-01-31T12:00:00Z").exit_code == 3


def test_a_task_is_taken_only_at_the_version_that_was_looked_at(
    plangate: Plangate, billing: str
) -> None:
    version = plangate("gate", billing, "--json").json["version"]
    plangate("score", billing, "a", "--output", "0.9")

    late = plangate("next", billing, "--if-version", str(version), "--json")
    assert (late.exit_code, late.error["type"]) == (3, "VersionMismatch")
    assert plangate("next", billing, "--if-version", str(version + 2)).exit_code == 0
