"""Actors who retract scores or approve gates in many more of their plans than the others.

Only those who could have done so are compared: who recorded scores, and who answered a due
replan. Each plan counts once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from plangate.application.evidence.comparisons import MIN_PLANS, MoreOften
from plangate.application.evidence.distributions.judged import Candidate, found
from plangate.application.evidence.distributions.plan_sample import PlanSample
from plangate.application.evidence.finding import EventList, Finding, FindingKind
from plangate.application.evidence.statistics import MakeStatistics

LEAST: Final = 0.2
"""How much larger the share of an actor's plans is at least; and it is twice that of the others."""


@dataclass(slots=True)
class _Actor:
    """In how many plans an actor could have done something, and did; alone or with others."""

    name: str | None
    plans: int = 0
    did: int = 0
    alone: int = 0
    did_alone: int = 0
    shown_by: EventList = field(default_factory=EventList)


class _Rates:
    """How often actors do one thing."""

    def __init__(self, kind: FindingKind, what: str) -> None:
        self._kind = kind
        self._what = what
        self._plans = self._done = 0
        self._actors: dict[str | None, _Actor] = {}

    def add(self, able: dict[str | None, str | None], did: dict[str | None, EventList]) -> None:
        """Add a plan: who could have done it, and who did."""
        self._plans += bool(able)
        self._done += bool(did)
        for key, name in able.items():
            actor = self._actors.setdefault(key, _Actor(name))
            actor.plans += 1
            actor.alone += len(able) == 1
            if key in did:
                actor.did += 1
                actor.did_alone += len(did) == 1
                actor.shown_by.extend(did[key])

    def candidates(self) -> Iterator[Candidate]:
        """Every named actor with enough plans, beside the others."""
        for actor in self._actors.values():
            others, of_others = self._done - actor.did_alone, self._plans - actor.alone
            if actor.name is None or actor.plans < MIN_PLANS or of_others < MIN_PLANS:
                continue
            if not actor.did:
                continue
            share, of_them = actor.did / actor.plans, others / of_others
            yield Candidate(
                comparison=MoreOften(actor.did, actor.plans, others, of_others),
                kind=self._kind,
                about=actor.name,
                plans=actor.plans + of_others,
                effect=share - of_them if share >= 2 * of_them else 0.0,
                least=LEAST,
                measure="share of plans, above that of the others",
                text=f"{actor.name} {self._what} in {actor.did:,} of {actor.plans:,} plans, and "
                f"the others in {others:,} of {of_others:,}",
                shown_by=actor.shown_by,
            )


class Actors:
    """What the actors of all plans did."""

    def __init__(self) -> None:
        self._retractions = _Rates(FindingKind.RETRACTS_OFTEN, "retracted scores")
        self._approvals = _Rates(FindingKind.APPROVES_OFTEN, "approved the gate")

    def add(self, sample: PlanSample) -> None:
        """Add what the actors of one more plan did."""
        deeds = sample.actors
        retracted = {key: one.retracted for key, one in deeds.items() if one.retracted.count}
        approved = {key: one.approved for key, one in deeds.items() if one.approved.count}
        scored = {key: one.name for key, one in deeds.items() if one.scored or key in retracted}
        answered = {key: one.name for key, one in deeds.items() if one.answered}
        self._retractions.add(scored, retracted)
        self._approvals.add(answered, approved)

    def findings(self, statistics: MakeStatistics) -> Iterator[Finding]:
        """Who retracts often, then who approves often."""
        yield from found(list(self._retractions.candidates()), statistics)
        yield from found(list(self._approvals.candidates()), statistics)
