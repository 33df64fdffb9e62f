"""Work on recorded plans one after the other, or shared out over processes.

What is found about some plans is added to what was found before, in the order of the plans:
so the result is the same to the last bit, however the plans were shared out.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from typing import Final, NamedTuple, Protocol, Self, TypeVar

from plangate.application.event_store import EventStore
from plangate.application.plan_log import PlanIds, every_plan, selected
from plangate.application.progress import Progress, require_progress

SHARED_FROM: Final = 20_000
"""From how many decided events on plans are shared out; before, processes start too slowly."""

_PLANS_AT_ONCE: Final = 32
_EVENTS_AT_ONCE: Final = 1_000


class PlanWork(Protocol):
    """What is found about the plans added so far. It can be pickled."""

    @property
    def passes(self) -> int:
        """How many times every event is decided."""

    def add(self, store: EventStore, plan_id: str) -> None:
        """Add one more plan."""

    def extend(self, part: Self) -> None:
        """Add what was found about the plans that follow."""


Work = TypeVar("Work", bound=PlanWork)


class PlanSlice(NamedTuple):
    """Some plans in their order, and the position of the first."""

    position: int
    plan_ids: tuple[str, ...]


class Workers(Protocol):
    """Processes that read the same store."""

    def __call__(
        self, work: Work, slices: Iterable[PlanSlice]
    ) -> Generator[tuple[PlanSlice, Work | None], None, None]:
        """Every slice in order, with what was found by work that began as `work` is now.

        None where no process could answer: the work is still to be done. The processes end
        with the generator.
        """


def add_plans(
    work: PlanWork,
    store: EventStore,
    workers: Workers | None,
    plan_ids: PlanIds,
    progress: Progress,
) -> None:
    """Add one, some or all plans; `progress` is called on the way and at the end.

    Raises what the work raises; `PlanNotFound` for an id that was never used.
    """
    require_progress(progress)
    for _ in adding_plans(work, store, workers, plan_ids, progress):
        pass


def adding_plans(
    work: PlanWork,
    store: EventStore,
    workers: Workers | None,
    plan_ids: PlanIds,
    progress: Progress,
) -> Iterator[None]:
    """Add plans as `add_plans` does, and pause after some of them."""
    last = store.last_position()
    if workers is None or plan_ids is not None or last * work.passes < SHARED_FROM:
        for plan_id in selected(store, plan_ids, progress):
            work.add(store, plan_id)
            yield
        return
    with closing(workers(work, _slices(store, work.passes))) as parts:
        for plans, part in parts:
            progress(min(plans.position, last), last)
            if part is not None:
                work.extend(part)
            else:
                for plan_id in plans.plan_ids:  # what was raised there is raised here, as it is
                    work.add(store, plan_id)
            yield
    progress(last, last)


def _slices(store: EventStore, passes: int) -> Iterator[PlanSlice]:
    """All plans, few at once, and fewer where they are large or decided many times."""
    most = max(_PLANS_AT_ONCE // passes, 1)
    first, plan_ids = 0, list[str]()
    for position, plan_id in every_plan(store):
        if len(plan_ids) == most or (plan_ids and position >= first + _EVENTS_AT_ONCE):
            yield PlanSlice(first, tuple(plan_ids))
            plan_ids = []
        first = first if plan_ids else position
        plan_ids.append(plan_id)
    if plan_ids:
        yield PlanSlice(first, tuple(plan_ids))
