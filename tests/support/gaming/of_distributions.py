"""Ways past the gate that only many plans show, and honest work that looks a little like them."""

import random
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from plangate.application.evidence.finding import FindingKind, Severity
from plangate.application.registry import PlanRegistry

K = FindingKind
W, N = Severity.WARNING, Severity.NOTICE
THRESHOLD: Final = 0.6
POLICY: Final = {"confidence_threshold": THRESHOLD}


class Practice:
    """Plan after plan of a team, whose work is of the same quality all the time."""

    def __init__(self, registry: PlanRegistry) -> None:
        self.registry = registry
        self.chance = random.Random(17)
        self.plans = 0

    def plan(self, tasks: int = 4, **facts: Any) -> str:
        """Another plan, of other work than before unless a goal is given."""
        self.plans += 1
        plan_id = f"p{self.plans:03}"
        goal = facts.pop("goal", f"Work {plan_id}")
        planned = [{"id": f"t{n}", "title": f"Step {n} of {goal}"} for n in range(tasks)]
        self.registry.create(goal, planned, plan_id=plan_id, policy=POLICY, **facts)
        return plan_id

    def work(self, usual: float = 0.75) -> float:
        """How good a piece of work is."""
        return self.chance.gauss(usual, 0.08)

    def score(self, plan_id: str, task_id: str, judge: str, score: float, **facts: Any) -> None:
        """A score with grounds."""
        kind, _, name = judge.partition(":")
        scorer = {"kind": kind, "name": name, **facts.pop("scorer", {})}
        given = {"rationale": "It was read.", "actor": "host", **facts}
        score = round(min(max(score + self.chance.gauss(0, 0.03), 0.0), 1.0), 2)
        self.registry.score_output(plan_id, task_id, score, scorer=scorer, **given)

    def judged(self, judges: Mapping[str, float], usual: float = 0.75, **facts: Any) -> str:
        """A plan in which each judge adds something to what the work is worth."""
        plan_id = self.plan(**facts)
        for number in range(4):
            work = self.work(usual)
            for judge, bias in judges.items():
                self.score(plan_id, f"t{number}", judge, work + bias)
        return plan_id


class Plant(NamedTuple):
    """A practice, and what is found in it: a kind about a judge or an actor, or nothing."""

    title: str
    kind: FindingKind | None
    about: str | None
    play: Callable[[Practice], object]
    severity: Severity = N


PLANTS: Final[list[Plant]] = []
HONEST: Final[list[Plant]] = []
A, B, C = "model:anna", "model:bert", "model:carl"


def _plant(
    title: str,
    kind: FindingKind | None = None,
    about: str | None = None,
    severity: Severity = N,
) -> Callable[[Callable[[Practice], object]], None]:
    def add(play: Callable[[Practice], object]) -> None:
        plants = HONEST if kind is None else PLANTS
        plants.append(Plant(title, kind, about, play, severity))

    return add


# --- beside others on the same work ---


@_plant("one of three judges is milder", K.JUDGE_MILDER, C)
def _(team: Practice) -> None:
    for _ in range(12):
        team.judged({A: 0.0, B: 0.0, C: 0.2})


@_plant("a person is milder than two models", K.JUDGE_MILDER, "human:cleo")
def _(team: Practice) -> None:
    for _ in range(12):
        team.judged({A: 0.0, B: 0.0, "human:cleo": 0.15})


@_plant("plans of the same work, and one judge is milder", K.JUDGE_MILDER, B)
def _(team: Practice) -> None:
    for number in range(12):
        for judge in ({A: 0.0}, {B: 0.14}):
            team.judged(judge, 0.85, goal=f"Work {number}")


@_plant("replicates that say so, and one judge is milder", K.JUDGE_MILDER, B)
def _(team: Practice) -> None:
    for _ in range(12):
        first = team.judged({A: 0.0})
        team.judged({B: 0.2}, metadata={"replicate_of": first})


@_plant("one of three judges is harsher", K.JUDGE_HARSHER, A)
def _(team: Practice) -> None:
    for _ in range(12):
        team.judged({A: -0.2, B: 0.0, C: 0.0})


# --- scores by themselves ---


@_plant("lows are lifted over the threshold", K.HEAPED_AT_THRESHOLD, A)
def _(team: Practice) -> None:
    for _ in range(30):
        plan_id = team.plan(6)
        for number in range(6):
            work = team.work(0.62)
            if THRESHOLD - 0.1 <= work < THRESHOLD + 0.02:
                work = THRESHOLD + 0.05
            team.score(plan_id, f"t{number}", A, work)


@_plant("a judge always gives 0.8", K.CONSTANT_SCORES, B)
def _(team: Practice) -> None:
    for _ in range(12):
        plan_id = team.judged({A: 0.0})
        for number in range(4):
            team.registry.score_output(
                plan_id,
                f"t{number}",
                0.8,
                scorer={"kind": "model", "name": "bert"},
                rationale="Ok.",
            )


# --- between plans ---


@_plant("a judge is swapped for a milder one", K.JUDGE_SWAPPED, B)
def _(team: Practice) -> None:
    for _ in range(12):
        team.judged({A: -0.08})
    for _ in range(12):
        team.judged({B: 0.1})


@_plant("a new version is milder", K.VERSION_SHIFTED, A)
def _(team: Practice) -> None:
    for version in "12":
        for _ in range(12):
            plan_id = team.plan()
            for number in range(4):
                bias, scorer = 0.15 * (version == "2"), {"version": version}
                team.score(plan_id, f"t{number}", A, team.work(0.7) + bias, scorer=scorer)


@_plant("a new version is harsher", K.VERSION_SHIFTED, A)
def _(team: Practice) -> None:
    for version in "12":
        for _ in range(12):
            plan_id = team.plan()
            for number in range(4):
                bias, scorer = -0.15 * (version == "2"), {"version": version}
                team.score(plan_id, f"t{number}", A, team.work(0.85) + bias, scorer=scorer)


# --- actors ---


def _retractions(team: Practice, often: Mapping[str, float]) -> None:
    for _ in range(14):
        for actor, share in often.items():
            plan_id = team.plan()
            for number in range(4):
                event_id = f"{plan_id}@{team.registry.get_status(plan_id).version + 1}"
                team.score(plan_id, f"t{number}", A, team.work(), actor=actor)
                if team.chance.random() < share:
                    given: dict[str, Any] = {"actor": actor}
                    team.registry.retract_score(plan_id, event_id, "A mistake.", **given)
                    team.score(plan_id, f"t{number}", A, team.work(), actor=actor)


@_plant("an actor retracts every other score", K.RETRACTS_OFTEN, "ada")
def _(team: Practice) -> None:
    _retractions(team, {"ada": 0.5, "bob": 0.05, "cleo": 0.05})


def _approvals(team: Practice, often: Mapping[str, float]) -> None:
    for _ in range(14):
        for actor, share in often.items():
            plan_id = team.plan()
            for number in range(3):
                team.score(plan_id, f"t{number}", A, team.work(0.45), actor=actor)
                if not team.registry.get_status(plan_id).replan_due:
                    continue
                if team.chance.random() < share:
                    team.registry.approve(plan_id, "It will do.", actor=actor)
                else:
                    change = {"op": "change", "task_id": f"t{number}", "description": "Again."}
                    team.registry.revise(plan_id, "It was not clear.", [change], actor=actor)


@_plant("an actor approves every time", K.APPROVES_OFTEN, "ada")
def _(team: Practice) -> None:
    _approvals(team, {"ada": 1.0, "bob": 0.3, "cleo": 0.3})


# --- easy tasks ---


def _additions(team: Practice, work: float, plans: int = 1) -> None:
    for _ in range(plans):
        plan_id = team.plan(6)
        for number in range(6):
            team.score(plan_id, f"t{number}", A, team.work(0.45))
        added = [{"id": f"x{n}", "title": f"Extra {n}"} for n in range(6)]
        changes = [{"op": "add", "task": task} for task in added]
        team.registry.revise(plan_id, "There is more to do.", changes, actor="host")
        for task in added:
            team.score(plan_id, task["id"], A, team.chance.gauss(work, 0.03))


@_plant("easy tasks are added to a plan that is low", K.PADDED, None, W)
def _(team: Practice) -> None:
    for _ in range(10):
        team.judged({A: 0.0})
    _additions(team, 0.95)


@_plant("easy tasks in one plan alone", K.PADDED, None, W)
def _(team: Practice) -> None:
    _additions(team, 0.95)


# --- honest work ---


@_plant("three judges alike")
def _(team: Practice) -> None:
    for _ in range(14):
        team.judged({A: 0.0, B: 0.02, C: -0.02})


@_plant("a milder judge of so few plans that nothing can be said")
def _(team: Practice) -> None:
    for _ in range(9):
        team.judged({A: 0.0, B: 0.2})


@_plant("a program that always passes")
def _(team: Practice) -> None:
    for _ in range(14):
        team.judged({A: 0.0, B: 0.0, "code:tests": 1.0})


@_plant("a judge and a version, each swapped for its like")
def _(team: Practice) -> None:
    for judge in (A, B):
        for _ in range(12):
            team.judged({judge: 0.0})
    for version in "12":
        for _ in range(12):
            plan_id = team.plan()
            for number in range(4):
                team.score(plan_id, f"t{number}", C, team.work(), scorer={"version": version})


@_plant("work planned again after it failed, by another judge")
def _(team: Practice) -> None:
    for number in range(12):
        for judge, usual in ((A, 0.4), (B, 0.8)):
            plan_id = team.plan(goal=f"Work {number}")
            for task in range(4):
                team.score(plan_id, f"t{task}", judge, team.work(usual))
        team.judged({A: 0.0})


@_plant("work near the threshold")
def _(team: Practice) -> None:
    for _ in range(20):
        plan_id = team.plan()
        for number in range(4):
            team.score(plan_id, f"t{number}", A, team.work(THRESHOLD))


@_plant("actors who are alike")
def _(team: Practice) -> None:
    _retractions(team, dict.fromkeys(("ada", "bob", "cleo"), 0.1))
    _approvals(team, dict.fromkeys(("ada", "bob", "cleo"), 0.4))


@_plant("tasks added to plans that are low, and as hard as before")
def _(team: Practice) -> None:
    _additions(team, 0.5, plans=6)
