"""Ids as people type them: whole, by a beginning that no other has, or `@last`."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from plangate.application.errors import StoreForbidden, StoreReadOnly
from plangate.application.registry import PlanRegistry
from plangate.domain.errors import InvalidInput, PlangateError, PlanGone, PlanNotFound, Problem

LAST: Final = "@last"
"""The plan that was created last."""

_RANDOM: Final = re.compile(r"[0-9a-f]{12,}")
_AT_MOST: Final = 5


def plan_id_of(registry: PlanRegistry, text: str) -> str:
    """The id that is meant; the text itself where none is, for the registry to refuse."""
    if text == LAST:
        return _last(registry)
    try:
        registry.get(text)
    except PlanGone:
        return text
    except PlanNotFound:
        found = [one for one in registry.plan_ids(text) if _begins(one, text)]
        return _only("PLAN", text, [one for one in found if _lives(registry, one)])
    except PlangateError:
        return text
    return text


def task_id_of(registry: PlanRegistry, plan_id: str, text: str) -> str:
    """As `plan_id_of`, for a task of a plan."""
    try:
        tasks = registry.get(plan_id).tasks
    except PlangateError:
        return text
    found = [one for one in tasks if _begins(one, text)]
    return text if text in tasks else _only("TASK", text, found)


def _begins(whole: str, beginning: str) -> bool:
    """Whether an id begins so, with no number cut: `t1` does not mean `t10`."""
    rest = whole.removeprefix(beginning)
    cut = beginning[-1:].isdigit() and rest[:1].isdigit()
    whole_number = not cut or bool(_RANDOM.fullmatch(whole))
    return bool(beginning) and whole.startswith(beginning) and whole_number


def _lives(registry: PlanRegistry, plan_id: str) -> bool:
    try:
        registry.get(plan_id)
    except PlanNotFound:
        return False
    except PlangateError:
        pass  # one that cannot be read is there
    return True


def _only(name: str, text: str, found: Sequence[str]) -> str:
    if len(found) > 1:
        raise InvalidInput([Problem(name, f"{text!r} is the beginning of {_listed(found)}")])
    return found[0] if found else text


def _listed(ids: Sequence[str]) -> str:
    more = len(ids) - _AT_MOST
    shown: Iterable[str] = map(repr, ids[:_AT_MOST])
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _last(registry: PlanRegistry) -> str:
    try:
        found = [plan.plan_id for plan in registry.views.plans(order="newest", limit=1).plans]
    except (StoreForbidden, StoreReadOnly):  # the views are behind and cannot be written
        found = [plan.plan_id for plan in registry.list_plans().plans[-1:]]
    if not found:
        raise InvalidInput([Problem("PLAN", f"{LAST}: there are no plans")])
    return found[0]
