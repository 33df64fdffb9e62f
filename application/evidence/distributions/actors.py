"""Actors who retract more of their scores, or approve more due replans, than the others.

Only those who could have done so are compared: who recorded scores, and who answered a due
replan. Each plan gives one share, however much was done in it.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from statistics import fmean
from typing import Final

from plangate.application.evidence.comparisons import MIN_PLANS, Shifted
from plangate.application.evidence.distributions.judged import PossibleFinding
from plangate.application.evidence.distributions.plan_sample import ActorDeeds, PlanSample
from plangate.application.evidence.finding import EventList, FindingKind

LEAST_RETRACTED: Final = 0.1
"""How much larger the share of an actor's scores is that it retracts, at least."""

LEAST_APPROVED: Final = 0.25
"""How much larger the share of an actor's answers is that are approvals, at least."""


@dataclass(slots=True)
class _Actor:
    """What one actor did, as a share of what it could have done, plan by plan."""

    name: str | None
    shares: "array[float]" = field(default_factory=lambda: array("d"))
    shown_by: EventList = field(default_factory=EventList)


class _Rates:
    """How often actors do one thing."""

    def __init__(self, kind: FindingKind, least: float, did: str) -> None:
        self._kind = kind
        self._least = least
        self._did = did
        self._actors: dict[str | None, _Actor] = {}

    def add(self, key: str | None, name: str | None, did: EventList, able: int) -> None:
        """Add what one actor did in a plan."""
        if able:
            actor = self._actors.setdefault(key, _Actor(name))
            actor.shares.append(min(did.count / able, 1.0))
            actor.shown_by.extend(did)

    def candidates(self) -> Iterator[PossibleFinding]:
        """Every named actor with enough plans, beside the others."""
        enough = [one for one in self._actors.values() if len(one.shares) >= MIN_PLANS]
        for actor in enough:
            fellows = (one.shares for one in self._actors.values() if one is not actor)
            others = list(chain.from_iterable(fellows))
            if actor.name is None or not actor.shown_by.count or len(others) < MIN_PLANS:
                continue
            share, of_others = fmean(actor.shares), fmean(others)
            did = self._did.format(f"{share:.0%}")
            yield PossibleFinding(
                comparison=Shifted(others, actor.shares),
                kind=self._kind,
                about=actor.name,
                plans=len(actor.shares) + len(others),
                effect=share - of_others,
                least=self._least,
                measure="difference of the plans' mean shares",
                text=f"over {len(actor.shares):,} plans, {actor.name} {did}; the "
                f"others {of_others:.0%}".replace("%", " %"),
                shown_by=actor.shown_by,
            )


class Actors:
    """What the actors of all plans did."""

    def __init__(self) -> None:
        self._retractions = _Rates(
            FindingKind.RETRACTS_OFTEN, LEAST_RETRACTED, "retracted {} of its scores"
        )
        self._approvals = _Rates(
            FindingKind.APPROVES_OFTEN,
            LEAST_APPROVED,
            "approved {} of the due replans that it answered",
        )

    def add(self, sample: PlanSample) -> None:
        """Add what the actors of one more plan did."""
        for key, deeds in sample.actors.items():
            self._retractions.add(key, deeds.name, deeds.retracted, _could_retract(deeds, sample))
            self._approvals.add(key, deeds.name, deeds.approved, deeds.answers)

    def candidates(self) -> Iterator[Iterator[PossibleFinding]]:
        """Who may retract often, and who may approve often."""
        yield self._retractions.candidates()
        yield self._approvals.candidates()


def _could_retract(deeds: ActorDeeds, sample: PlanSample) -> int:
    """How many scores an actor recorded; all of the plan, if it retracts those of others only."""
    if deeds.scores or not deeds.retracted.count:
        return deeds.scores
    return sum(one.scores for one in sample.actors.values())
