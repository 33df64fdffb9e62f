"""`plangate score --from` and `--run`: scores from where they are made."""

import hashlib
from pathlib import Path

import pytest

from plangate.application.registry import PlanRegistry
from plangate.domain.events import ScoringFailed, TaskScored
from plangate.infrastructure.cli.exits import REFUSED, REPLAN, USAGE
from tests.infrastructure.cli.conftest import Plangate

FILES = Path(__file__).parents[2] / "data" / "scores"


def scored(registry: PlanRegistry, plan_id: str) -> TaskScored:
    event = [one.event for one in registry.history.of(plan_id) if one.kind == "task-scored"][-1]
    assert isinstance(event, TaskScored)
    return event


def failure(registry: PlanRegistry, plan_id: str) -> ScoringFailed:
    event = [one.event for one in registry.history.of(plan_id) if one.kind == "scoring-failed"][-1]
    assert isinstance(event, ScoringFailed)
    return event


def test_a_file_is_the_score_and_its_digest_the_evidence(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    file = FILES / "pytest.junit.xml"
    words = ["score", billing, "a", "--from", str(file)]
    assert plangate(*words).exit_code == 0
    event = scored(registry, billing)
    assert (event.kind, event.score, event.rationale) == (
        "output",
        0.5,
        "2 of 4 tests passed, 2 skipped",
    )
    assert (event.scorer and event.scorer.kind, event.scorer and event.scorer.name) == (
        "code",
        "pytest",
    )
    evidence = event.evidence or {}
    assert evidence["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert evidence["failed"][0]["case"] == "test_sample.test_bad"
    assert plangate(*words, "--gate").exit_code == REPLAN


def test_a_prompt_score_on_a_stated_scale(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    words = ["score", billing, "a", "--prompt", "--from", str(FILES / "inspect-ai.json")]
    assert plangate(*words, "--metric", "stars", "--scale", "1,5").exit_code == 0
    event = scored(registry, billing)
    assert (event.kind, event.score, event.scale) == ("prompt", 0.75, (1.0, 5.0))


def test_booleans_need_a_map_and_a_scale_is_stated(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    before = registry.history.last_position()
    words = ["score", billing, "a", "--from", str(FILES / "pydantic-evals.json")]
    for more, problem in (
        ([], "scale: pydantic-evals defines none"),
        (["--metric", "EqualsExpected"], "map: EqualsExpected is a boolean, true"),
        (["--metric", "none"], "metric: there is no 'none' in it"),
    ):
        said = plangate(*words, *more)
        assert (said.exit_code, problem in said.stderr) == (REFUSED, True)
    assert registry.history.last_position() == before
    mapped = ["--metric", "EqualsExpected", "--map", "true=1", "--map", "false=0"]
    assert plangate(*words, *mapped).exit_code == 0
    assert scored(registry, billing).score == 0.5


def test_nothing_is_run_for_a_task_that_is_not_there(plangate: Plangate, billing: str) -> None:
    said = plangate("score", billing, "none", "--run", "--", "touch", "made")
    assert (said.exit_code, Path("made").exists()) == (REFUSED, False)


def test_a_file_without_a_score_is_a_failure_to_score(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    said = plangate("score", billing, "a", "--from", "-", typed="<testsuites/>")
    assert said.exit_code == 0
    assert "no score: tests: tests: none of 0 tests has a score" in said.stderr
    assert failure(registry, billing).kind == "output"


def test_a_file_that_cannot_be_read_is_refused_with_its_location(
    plangate: Plangate, billing: str
) -> None:
    Path("odd.json").write_text('{\n "a": }', "utf-8")
    said = plangate("score", billing, "a", "--from", "odd.json")
    assert said.exit_code == REFUSED
    assert "odd.json:2:7: is not JSON" in said.stderr


@pytest.mark.parametrize("code, score", [(0, 1.0), (3, 0.0)])
def test_the_exit_code_of_a_command_is_the_score(
    plangate: Plangate, billing: str, registry: PlanRegistry, code: int, score: float
) -> None:
    said = plangate("score", billing, "a", "--run", "--", "sh", "-c", f"exit {code}")
    assert said.exit_code == 0
    event = scored(registry, billing)
    evidence = event.evidence or {}
    assert (event.score, event.scorer and event.scorer.kind) == (score, "code")
    assert (evidence["command"], evidence["exit_code"]) == (["sh", "-c", f"exit {code}"], code)
    assert evidence["output_sha256"] == hashlib.sha256().hexdigest()


@pytest.mark.parametrize(
    "options, command, reason",
    [
        ([], ["/no/such"], "such: it could not be started"),
        ([], ["sh", "-c", "kill -15 $$"], "sh: it was ended by SIGTERM"),
        (["--timeout", "0.2"], ["sleep", "600"], "sleep: it took longer than 0.2 s"),
        (["--score-json"], ["echo", "hello"], "echo: it did not print JSON"),
        (["--score-json"], ["echo", "{}"], "echo: its JSON is not a score: score: is required"),
        (["--score-json"], ["echo", '{"score": null, "reason": "tired"}'], "echo: tired"),
    ],
)
def test_a_run_without_a_result_is_a_failure_to_score(
    plangate: Plangate,
    billing: str,
    registry: PlanRegistry,
    options: list[str],
    command: list[str],
    reason: str,
) -> None:
    assert plangate("score", billing, "a", "--run", *options, "--", *command).exit_code == 0
    assert (failure(registry, billing).reason or "").startswith(reason)
    assert registry.get_status(billing).tasks[0].output_score is None


def test_a_command_prints_its_score(
    plangate: Plangate, billing: str, registry: PlanRegistry
) -> None:
    printed = '{"score": 4, "scale": [1, 5], "rationale": "good", "evidence": {"n": 1}}'
    run = ["score", billing, "a", "--run", "--score-json", "--", "echo", printed]
    assert plangate(*run).exit_code == 0
    event = scored(registry, billing)
    assert (event.score, event.rationale, (event.evidence or {})["n"]) == (0.75, "good", 1)


@pytest.mark.parametrize(
    "words",
    [
        ["--run"],
        ["pytest"],
        ["--prompt"],
        ["--from", "a", "--output", "1"],
        ["--from", "a", "--run", "--", "true"],
        ["--timeout", "5", "--output", "1"],
        ["--metric", "m", "--output", "1"],
        ["--run", "--timeout", "0", "--", "true"],
        ["--from", "a", "--map", "true"],
        ["--from", "a", "--format", "odd"],
    ],
)
def test_options_that_contradict_each_other_are_refused(
    plangate: Plangate, billing: str, words: list[str]
) -> None:
    Path("a").write_bytes((FILES / "pytest.junit.xml").read_bytes())
    assert plangate("score", billing, "a", *words).exit_code == USAGE
