"""A findings configuration: severities, kinds that are off, aliases, accepted exceptions."""

from typing import Any

import pytest

from plangate.application.evidence import findings as all_findings
from plangate.application.evidence.finding import FindingKind, Severity
from plangate.application.evidence.findings_config import AcceptedException, FindingsConfig
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput
from tests.support.gaming.player import HIGH, LOW, Gaming

RESCORED, OWN_WORK = FindingKind.RESCORED_UNTIL_PASSED, FindingKind.OWN_WORK


@pytest.fixture
def game(registry: PlanRegistry) -> Gaming:
    """A plan in which task a was scored until it passed."""
    game = Gaming(registry, "classic")
    game.plan()
    game.score("a", LOW)
    game.score("a", HIGH)
    return game


@pytest.mark.usefixtures("game")
def test_a_severity_is_set(registry: PlanRegistry) -> None:
    report = registry.evidence.findings(config={"severity": {RESCORED: "notice"}})

    assert [one.severity for one in report.findings] == [Severity.NOTICE]
    assert report.by_severity == {Severity.NOTICE: 1}


@pytest.mark.parametrize("off", ["off", False])
@pytest.mark.usefixtures("game")
def test_a_kind_that_is_off_is_not_found(registry: PlanRegistry, off: object) -> None:
    report = registry.evidence.findings(config={"severity": {RESCORED: off}})

    assert (report.finding_count, report.by_kind, report.findings) == (0, {}, ())
    assert (report.accepted_count, report.plans) == (0, 1)


@pytest.mark.parametrize(
    "exception, is_accepted",
    [
        ({"plan_id": "five"}, True),
        ({"task_id": "a"}, True),
        ({"kind": "rescored_until_passed"}, True),
        ({"plan_id": "five", "task_id": "a", "kind": "rescored_until_passed"}, True),
        ({"plan_id": "six"}, False),
        ({"plan_id": "five", "task_id": "b"}, False),
        ({"plan_id": "five", "kind": "own_work"}, False),
    ],
)
@pytest.mark.usefixtures("game")
def test_accepted_exceptions_are_counted_and_listed_apart(
    registry: PlanRegistry, exception: dict[str, Any], is_accepted: object
) -> None:
    (found,) = registry.evidence.findings().findings
    config = {"accept": [{**exception, "reason": "We agreed on it."}]}
    report = registry.evidence.findings(config=config)

    if is_accepted:
        (accepted,) = report.accepted
        assert (accepted.finding, accepted.reason) == (found, "We agreed on it.")
        assert (report.finding_count, report.accepted_count) == (0, 1)
        assert (report.by_kind, report.by_severity, report.findings) == ({}, {}, ())
    else:
        assert (report.findings, report.accepted, report.accepted_count) == ((found,), (), 0)


def test_only_so_many_accepted_findings_are_listed(
    game: Gaming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(all_findings, "MAX_LISTED", 1)
    game.score("b", LOW)
    game.score("b", HIGH)
    exception = AcceptedException(plan_id="five", reason="We agreed on it.")

    report = game.registry.evidence.findings(config=FindingsConfig(accept=(exception,)))

    assert (len(report.accepted), report.accepted_count) == (1, 2)


def test_aliases_are_names_of_the_same_one(game: Gaming) -> None:
    game.claim("b", "ada")
    game.score("b", HIGH, scorer={"kind": "model", "name": "Agent 7"})
    assert [one.kind for one in game.registry.evidence.findings().findings] == [RESCORED]

    for aliases in ({"ada": ["agent-7"]}, {"AGENT 7": ["Ada"]}, {"x": ["ada", "agent7"]}):
        found = game.registry.evidence.findings(config={"aliases": aliases}).findings
        assert [one.kind for one in found] == [RESCORED, OWN_WORK]


@pytest.mark.parametrize(
    "config, problem",
    [
        ([], "must be an object with severity, aliases, accept"),
        ({"severity": {"own_work": "loud"}}, "severity.own_work: must be one of"),
        ({"severity": {"gossip": "off"}}, "severity.gossip: must be one of"),
        ({"aliases": {"ada": "bob"}}, "aliases.ada: must be a list"),
        ({"accept": [{"kind": "own_work"}]}, r"accept\[0\].reason: is required"),
        ({"accept": [{"plan_id": "p", "reason": " "}]}, r"accept\[0\].reason: must not be blank"),
        (
            {"accept": [{"reason": "x"}]},
            r"accept\[0\]: must name a plan_id, a task_id, a kind or about whom it is",
        ),
        ({"accept": [{"plan": "p", "reason": "x"}]}, r"accept\[0\].plan: is not known here"),
        ({"ignore": []}, "ignore: is not known here; accepted: severity, aliases, accept"),
    ],
)
def test_a_wrong_configuration_is_refused(
    registry: PlanRegistry, config: Any, problem: str
) -> None:
    with pytest.raises(InvalidInput, match=problem):
        registry.evidence.findings(config=config)
