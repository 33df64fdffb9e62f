"""The histories of plans that were shown lately: of these, only what is new is read."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from plangate.application.aio.registry import AsyncPlanRegistry
from plangate.application.history.audit import AuditEntry
from plangate.domain.events import PlanErased

KEPT: Final = 20_000
"""How many events the kept histories have together; the plan shown last is always kept."""


class Histories:
    """The audit entries of the plans of one registry."""

    def __init__(self, registry: Callable[[], AsyncPlanRegistry]) -> None:
        """`registry` gives it once it is open."""
        self._registry = registry
        self._kept: OrderedDict[str, list[AuditEntry]] = OrderedDict()

    async def of(self, plan_id: str) -> list[AuditEntry]:
        """All entries of a plan in order. Raises `PlanNotFound`."""
        known = self._kept.pop(plan_id, None)
        entries = None if known is None else await self._continued(plan_id, known)
        if entries is None:
            entries = await self._read(plan_id, 0)
        if all(entry.unreadable is None for entry in entries):
            self._keep(plan_id, entries)
        return entries

    async def _continued(self, plan_id: str, known: list[AuditEntry]) -> list[AuditEntry] | None:
        """The known entries and those after them; None where all must be read again.

        That is so where the log has no longer what was known, and where text was erased.
        """
        last = known[-1]
        found = await self._read(plan_id, last.version - 1)
        if not found or found[0] != last:
            return None
        if any(isinstance(entry.event, PlanErased) for entry in found[1:]):
            return None
        return [*known, *found[1:]]

    async def _read(self, plan_id: str, after: int) -> list[AuditEntry]:
        entries = self._registry().history.audit(plan_id, after_version=after)
        return [entry async for entry in entries]

    def _keep(self, plan_id: str, entries: list[AuditEntry]) -> None:
        self._kept[plan_id] = entries
        while len(self._kept) > 1 and sum(map(len, self._kept.values())) > KEPT:
            self._kept.popitem(last=False)
