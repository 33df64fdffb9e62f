"""Callers get a plan of their own, whose metadata they may change."""

import pickle
from copy import deepcopy

import pytest

from plangate.domain.evolve import fold
from plangate.domain.plan import Plan
from tests.support.examples import PLAN, A, B, created, dropped, planned, scored

NO_FIELD = "nothing"


def a_plan() -> Plan:
    task = planned(A).model_copy(update={"metadata": {"pages": [1, 2]}})
    creation = created(task, planned(B)).model_copy(update={"metadata": {"owner": ["ada"]}})
    return fold(Plan(PLAN), [creation, scored(A)])


def test_a_copy_equals_its_plan_whatever_is_done_with_it() -> None:
    plan = a_plan()
    assert plan.copied() == plan
    assert plan == plan.copied().copied()
    assert deepcopy(plan.copied()) == plan
    assert pickle.loads(pickle.dumps(plan.copied())) == plan  # noqa: S301  (of our own making)


def test_a_change_of_its_metadata_is_its_own() -> None:
    plan = a_plan()
    mine, other = plan.copied(), plan.copied()
    mine.metadata["owner"].clear()
    mine.task(A).metadata["pages"].append(3)
    mine.task(B).metadata["new"] = True
    assert (mine.metadata, mine.task(A).metadata) == ({"owner": []}, {"pages": [1, 2, 3]})
    assert plan == other == a_plan()


def test_nothing_is_copied_before_it_is_read() -> None:
    plan = a_plan().keeping().copied()
    assert (plan.rolling_confidence, plan.version, len(plan.order)) == (0.9, 2, 2)
    assert {"tasks", "metadata"}.isdisjoint(plan.__dict__)
    read = fold(plan, [dropped(B)])
    assert (list(read.tasks), read.metadata) == ([A], {"owner": ["ada"]})


def test_it_has_no_other_attributes() -> None:
    for plan in (a_plan(), a_plan().copied()):
        with pytest.raises(AttributeError, match=NO_FIELD):
            getattr(plan, NO_FIELD)
