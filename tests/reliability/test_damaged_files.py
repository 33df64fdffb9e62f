"""Truncated files, zeroed pages and flipped bits are refused, or located by the doctor.

A damaged store may say that it cannot answer. It may not give another answer than
before the damage; and where it cannot answer, the doctor says so.
"""

import random
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from plangate.application.errors import StoreError
from plangate.application.operations.reports import Checkup, Health
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import PlanNotFound
from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.operations import doctor
from tests.support.clocks import read_late
from tests.support.model.random_work import RandomWork
from tests.support.soak import Say, short_and_long

PAGE = 4_096
REFUSED = "refused"
OF_A_PLAN: dict[str, Callable[[PlanRegistry, str], Any]] = {
    "get_status": lambda registry, plan_id: registry.get_status(plan_id),
    "history": lambda registry, plan_id: registry.history.of(plan_id),
    "board": lambda registry, plan_id: registry.views.board(plan_id),
    "timeline": lambda registry, plan_id: registry.views.timeline(plan_id),
}
OF_ALL: dict[str, Callable[[PlanRegistry], Any]] = {
    "list_plans": lambda registry: registry.list_plans(),
    "plans": lambda registry: registry.views.plans(),
    "replans": lambda registry: registry.views.replans(),
    "events": lambda registry: every_event(registry),  # noqa: PLW0108  (defined below)
}

Answers = dict[str, Any]


@dataclass(frozen=True)
class Whole:
    """A store before anything happened to it."""

    data: bytes
    plan_ids: tuple[str, ...]
    answers: Answers

    @property
    def pages(self) -> int:
        return len(self.data) // PAGE


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    path = tmp_path_factory.mktemp("whole") / "plans.db"
    with connect(path) as registry:
        RandomWork(registry, random.Random(11)).go_on(150)
        long = {"title": "T", "description": "d" * 15_000}
        registry.create("Long " * 700, [long], plan_id="long")
        registry.views.plans()
        plan_ids = tuple(plan.plan_id for plan in registry.list_plans().plans)
    return Whole(path.read_bytes(), plan_ids, answers(path, plan_ids))


def answers(path: Path, plan_ids: Sequence[str]) -> Answers:
    """The answers of a store to every question, or that it refuses them."""
    said = {f"{name} {plan_id}": REFUSED for name in OF_A_PLAN for plan_id in plan_ids}
    said |= dict.fromkeys(OF_ALL, REFUSED)
    try:
        with connect(path) as registry:
            read_late(registry)
            for question in said:
                said[question] = answer(registry, *question.split())
    except StoreError:
        pass
    return said


def answer(registry: PlanRegistry, name: str, *plan_id: str) -> Any:
    """One answer. A part marked as stale or unreadable counts as a refusal of the whole."""
    try:
        said = OF_A_PLAN[name](registry, *plan_id) if plan_id else OF_ALL[name](registry)
    except StoreError:
        return REFUSED
    except PlanNotFound:
        return "there is no such plan"
    rows = (
        chain.from_iterable(value for value in vars(said).values() if isinstance(value, tuple))
        if name not in {"history", "events"}
        else ()
    )
    doubtful = any(getattr(row, "stale", False) or hasattr(row, "why") for row in rows)
    return REFUSED if doubtful else said


def every_event(registry: PlanRegistry) -> Any:
    """The whole log, as a follower reads it."""
    found: list[Any] = []
    while page := registry.history.events(after=found[-1].envelope.position if found else 0):
        found += page
    return found


@dataclass(frozen=True)
class Outcome:
    """What came of a damage: wrong answers, refused ones, and what the doctor said."""

    wrong: list[str]
    refused: list[str]
    checkup: Checkup


def outcome_of(data: bytes, whole: Whole, folder: Path) -> Outcome:
    """Look at a damaged file as the doctor does, and then ask it everything."""
    path = folder / "plans.db"
    path.write_bytes(data)
    checkup = doctor(path)
    assert path.read_bytes() == data
    assert [each.name for each in folder.iterdir()] == ["plans.db"]
    said = answers(path, whole.plan_ids)
    shutil.rmtree(folder)
    folder.mkdir()
    wrong = [q for q, a in said.items() if a not in (REFUSED, whole.answers[q])]
    refused = [q for q, a in said.items() if a == REFUSED]
    return Outcome(wrong, refused, checkup)


def places(checkup: Checkup) -> list[str]:
    return [o.place or "" for o in checkup.observations if o.health is Health.PROBLEM]


def test_a_whole_store_answers_everything_and_is_well(whole: Whole, tmp_path: Path) -> None:
    outcome = outcome_of(whole.data, whole, tmp_path)
    assert (outcome.wrong, outcome.refused) == ([], [])
    assert outcome.checkup.health is Health.OK


@short_and_long("lengths", 12, 400)
def test_a_cut_file_is_refused_and_the_doctor_says_where(
    whole: Whole, tmp_path: Path, lengths: int, say: Say
) -> None:
    rng = random.Random(lengths)
    size = len(whole.data)
    cuts = {2, 15, 16, 99, 100, 512, PAGE - 1, PAGE, PAGE + 1, size - PAGE, size - 1}
    cuts |= {rng.randrange(2, size) for _ in range(lengths)}
    for cut in sorted(cuts):
        outcome = outcome_of(whole.data[:cut], whole, tmp_path)
        assert outcome.wrong == []
        assert outcome.checkup.health is Health.PROBLEM
        where = "byte 0" if cut < 100 else f"byte {cut:,}, page {cut // PAGE + 1:,}"
        assert places(outcome.checkup)[0].endswith(where)
        assert len(outcome.refused) == len(whole.answers)
    say("cut files", lengths=len(cuts), wrong_answers=0, reported_by_the_doctor=len(cuts))


@pytest.mark.parametrize("left", [0, 1])
def test_an_empty_file_may_become_a_new_store_and_the_doctor_reports_it(
    tmp_path: Path, left: int
) -> None:
    (tmp_path / "plans.db").write_bytes(b"S"[:left])
    checkup = doctor(tmp_path / "plans.db")
    assert checkup.health is Health.PROBLEM
    assert places(checkup)[0] == f"{tmp_path / 'plans.db'}, byte 0"


@short_and_long("every", 3, 1)
def test_a_zeroed_page_is_refused_or_reported_with_its_number(
    whole: Whole, tmp_path: Path, every: int, say: Say
) -> None:
    refusing = 0
    pages = range(1, whole.pages + 1, every)
    for page in pages:
        spoilt = bytearray(whole.data)
        spoilt[(page - 1) * PAGE : page * PAGE] = bytes(PAGE)
        outcome = outcome_of(bytes(spoilt), whole, tmp_path)
        assert outcome.wrong == [], page
        assert outcome.checkup.health is Health.PROBLEM
        named = f"page {page}" if page > 1 else "byte 0"
        assert any(named in f"{o.found} {o.place}" for o in outcome.checkup.observations), page
        refusing += bool(outcome.refused)
    say("zeroed pages", pages=len(pages), wrong_answers=0, refusing=refusing)


@short_and_long("flips", 20, 4_000)
def test_a_flipped_bit_never_ends_in_a_traceback_and_a_refusal_is_explained(
    whole: Whole, tmp_path: Path, flips: int, say: Say
) -> None:
    rng, seen = random.Random(flips), Counter[str]()
    for _ in range(flips):
        spoilt = bytearray(whole.data)
        bit = rng.randrange(len(spoilt) * 8)
        spoilt[bit // 8] ^= 1 << bit % 8
        outcome = outcome_of(bytes(spoilt), whole, tmp_path)
        ill = outcome.checkup.health is Health.PROBLEM
        if outcome.refused:
            assert ill, (bit, outcome.refused)
        kind = "wrong" if outcome.wrong else "refused" if outcome.refused else "unchanged"
        seen[f"{kind}, {'reported' if ill else 'not reported'} by the doctor"] += 1
    # What people wrote, and the digits of a number, look as good after a flip as before:
    # that is what proofs are for.
    say("flipped bits", flips=flips, seen=dict(seen))
    assert seen["unchanged, not reported by the doctor"] < flips
