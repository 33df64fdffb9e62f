"""What can be asked of the past: how things stood, why, and what other rules would have done."""

from collections.abc import Mapping
from typing import Any

from plangate.application.errors import CorruptEvent
from plangate.application.history.check import Check, CheckReport
from plangate.application.history.commands import commands_of
from plangate.application.history.past_questions import PastQuestions
from plangate.application.history.rerun import Input, rerun
from plangate.application.history.rules import rules_of
from plangate.application.history.selection import PlanIds, Tell, selected, untold
from plangate.application.history.whatif import PlanReplay, WhatIf, replay_of
from plangate.application.results import UnreadablePlan
from plangate.domain.policy import Policy


class HistoryQuestions(PastQuestions):
    """The answers that a store's whole history gives."""

    def replay(
        self,
        plan_ids: PlanIds = None,
        *,
        policy: Mapping[str, Any] | Policy,
        tell: Tell = untold,
    ) -> WhatIf:
        """What would have happened to plans under another policy: one, some, or all of them.

        `policy` is a whole one, or the fields to change about each plan's own. What was
        asked of the plans is decided anew, at the recorded times; the store is only
        read. `tell` hears how much is done, of how much. Raises `PlanNotFound`,
        `InvalidInput`; a plan that cannot be read is named beside the others.
        """
        rules = rules_of(policy)
        plans: list[PlanReplay] = []
        unreadable: list[UnreadablePlan] = []
        for plan_id in selected(self._store, plan_ids, tell):
            inputs = map(Input.of, commands_of(self._store, plan_id))
            try:
                plans.append(replay_of(plan_id, rerun(inputs, rules)))
            except CorruptEvent as error:
                unreadable.append(
                    UnreadablePlan(plan_id=plan_id, version=error.version, why=error.why)
                )
        return WhatIf(plans=tuple(plans), unreadable=tuple(unreadable))

    def check(self, plan_ids: PlanIds = None, *, tell: Tell = untold) -> CheckReport:
        """Make every recorded decision of plans again, under the policy recorded with each.

        Whatever the rules do not give is named by its event, and so is an event that
        cannot be read. Memory stays flat however long the log is. `tell` hears how much
        is done, of how much. Raises `PlanNotFound`.
        """
        check = Check(self._store)
        for plan_id in selected(self._store, plan_ids, tell):
            check.judge(plan_id)
        return check.report()
